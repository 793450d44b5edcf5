/* kernels/fast/attention.c: attention and attention_backward on our own vector code.
 *
 * A job is one head of one sample. It goes over blocks of queries: their scores against all keys that they see, the
 * softmax, and the products with it stay in the thread's scratch memory, so that the table of all scores is never
 * written. Causal attention leaves out the keys behind a block. The way back computes the weights again. */
#include "base/team.h"
#include "kernels/attention.h"
#include "kernels/simd/level.h"
#include <string.h>

enum { ROWS = 32 }; /* queries in a block */

typedef struct call {
    const lm__simd *simd;
    lm__attention_dims d;
    float scale;
    bool causal;
    const lm__run *run;
    const float *q, *k, *v, *dy;
    float *y, *dq, *dk, *dv;
} call;

/* What a thread has: keys and values turned, so that their positions lie side by side; weights and slopes of a block.
 */
typedef struct room {
    void *gemm;
    float *keys, *values, *weights, *slopes;
} room;

static int64_t padded(int64_t s) { return (s + 15) & ~(int64_t)15; }

static size_t scratch_bytes(const lm__simd *simd, const lm__attention_dims *d, bool back)
{
    int64_t rows = d->k + ROWS + (back ? d->v + ROWS : 0);
    return (simd->gemm_scratch + 63) / 64 * 64 + (size_t)(rows * padded(d->s)) * sizeof(float);
}

static room room_of(const call *c, int thread)
{
    char *memory = lm__run_scratch(c->run, thread);
    int64_t ld = padded(c->d.s);
    room r = {.gemm = memory, .keys = (float *)(memory + (c->simd->gemm_scratch + 63) / 64 * 64)};
    r.weights = r.keys + c->d.k * ld;
    r.values = r.weights + ROWS * ld;
    r.slopes = r.values + c->d.v * ld;
    return r;
}

/* c (m, n) = or += a b; rows of b and c lie side by side, a has any strides. */
static void product(const call *c, const room *r, int64_t m, int64_t n, int64_t k, const float *a, int64_t rsa,
                    int64_t csa, const float *b, int64_t ldb, float *to, int64_t ldc, bool add)
{
    const lm__gemm g = {.m = m,
                        .n = n,
                        .k = k,
                        .a = a,
                        .rsa = rsa,
                        .csa = csa,
                        .b = b,
                        .rsb = ldb,
                        .csb = 1,
                        .c = to,
                        .rsc = ldc,
                        .csc = 1,
                        .add = add};
    c->simd->gemm(&g, r->gemm);
}

/* The head of a job in an array of (batch, positions, heads, size). */
static int64_t head_at(const call *c, size_t job, int64_t positions, int64_t size)
{
    int64_t b = (int64_t)job / c->d.heads, h = (int64_t)job % c->d.heads;
    return (b * positions * c->d.heads + h) * size;
}

/* The block of queries beginning at i: how many, and the weights of the keys that they see. */
static lm__attention_rows block_weights(const call *c, const room *r, const float *q, int64_t i)
{
    const lm__attention_dims *d = &c->d;
    lm__attention_rows a = {.rows = d->t - i < ROWS ? d->t - i : ROWS,
                            .columns = d->s,
                            .ld = padded(d->s),
                            .seen = i + 1,
                            .causal = c->causal,
                            .scale = c->scale,
                            .weights = r->weights,
                            .slopes = r->slopes};
    if (c->causal && i + a.rows < d->s) a.columns = i + a.rows;
    product(c, r, a.rows, a.columns, d->k, q + i * d->heads * d->k, d->heads * d->k, 1, r->keys, a.ld, a.weights,
            a.ld, false);
    c->simd->attention_weights(&a);
    return a;
}

static void forward_job(void *argument, size_t job, int thread)
{
    const call *c = (const call *)argument;
    const lm__attention_dims *d = &c->d;
    const room r = room_of(c, thread);
    const int64_t wide = d->heads * d->v, ld = padded(d->s);
    const float *q = c->q + head_at(c, job, d->t, d->k), *v = c->v + head_at(c, job, d->s, d->v);
    float *y = c->y + head_at(c, job, d->t, d->v);
    c->simd->transpose(c->k + head_at(c, job, d->s, d->k), d->heads * d->k, d->s, d->k, r.keys, ld);
    for (int64_t i = 0; i < d->t; i += ROWS) {
        const lm__attention_rows a = block_weights(c, &r, q, i);
        product(c, &r, a.rows, d->v, a.columns, a.weights, ld, 1, v, wide, y + i * wide, wide, false);
    }
}

