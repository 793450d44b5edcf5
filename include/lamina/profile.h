/* lamina/profile.h: where the time of a step goes, and how much of it no plan could avoid.
 *
 *     lm_profile *p = lm_profile_training(model, x, y);
 *     for (int i = 0; i < lm_profile_steps(p); i++)
 *         printf("%s %s: %.3f ms\n", lm_profile_step_at(p, i)->op, lm_profile_step_at(p, i)->layer,
 *                1e3 * lm_profile_step_at(p, i)->seconds);
 *     lm_free(p);
 *
 * Whole steps are run, one after the other, on the caller's data: each kernel finds the caches as the kernels before
 * it leave them. Of each kernel's times the best counts. What training changes is put back afterwards: weights,
 * statistics and the optimizer's state are as they were.
 *
 * The bound is measured here and now, on all threads:
 *  - products: each matrix product and convolution of the computation alone, operands as they lie, by the fastest
 *    kernel that takes it, the best of many; the same for those of the plan, as it fuses them; the smaller sum
 *    counts.
 *  - bytes: what must be moved in any case, over the bandwidth measured for as much memory (of a cache, where it
 *    fits): variables read once, unless products read them, and written once if they change; inputs, unless products
 *    read them, and outputs; for each normalisation over the batch in training one more reading and writing of its
 *    array, and two readings and a writing on the way back.
 * Errors: a poisoned profile (lm_failed); the model records nothing. */
#ifndef LAMINA_PROFILE_H
#define LAMINA_PROFILE_H

#include <lamina/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lm_profile lm_profile;

typedef struct lm_profile_args {
    size_t size;
    int runs;                           /* whole steps after two that warm up; 0: as many as fit into `seconds` */
    double seconds;                     /* 1 by default; at least 5 steps are run, at most 1000 */
    bool bound;                         /* measure the bound too (by default): some more seconds for large models */
} lm_profile_args;
#define LM_PROFILE_DEFAULTS LM__LIST(.seconds = 1, .bound = true)
lm_profile_args lm_profile_defaults(void);

/* A training step of a compiled model on one batch. From one thread, as lm_train_on_batch. New reference. */
lm_profile *lm_profile_training_with(lm_model *model, lm_tensor *x, lm_tensor *y, const lm_profile_args *args);
#define lm_profile_training(model, x, y, ...)                                                                    \
    LM__WITH(lm_profile_args, LM_PROFILE_DEFAULTS, lm_profile_training_with((model), (x), (y), &lm__a), __VA_ARGS__)
/* A prediction for all of x in one go. New reference. */
lm_profile *lm_profile_prediction_with(const lm_model *model, lm_tensor *x, const lm_profile_args *args);
#define lm_profile_prediction(model, x, ...)                                                                     \
    LM__WITH(lm_profile_args, LM_PROFILE_DEFAULTS, lm_profile_prediction_with((model), (x), &lm__a), __VA_ARGS__)
/* A run of a function on one tensor an input. New reference. */
lm_profile *lm_profile_function_with(lm_function *function, lm_tensor *const *inputs, const lm_profile_args *args);
#define lm_profile_function(function, inputs, ...)                                                               \
    LM__WITH(lm_profile_args, LM_PROFILE_DEFAULTS, lm_profile_function_with((function), (inputs), &lm__a),       \
             __VA_ARGS__)

/* A kernel call of the plan. Texts belong to the profile. */
typedef struct lm_profile_step {
    const char *op, *kernel, *layer;    /* "matmul_fused", "simd", "dense_1" ("" where no layer is behind it) */
    const char *detail;                 /* its shapes: "(32, 5408) (5408, 128) -> (32, 128)"; of a map its ops */
    double seconds;                     /* the best of all runs */
    double begins, ends;                /* in the run that was the best as a whole, from its beginning */
    double flops;                       /* of matrix products and convolutions */
    double bytes;                       /* read and written, each operand once */
    double bound_seconds;               /* a product or convolution: itself alone, again and again; else its bytes
                                           over the bandwidth for as much memory. NaN if no bound was asked for */
} lm_profile_step;
int lm_profile_steps(const lm_profile *profile);                                /* 0 for a failed one */
const lm_profile_step *lm_profile_step_at(const lm_profile *profile, int index); /* NULL out of range */

typedef struct lm_profile_totals {
    int runs, threads;
    double seconds;                     /* the best whole step */
    double planning_seconds;            /* making the plan, if these sizes had none yet; else next to nothing */
    double flops, bytes;
    double bound_seconds;               /* of the whole: products + moved bytes / bandwidth; NaN if not asked for */
    double bound_products, bound_moved, bandwidth;              /* seconds, bytes, bytes per second */
    size_t memory;                      /* bytes of the plan: arena, constants, packed weights */
} lm_profile_totals;
lm_profile_totals lm_profile_sum(const lm_profile *profile);

/* The plan's listing, as lm_summary(.memory = true) prints it. Borrowed. */
const char *lm_profile_plan(const lm_profile *profile);

/* The passes that make a plan, by number from 0: name and what it does; false after the last. */
bool lm_plan_pass(int index, const char **name, const char **about);
/* Plans that are made from now on in this process leave these passes out, to see what each gains: names with commas
 * between them; NULL or "": none. Results stay the same up to rounding. LM_NOT_FOUND names the unknown one. */
lm_status lm_plan_without(const char *passes);

#ifdef __cplusplus
}
#endif
#endif
