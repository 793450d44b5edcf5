/* plan/plan.h: a graph made executable, and its execution.
 *
 * A plan is immutable: a graph with its symbols bound, rewritten by passes, with kernels chosen, state prepared
 * and every buffer placed. A context holds what one caller at a time needs to run it: the arena, scratch memory,
 * open handles. Running allocates nothing. */
#ifndef LM_PLAN_PLAN_H
#define LM_PLAN_PLAN_H

#include "base/bytes.h"
#include "graph/graph.h"

/* The passes, in order; X(name, what it does). Each can be switched off, and the results stay the same up to
 * rounding. */
#define LM__PASS_LIST(X)                                                                                         \
    X(simplify, "algebra: x*1, x+0, reshape of reshape, transposes into matmul, casts to the same type")         \
    X(fold, "nodes whose inputs are constants are computed now")                                                 \
    X(cse, "equal nodes become one")                                                                             \
    X(share, "products and convolutions that differ in a factor of each row are done once")                      \
    X(epilogue, "factors, bias and activation into matmul and convolution, pooling into convolution")            \
    X(narrow, "products of bfloat16 numbers by bfloat16 instructions, where the processor has them")             \
    X(fuse, "chains of element-by-element ops, sums and stores become one map")                                  \
    X(product, "a map that alone reads a product takes the product's blocks from the cache")                     \
    X(inplace, "results are written over inputs that nobody reads any more")                                     \
    X(reuse, "buffers whose lives do not overlap share memory")                                                  \
    X(pack, "weights in the kernels' own layout, and what is made of weights, once per version")                 \
    X(fast, "simd and onednn kernels; without it only reference kernels run")

enum {
#define LM__PASS(name, text) LM__PASS_INDEX_##name,
    LM__PASS_LIST(LM__PASS)
#undef LM__PASS
    LM__PASS_COUNT
};
#define LM__PASS_BIT(name) (1u << LM__PASS_INDEX_##name)

typedef struct lm__plan lm__plan;
typedef struct lm__context lm__context;

typedef struct lm__plan_options {
    bool tune;                      /* kernels are chosen by their times, as lm_set_tuning says */
    unsigned passes_off;            /* LM__PASS_BIT(...) of what to leave out; 0: everything on */
    bool watch;                     /* look at every result: the run fails with LM_NOT_FINITE at the first node whose
                                       float output is not finite though its inputs are, naming scope and op */
} lm__plan_options;

/* Makes a plan. `symbols` as in lm__dim_bind: all must be bound. options NULL: defaults. The graph is only read. */
lm_status lm__plan_new(const lm_graph *graph, const int64_t *symbols, const lm__plan_options *options,
                       lm__plan **out);
void lm__plan_free(lm__plan *plan);

/* Bytes of the arena with scratch, of constants, and of packed weights: what a context of this plan takes. */
size_t lm__plan_bytes(const lm__plan *plan);
int lm__plan_steps(const lm__plan *plan);
double lm__plan_flops(const lm__plan *plan);            /* of matrix products and convolutions, 2 per multiply-add */
/* A listing: steps with kernel and buffers; with `memory`, every buffer with its life and place. */
void lm__plan_print(const lm__plan *plan, bool memory, lm__text *text);

/* A context; the plan must outlive it. */
lm_status lm__context_new(const lm__plan *plan, lm__context **out);
void lm__context_free(lm__context *context);

/* Runs the plan: inputs[i] and outputs[j] are the memory of the graph's inputs and outputs, in order. Variables
 * are read and stored in place. One thread per context; contexts of a plan without stores may run at the same
 * time. */
lm_status lm__context_run(lm__context *context, const void *const *inputs, void *const *outputs);

/* The same, adding the time of each step to seconds[step] (lm__plan_steps of them). */
lm_status lm__context_profile(lm__context *context, const void *const *inputs, void *const *outputs, double *seconds);
/* The same, but each step with a product or convolution is run again and again before the next one; seconds[step] of
 * these becomes the best of it all, if that is less. */
lm_status lm__context_time_products(lm__context *context, const void *const *inputs, void *const *outputs,
                                    double *seconds);
/* What step i is, for a profile's listing: "matmul (simd) [dense_1]". Returns text. */
char *lm__plan_step_text(const lm__plan *plan, int i, char *text, size_t bytes);

#endif