/* Rows of zeros: the gradients of keys and values that no query sees. */
static void clear(float *x, int64_t rows, int64_t ld, int64_t n)
{
    for (int64_t r = 0; r < rows; r++) memset(x + r * ld, 0, (size_t)n * sizeof *x);
}

static void backward_job(void *argument, size_t job, int thread)
{
    const call *c = (const call *)argument;
    const lm__attention_dims *d = &c->d;
    const room r = room_of(c, thread);
    const int64_t step = d->heads * d->k, wide = d->heads * d->v, ld = padded(d->s);
    const int64_t q_at = head_at(c, job, d->t, d->k), k_at = head_at(c, job, d->s, d->k);
    const int64_t v_at = head_at(c, job, d->s, d->v), y_at = head_at(c, job, d->t, d->v);
    const float *q = c->q + q_at, *k = c->k + k_at, *dy = c->dy + y_at;
    c->simd->transpose(k, step, d->s, d->k, r.keys, ld);
    c->simd->transpose(c->v + v_at, wide, d->s, d->v, r.values, ld);
    /* Backwards: the last block sees the most keys, so that its products set what the others add to. */
    const int64_t last = (d->t - 1) / ROWS * ROWS, unseen = c->causal && d->t < d->s ? d->s - d->t : 0;
    for (int64_t i = last; i >= 0; i -= ROWS) {
        const lm__attention_rows a = block_weights(c, &r, q, i);
        const float *d_rows = dy + i * wide;
        if (c->dv)
            product(c, &r, a.columns, d->v, a.rows, a.weights, 1, ld, d_rows, wide, c->dv + v_at, wide, i < last);
        if (!c->dq && !c->dk) continue;
        product(c, &r, a.rows, a.columns, d->v, d_rows, wide, 1, r.values, ld, a.slopes, ld, false);
        c->simd->attention_slopes(&a);
        if (c->dq)
            product(c, &r, a.rows, d->k, a.columns, a.slopes, ld, 1, k, step, c->dq + q_at + i * step, step, false);
        if (c->dk)
            product(c, &r, a.columns, d->k, a.rows, a.slopes, 1, ld, q + i * step, step, c->dk + k_at, step,
                    i < last);
    }
    if (c->dk) clear(c->dk + k_at + d->t * step, unseen, step, d->k);
    if (c->dv) clear(c->dv + v_at + d->t * wide, unseen, wide, d->v);
}

static lm__attention_dims dims_of(const lm__problem *p)
{
    const lm__desc *in = &p->in[p->nin - 3];
    return lm__attention_dims_of(&in[0], &in[1], &in[2]);
}

static call call_of(const lm__run *r)
{
    const lm__problem *p = r->problem;
    const lm__attention *attr = (const lm__attention *)p->attr;
    const void *const *in = &r->in[p->nin - 3];
    return (call){.simd = lm__simd_at(p->isa),
                  .d = dims_of(p),
                  .scale = (float)attr->scale,
                  .causal = attr->causal,
                  .run = r,
                  .q = in[0],
                  .k = in[1],
                  .v = in[2]};
}

static lm_status run(const lm__run *r)
{
    call c = call_of(r);
    c.y = r->out[0];
    lm__parallel((size_t)(c.d.batch * c.d.heads), forward_job, &c);
    return LM_OK;
}

static lm_status run_backward(const lm__run *r)
{
    call c = call_of(r);
    c.dy = r->in[0];
    c.dq = r->out[0];
    c.dk = r->out[1];
    c.dv = r->out[2];
    lm__parallel((size_t)(c.d.batch * c.d.heads), backward_job, &c);
    return LM_OK;
}

static lm_status prepare(const lm__problem *p, lm__needs *needs, void **state)
{
    const lm__attention_dims d = dims_of(p);
    *state = NULL;
    needs->scratch = scratch_bytes(lm__simd_at(p->isa), &d, p->nin == 4);
    return LM_OK;
}

static bool takes(const lm__problem *p)
{
    const lm__attention_dims d = dims_of(p);
    return p->in[0].dtype == LM_F32 && d.t > 0 && d.s > 0 && d.k > 0 && d.v > 0;
}

const lm__kernel lm__simd_attention = {
    .op = "attention", .name = "simd", .accepts = takes, .prepare = prepare, .run = run};
const lm__kernel lm__simd_attention_backward = {
    .op = "attention_backward", .name = "simd", .accepts = takes, .prepare = prepare, .run = run_backward};
