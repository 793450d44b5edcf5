/* tests/kernels/compare.h: runs every fast kernel of an op on a problem, at every instruction level of this machine,
 * with 1, 2 and 3 threads, and holds it against the op's reference in double. Include it after support/check.h. */
#ifndef LM_TESTS_KERNELS_COMPARE_H
#define LM_TESTS_KERNELS_COMPARE_H

#include "base/alloc.h"
#include "base/team.h"
#include "kernels/kernel.h"
#include "ops/registry.h"
#include <lamina/runtime.h>
#include <math.h>
#include <stdio.h>

enum { CMP_MOST = 6, CMP_GUARD = 64 };

typedef struct cmp {
    const char *op;
    const void *attr;
    int nin, nout;
    lm__desc in[CMP_MOST], out[CMP_MOST];
    void *data[CMP_MOST];               /* inputs */
    void *want[CMP_MOST];               /* the reference's outputs; floats in double */
    double tolerance;                   /* of the largest expected value of each output */
    uint64_t out_used;
    int ran;                            /* kernels that took a problem, over all compared */
    char taken[256];                    /* their names */
} cmp;

static uint64_t cmp_seed = 88172645463325252u;

static inline uint64_t cmp_next(void)
{
    cmp_seed ^= cmp_seed << 13, cmp_seed ^= cmp_seed >> 7, cmp_seed ^= cmp_seed << 17;
    return cmp_seed;
}

static inline int cmp_below(int n) { return (int)(cmp_next() % (uint64_t)n); }
static inline double cmp_uniform(void) { return (double)(int64_t)cmp_next() * 0x1p-63; }
#define CMP_PICK(...) (((const int[]){__VA_ARGS__})[cmp_below((int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int)))])

static inline lm__desc cmp_desc(lm_dtype dtype, int rank, const int64_t *dims)
{
    lm__desc d = {.dtype = dtype, .rank = rank, .size = 1};
    for (int i = 0; i < rank; i++) d.size *= (size_t)(d.dims[i] = dims[i]);
    return d;
}
#define CMP_DESC(dtype, ...)                                                                                     \
    cmp_desc(dtype, (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[]){__VA_ARGS__})

static inline const lm__op *cmp_op(const char *name)
{
    const lm__op *op = lm__op_find(&lm__ops, name);
    assert_non_null(op);
    return op;
}

/* Memory with a guard behind it, filled with a pattern that no result has. */
static inline void *cmp_memory(size_t bytes)
{
    void *memory = lm__alloc(bytes + CMP_GUARD);
    assert_non_null(memory);
    memset(memory, 0xEE, bytes + CMP_GUARD);
    return memory;
}

static inline void cmp_guarded(const void *memory, size_t bytes, const char *what)
{
    for (size_t i = 0; i < CMP_GUARD; i++)
        if (((const unsigned char *)memory)[bytes + i] != 0xEE) fail_msg("%s: written behind its end", what);
}

/* Allocates float inputs and fills them from [-1, 1). */
static inline void cmp_fill(cmp *c)
{
    for (int i = 0; i < c->nin; i++) {
        if (c->data[i]) continue;
        float *x = c->data[i] = lm__alloc(c->in[i].size * sizeof(float) + CMP_GUARD);
        for (size_t k = 0; k < c->in[i].size; k++) x[k] = (float)cmp_uniform();
    }
}

static inline void cmp_free(cmp *c)
{
    for (int i = 0; i < CMP_MOST; i++) {
        lm__free(c->data[i]);
        lm__free(c->want[i]);
        c->data[i] = c->want[i] = NULL;
    }
}

static inline size_t cmp_bytes(const lm__desc *d) { return d->size * lm_dtype_size(d->dtype); }

static inline lm__desc cmp_wide(lm__desc d)
{
    if (d.dtype == LM_F32) d.dtype = LM_F64;
    return d;
}

/* One execution of a kernel; outputs are given. Adds the level and threads to a failure's message. */
static inline void cmp_run(const lm__kernel *kernel, const lm__problem *p, const void *const *in, void *const *out)
{
    lm__needs needs = {0};
    void *state = NULL, *local = NULL;
    void *packed[4] = {NULL};
    if (kernel->prepare) check_ok(kernel->prepare(p, &needs, &state));
    if (kernel->open) check_ok(kernel->open(p, state, &local));
    size_t stride = (needs.scratch + 63) & ~(size_t)63, threads = (size_t)lm__team_threads();
    char *scratch = cmp_memory(stride * threads), *shared = cmp_memory(needs.shared);
    for (int i = 0; i < 4 && i < p->nin; i++) {
        if (!needs.pack[i]) continue;
        packed[i] = cmp_memory(needs.pack[i]);
        check_ok(kernel->pack(p, state, i, in[i], packed[i]));
        cmp_guarded(packed[i], needs.pack[i], "packed");
    }
    lm__run run = {.problem = p, .in = in, .out = out, .packed = (const void *const *)packed, .scratch = scratch,
                   .scratch_stride = stride, .shared = shared, .state = state, .local = local};
    unsigned fp = lm__fp_fast();
    for (int twice = 0; twice < 2; twice++) check_ok(kernel->run(&run));
    lm__fp_restore(fp);
    cmp_guarded(scratch, stride * threads, "scratch");
    cmp_guarded(shared, needs.shared, "shared");
    for (int i = 0; i < 4; i++) lm__free(packed[i]);
    lm__free(scratch);
    lm__free(shared);
    if (kernel->close && local) kernel->close(local);
    if (kernel->release && state) kernel->release(state);
}

