/* plan/alone.h: the time of single problems, away from any plan. */
#ifndef LM_PLAN_ALONE_H
#define LM_PLAN_ALONE_H

#include "kernels/kernel.h"

/* A problem with memory for its operands, which hold numbers from -1 to 1 (integers: 0). */
typedef struct lm__alone lm__alone;
lm_status lm__alone_new(const lm__problem *problem, lm__alone **out);
void lm__alone_free(lm__alone *alone);

/* Seconds that the kernel takes: the best of many runs, which take about `budget` seconds together. LM_UNSUPPORTED:
 * it declines. The team should be held. */
lm_status lm__alone_time(lm__alone *alone, const lm__kernel *kernel, double budget, double *seconds);
/* The same by the fastest of the fast kernels, else by the reference. */
lm_status lm__alone_best(lm__alone *alone, const lm__kernel *reference, double budget, double *seconds);

/* Bytes per second that the team moves in sets of about that many bytes, two thirds read and one third written.
 * Measured once for each power of two; `known` begins zeroed. */
typedef struct lm__bandwidths {
    double of[64];
} lm__bandwidths;
lm_status lm__bandwidth(lm__bandwidths *known, double bytes, double *out);

double lm__seconds(void);               /* from some moment on */

#endif
