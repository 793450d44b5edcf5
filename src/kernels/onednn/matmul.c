/* kernels/onednn/matmul.c: large products of matrices by oneDNN, in slices of rows.
 *
 * Measured, AVX-512, 118 GFLOP/s a core, one thread: 113 against 103 GFLOP/s of our own code at 512³, 109 against 97
 * at 1024³. On a Zen 5, 289 GFLOP/s a core, ours are ahead: 240 against 270, 192 against 239; --tune finds that. */
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/epilogue.h"
#include "kernels/narrow.h"
#include "kernels/onednn/slices.h"
#include "kernels/simd/level.h"
#include <stdatomic.h>

#define SLICE_FLOPS 32e6
enum { MOST_SLICES = 32, ROWS = 16 };   /* slices have a multiple of ROWS rows */
#define LEAST_FLOPS 2e8                 /* below, opening the library and calling it costs more than it gains */

typedef struct product {
    lm__matmul_dims d;
    const lm__simd *simd;
    int64_t rows, slices;               /* rows of a slice */
    bool turned_a;
    size_t width;                       /* bytes of a factor's element */
    lm__dnn *primitive[LM__DNN_KINDS];
} product;

static void release(void *state)
{
    product *p = state;
    for (int i = 0; i < LM__DNN_KINDS; i++) lm__dnn_free(p->primitive[i]);
    lm__free(p);
}

static lm_status make(product *p, bool ta, bool tb)
{
    const lm__matmul_dims *d = &p->d;
    int64_t rest = d->m - (p->slices - 1) * p->rows;
    lm__dnn_product q = {.m = p->rows, .n = d->n, .k = d->k, .a = {ta ? 1 : d->k, ta ? d->m : 1},
                         .b = {tb ? 1 : d->n, tb ? d->k : 1}, .c = {d->n, 1},
                         .bf16 = p->width == 2};
    if (p->slices > 1 || rest == p->rows) LM_TRY(lm__dnn_product_new(&q, &p->primitive[0]));
    q.m = rest;
    if (rest != p->rows) LM_TRY(lm__dnn_product_new(&q, &p->primitive[1]));
    return LM_OK;
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    const lm__matmul *attr = (const lm__matmul *)problem->attr;
    product *p = lm__calloc(1, sizeof *p);
    if (!p) return lm__no_memory(sizeof *p);
    p->d = lm__matmul_dims_of(problem);
    p->simd = lm__simd_at(problem->isa);
    p->turned_a = attr->transpose_a;
    p->width = lm_dtype_size(problem->in[0].dtype);
    double flops = 2.0 * (double)p->d.m * (double)p->d.n * (double)p->d.k;
    int64_t slices = flops / SLICE_FLOPS < MOST_SLICES ? 1 + (int64_t)(flops / SLICE_FLOPS) : MOST_SLICES;
    p->rows = ((p->d.m + slices - 1) / slices + ROWS - 1) / ROWS * ROWS;
    p->slices = (p->d.m + p->rows - 1) / p->rows;
    lm_status status = make(p, attr->transpose_a, attr->transpose_b);
    if (status != LM_OK) {
        release(p);
        return status;
    }
    needs->scratch = lm__dnn_most_scratch(p->primitive);
    *state = p;
    return LM_OK;
}

static lm_status open_calls(const lm__problem *problem, const void *state, void **local)
{
    (void)problem;
    return lm__dnn_calls_open(((const product *)state)->primitive, (lm__dnn_calls **)local);
}

typedef struct call {
    const product *p;
    const lm__run *run;
    const float *bias;
    int act;                            /* lm__act */
    atomic_int status;
} call;

static void run_job(void *argument, size_t job, int thread)
{
    call *c = (call *)argument;
    const product *p = c->p;
    const lm__matmul_dims *d = &p->d;
    int64_t batch = (int64_t)job / p->slices, i = (int64_t)job % p->slices * p->rows, a_at, b_at;
    int64_t rows = d->m - i < p->rows ? d->m - i : p->rows;
    lm__matmul_at(d, batch, &a_at, &b_at);
    int64_t a_first = a_at * d->m * d->k + i * (p->turned_a ? 1 : d->k), b_first = b_at * d->k * d->n;
    const char *a = (const char *)c->run->in[0] + (size_t)a_first * p->width;
    const char *b = (const char *)c->run->in[1] + (size_t)b_first * p->width;
    float *y = (float *)c->run->out[0] + (batch * d->m + i) * d->n;
    lm__dnn_call *primitive = lm__dnn_call_of(c->run->local, thread, rows != p->rows);
    lm_status status = lm__dnn_run(primitive, a, b, y, lm__run_scratch(c->run, thread));
    if (status != LM_OK) atomic_store(&c->status, (int)status);
    else if (c->bias || c->act != LM__ACT_NONE) p->simd->bias_act(y, d->n, rows, d->n, c->bias, c->act);
}

static lm_status run_with(const lm__run *run, const float *bias, int act)
{
    call c = {.p = run->state, .run = run, .bias = bias, .act = act};
    lm__parallel((size_t)(c.p->d.batches * c.p->slices), run_job, &c);
    lm_status status = (lm_status)atomic_load(&c.status);
    return status == LM_OK ? LM_OK : lm__fail(status, "matmul: a call of oneDNN failed");
}

static lm_status run(const lm__run *r)
{
    return run_with(r, NULL, LM__ACT_NONE);
}

static lm_status run_fused(const lm__run *r)
{
    const lm__matmul_fused *attr = (const lm__matmul_fused *)r->problem->attr;
    return run_with(r, r->problem->nin > 2 ? r->in[2] : NULL, (int)attr->activation);
}

static bool takes(const lm__problem *problem)
{
    if (problem->in[0].dtype != LM_F32) return false;
    lm__matmul_dims d = lm__matmul_dims_of(problem);
    return 2.0 * (double)d.m * (double)d.n * (double)d.k >= LEAST_FLOPS && d.batches > 0 &&
           lm__dnn_usable(problem->isa);
}

static bool takes_bf16(const lm__problem *problem)
{
    lm__matmul_dims d = lm__matmul_dims_of(problem);
    return lm__narrow_product(&d) && lm__cpu_bf16() && lm__dnn_usable(problem->isa);
}

const lm__kernel lm__onednn_matmul = {.op = "matmul",
                                      .name = "onednn",
                                      .accepts = takes,
                                      .prepare = prepare,
                                      .release = release,
                                      .open = open_calls,
                                      .close = lm__dnn_calls_close,
                                      .run = run};
const lm__kernel lm__onednn_matmul_fused = {
    .op = "matmul_fused", .name = "onednn", .accepts = takes, .prepare = prepare, .release = release,
    .open = open_calls, .close = lm__dnn_calls_close, .run = run_fused};
const lm__kernel lm__onednn_matmul_bf16 = {
    .op = "matmul_bf16", .name = "onednn", .accepts = takes_bf16, .prepare = prepare, .release = release,
    .open = open_calls, .close = lm__dnn_calls_close, .run = run_fused};