/* What the reference gives in double (integers as they are). */
static inline void cmp_reference(cmp *c)
{
    lm__desc in[CMP_MOST], out[CMP_MOST];
    void *wide[CMP_MOST] = {NULL};
    for (int i = 0; i < c->nin; i++) {
        in[i] = cmp_wide(c->in[i]);
        wide[i] = cmp_memory(cmp_bytes(&in[i]));
        if (c->in[i].dtype == LM_F32)
            for (size_t k = 0; k < in[i].size; k++) ((double *)wide[i])[k] = ((float *)c->data[i])[k];
        else
            memcpy(wide[i], c->data[i], cmp_bytes(&in[i]));
    }
    for (int i = 0; i < c->nout; i++) {
        out[i] = cmp_wide(c->out[i]);
        c->want[i] = cmp_memory(cmp_bytes(&out[i]));
    }
    lm__problem p = {.op = c->op, .nin = c->nin, .nout = c->nout, .in = in, .out = out, .attr = c->attr,
                     .out_used = ~(uint64_t)0};
    const lm__kernel *reference = &cmp_op(c->op)->reference;
    cmp_run(reference, &p, (const void *const *)wide, c->want);
    for (int i = 0; i < c->nin; i++) lm__free(wide[i]);
}

static inline void cmp_values(const cmp *c, int i, const void *got, const char *what)
{
    const lm__desc *d = &c->out[i];
    if (d->dtype != LM_F32) {
        if (memcmp(got, c->want[i], cmp_bytes(d)) != 0) fail_msg("%s: output %d differs", what, i);
        return;
    }
    const double *want = c->want[i];
    double most = 0;
    for (size_t k = 0; k < d->size; k++)
        if (fabs(want[k]) > most && isfinite(want[k])) most = fabs(want[k]);
    for (size_t k = 0; k < d->size; k++) {
        double value = ((const float *)got)[k];
        if (value == want[k] || fabs(value - want[k]) <= c->tolerance * most) continue;
        if (isnan(value) && isnan(want[k])) continue;
        fail_msg("%s: output %d, element %zu of %zu is %.9g, expected %.9g (largest %.3g)", what, i, k, d->size,
                 value, want[k], most);
    }
}

static inline void cmp_problem_text(const cmp *c, char *text, size_t bytes)
{
    size_t at = (size_t)snprintf(text, bytes, "%s", c->op);
    for (int i = 0; i < c->nin; i++)
        for (int d = 0; d < c->in[i].rank; d++)
            at += (size_t)snprintf(text + at, bytes - at, "%s%lld", d ? "x" : " ", (long long)c->in[i].dims[d]);
}

static inline void cmp_kernel(cmp *c, const lm__kernel *kernel, lm__isa isa, uint64_t in_stable)
{
    char what[512];
    lm__problem p = {.op = c->op, .nin = c->nin, .nout = c->nout, .in = c->in, .out = c->out, .attr = c->attr,
                     .out_used = c->out_used ? c->out_used : ~(uint64_t)0, .in_stable = in_stable, .isa = isa};
    if (kernel->accepts && !kernel->accepts(&p)) return;
    if (kernel->prepare) {
        lm__needs needs = {0};
        void *state = NULL;
        lm_status status = kernel->prepare(&p, &needs, &state);
        if (status == LM_UNSUPPORTED) return;
        check_ok(status);
        if (kernel->release && state) kernel->release(state);
    }
    c->ran++;
    if (!strstr(c->taken, kernel->name) && strlen(c->taken) + strlen(kernel->name) + 2 < sizeof c->taken)
        strcat(strcat(c->taken, kernel->name), " ");
    void *first[CMP_MOST] = {NULL};
    for (int threads = 1; threads <= 3; threads++) {
        void *got[CMP_MOST] = {NULL};
        check_ok(lm_set_threads(threads));
        for (int i = 0; i < c->nout; i++)
            if (p.out_used >> i & 1) got[i] = cmp_memory(cmp_bytes(&c->out[i]));
        cmp_problem_text(c, what, sizeof what - 64);
        snprintf(what + strlen(what), 64, ", %s, level %s, %d threads", kernel->name, lm__isa_name(isa), threads);
        cmp_run(kernel, &p, (const void *const *)c->data, got);
        for (int i = 0; i < c->nout; i++) {
            if (!got[i]) continue;
            cmp_guarded(got[i], cmp_bytes(&c->out[i]), what);
            if (threads == 1) {
                cmp_values(c, i, got[i], what);
                first[i] = got[i];
                continue;
            }
            if (memcmp(got[i], first[i], cmp_bytes(&c->out[i])) != 0) fail_msg("%s: other bytes than with 1", what);
            lm__free(got[i]);
        }
    }
    for (int i = 0; i < c->nout; i++) lm__free(first[i]);
}

/* All of it; frees data and results. */
static inline void cmp_all(cmp *c)
{
    cmp_fill(c);
    cmp_reference(c);
    for (int isa = 0; isa <= (int)lm__isa_level(); isa++)
        for (const lm__kernel *const *kernel = lm__fast_kernels(c->op); *kernel; kernel++)
            for (int stable = 0; stable < 2; stable++)
                cmp_kernel(c, *kernel, (lm__isa)isa, stable ? ~(uint64_t)0 : 0);
    cmp_free(c);
}

#endif
