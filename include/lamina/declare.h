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

/* Building blocks of models; see model.h. All are objects (object.h). */
typedef struct lm_layer lm_layer;
typedef struct lm_loss lm_loss;
typedef struct lm_metric lm_metric;
typedef struct lm_optimizer lm_optimizer;
typedef struct lm_initializer lm_initializer;

/* The fields every layer takes; `trainable` is true by default. `input_shape` (without the batch) may be given to
 * the first layer of a model instead of an lm_input. `dtype`: "float32" or "float64". */
#define LM_LAYER_FIELDS                                                                                          \
    size_t size;                                                                                                 \
    const char *name;                                                                                            \
    const char *dtype;                                                                                           \
    bool trainable;                                                                                              \
    int64_t input_shape[LM_MAX_RANK]

#ifdef __cplusplus
}
#endif
#endif
