/* lamina/declare.h: what the generated headers (ops.h, layers.h, losses.h, …) are written with. */
#ifndef LAMINA_DECLARE_H
#define LAMINA_DECLARE_H

#include <lamina/args.h>
#include <lamina/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A symbolic value: the result of an op in a graph. Belongs to its graph, which frees it. */
typedef struct lm_value lm_value;
typedef struct lm_graph lm_graph;

/* A list of integers as two arguments, its length and the array: LM__INTS(0, 2); LM__INTS() is empty. */
#define LM__INTS(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}

/* Building blocks of models; see model.h. All are objects (object.h). */
typedef struct lm_layer lm_layer;
typedef struct lm_loss lm_loss;
typedef struct lm_metric lm_metric;
typedef struct lm_optimizer lm_optimizer;
typedef struct lm_initializer lm_initializer;

/* What is called while a model is trained; see callbacks.h and, for lm_moment, model.h. */
typedef struct lm_callback lm_callback;
typedef struct lm_model lm_model;
typedef struct lm_moment lm_moment;

/* The fields every layer takes; `trainable` is true by default. `input_shape` (without the batch) may be given to
 * the first layer of a model instead of an lm_input. `dtype`: "float32", "float64" or "mixed_bfloat16" (weights in
 * float32, arithmetic in bfloat16); NULL: the policy in force (lm_set_dtype_policy in model.h). */
#define LM_LAYER_FIELDS                                                                                          \
    size_t size;                                                                                                 \
    const char *name;                                                                                            \
    const char *dtype;                                                                                           \
    bool trainable;                                                                                              \
    int64_t input_shape[LM_MAX_RANK]
#define LM_LAYER_DEFAULTS .trainable = true

/* The fields every loss takes; `reduction`: "sum_over_batch_size" (the mean), "sum", "mean", "none". */
#define LM_LOSS_FIELDS                                                                                           \
    size_t size;                                                                                                 \
    const char *name;                                                                                            \
    const char *reduction
#define LM_LOSS_DEFAULTS .reduction = "sum_over_batch_size"

/* The fields every optimizer takes, as in Keras; NaN (the default) switches decay and clipping off. */
#define LM_OPTIMIZER_FIELDS                                                                                      \
    size_t size;                                                                                                 \
    const char *name;                                                                                            \
    double learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm;                                    \
    bool use_ema;                                                                                                \
    double ema_momentum;                                                                                         \
    int64_t ema_overwrite_frequency
#define LM_NONE __builtin_nan("")
#define LM_OPTIMIZER_DEFAULTS                                                                                    \
    .learning_rate = 0.001, .weight_decay = LM_NONE, .clipnorm = LM_NONE, .clipvalue = LM_NONE,                  \
    .global_clipnorm = LM_NONE, .ema_momentum = 0.99

#ifdef __cplusplus
}
#endif
#endif
