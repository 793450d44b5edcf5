/* kernels/kernel.h: what a kernel is given, and how the fast ones compete.
 *
 * A kernel computes one op on raw memory: dense, row-major, channels last. Each op brings a reference kernel; faster
 * ones stand in fast.def, best first, and each may decline a problem. The choice is made when a plan is made.
 * Where a cut reaches the bytes (sums), work is cut by the problem alone, never by the number of threads, and joined
 * in a fixed order: the bytes do not depend on the team. */
#ifndef LM_KERNELS_KERNEL_H
#define LM_KERNELS_KERNEL_H

#include "base/cpu.h"
#include "base/status.h"
#include <lamina/tensor.h>
#include <stdbool.h>

enum { LM__MAX_INPUTS = 64, LM__MAX_OUTPUTS = 32 };

/* A concrete array: no symbols. */
typedef struct lm__desc {
    lm_dtype dtype;
    int rank;
    int64_t dims[LM_MAX_RANK];
    size_t size;                        /* elements */
} lm__desc;

/* What is to be computed; fixed for the life of a plan. */
typedef struct lm__problem {
    const char *op;                     /* the op's name */
    int nin, nout;
    const lm__desc *in, *out;
    const void *attr;                   /* the op's attributes, the struct that op and kernels share */
    uint64_t out_used;                  /* bit i: output i is wanted; else its pointer is NULL */
    uint64_t in_stable;                 /* bit i: input i is a weight that this plan does not change: worth packing */
    lm__isa isa;
} lm__problem;

/* Memory a prepared kernel asks of its context. */
typedef struct lm__needs {
    size_t scratch;                     /* bytes for each thread of the team */
    size_t shared;                      /* bytes once */
    size_t pack[4];                     /* bytes of a packed copy of input i, 0: not packed; only where in_stable */
} lm__needs;

/* One execution. Pointers are 64-byte aligned; those to a caller's own memory and to slices in a scan, inputs as well
 * as outputs, only to their element. */
typedef struct lm__run {
    const lm__problem *problem;
    const void *const *in;
    void *const *out;
    const void *const *packed;          /* packed copies, as asked for; NULL entries otherwise */
    char *scratch;                      /* thread t's part begins at scratch + t * scratch_stride */
    size_t scratch_stride;
    void *shared;
    const void *state;                  /* from prepare; shared by contexts, read only */
    void *local;                        /* from open; this context's own */
} lm__run;

/* A thread's part of the scratch memory; NULL where a kernel asked for none. */
static inline void *lm__run_scratch(const lm__run *run, int thread)
{
    return run->scratch ? run->scratch + (size_t)thread * run->scratch_stride : NULL;
}

typedef struct lm__kernel {
    const char *op, *name;              /* name: "ref", "simd", "onednn" */
    /* Whether it takes the problem; NULL: always. */
    bool (*accepts)(const lm__problem *problem);
    /* Once a plan: what it needs, and state such as primitives. NULL: nothing. LM_UNSUPPORTED declines. */
    lm_status (*prepare)(const lm__problem *problem, lm__needs *needs, void **state);
    void (*release)(void *state);
    /* Once a context: handles that only one execution at a time may use. NULL: none. */
    lm_status (*open)(const lm__problem *problem, const void *state, void **local);
    void (*close)(void *local);
    /* Makes the packed copy of input i, called when the weight's version changed. */
    lm_status (*pack)(const lm__problem *problem, const void *state, int i, const void *source, void *packed);
    lm_status (*run)(const lm__run *run);
} lm__kernel;

/* The fast kernels for an op, best first, NULL at the end; never NULL itself. */
const lm__kernel *const *lm__fast_kernels(const char *op);

#endif
