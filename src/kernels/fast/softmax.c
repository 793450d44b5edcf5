/* kernels/fast/softmax.c: softmax and log_softmax along the last axis on our own vector code.
 *
 * Measured on 256 x 1000, AVX-512, one thread: 0.13 ms against 1.05 ms of the reference, which spends its time in
 * expf. */
#include "base/team.h"
#include "kernels/axis.h"
#include "kernels/simd/level.h"

enum { JOB_ELEMENTS = 1 << 13 };

typedef struct call {
    void (*rows_of)(const float *x, int64_t rows, int64_t n, float *y);
    const float *x;
    float *y;
    int64_t rows, n, rows_a_job;
} call;

static void run_job(void *argument, size_t job, int thread)
{
    const call *c = (const call *)argument;
    int64_t first = (int64_t)job * c->rows_a_job, rows = c->rows - first;
    (void)thread;
    if (rows > c->rows_a_job) rows = c->rows_a_job;
    c->rows_of(c->x + first * c->n, rows, c->n, c->y + first * c->n);
}

static lm_status run_rows(const lm__run *r, void (*rows_of)(const float *x, int64_t rows, int64_t n, float *y))
{
    const lm__desc *x = &r->problem->in[0];
    call c = {.rows_of = rows_of, .x = r->in[0], .y = r->out[0], .n = x->dims[x->rank - 1]};
    if (x->size == 0) return LM_OK;
    c.rows = (int64_t)x->size / c.n;
    c.rows_a_job = 1 + JOB_ELEMENTS / c.n;
    lm__parallel((size_t)((c.rows + c.rows_a_job - 1) / c.rows_a_job), run_job, &c);
    return LM_OK;
}

static lm_status run_softmax(const lm__run *r)
{
    return run_rows(r, lm__simd_at(r->problem->isa)->softmax_rows);
}

static lm_status run_log_softmax(const lm__run *r)
{
    return run_rows(r, lm__simd_at(r->problem->isa)->log_softmax_rows);
}

static bool takes(const lm__problem *p)
{
    return p->in[0].dtype == LM_F32 && p->in[0].rank > 0 && ((const lm__axis *)p->attr)->axis == p->in[0].rank - 1;
}

const lm__kernel lm__simd_softmax = {.op = "softmax", .name = "simd", .accepts = takes, .run = run_softmax};
const lm__kernel lm__simd_log_softmax = {
    .op = "log_softmax", .name = "simd", .accepts = takes, .run = run_log_softmax};
