/* kernels/fast/layer_norm.c: layer_norm and layer_norm_backward on our own vector code.
 *
 * Rows are cut into jobs by the sizes. Each job of the way back adds up dgamma and dbeta of its rows; the sums of the
 * jobs are joined in order. */
#include "base/team.h"
#include "kernels/layer_norm.h"
#include "kernels/simd/level.h"
#include <string.h>

enum { JOB_ELEMENTS = 1 << 13 };

typedef struct call {
    const lm__simd *simd;
    lm__layer_norm_work whole;
    int64_t rows_a_job, jobs;
    float *sums; /* of job 1 and on: dgamma, dbeta */
} call;

static call call_of(const lm__problem *p)
{
    call c = {.simd = lm__simd_at(p->isa)};
    lm__layer_norm_rows(p, &c.whole.rows, &c.whole.n);
    c.whole.epsilon = (float)((const lm__layer_norm *)p->attr)->epsilon;
    c.rows_a_job = c.whole.n ? 1 + JOB_ELEMENTS / c.whole.n : 1;
    c.jobs = (c.whole.rows + c.rows_a_job - 1) / c.rows_a_job;
    return c;
}

/* The rows of one job. */
static lm__layer_norm_work part(const call *c, size_t job)
{
    lm__layer_norm_work w = c->whole;
    int64_t first = (int64_t)job * c->rows_a_job, at = first * w.n;
    w.rows = w.rows - first < c->rows_a_job ? w.rows - first : c->rows_a_job;
    w.x += at;
    if (w.dy) w.dy += at;
    if (w.y) w.y += at;
    return w;
}

static void forward_job(void *argument, size_t job, int thread)
{
    const call *c = (const call *)argument;
    lm__layer_norm_work w = part(c, job);
    (void)thread;
    c->simd->layer_norm(&w);
}

static lm_status run(const lm__run *r)
{
    const lm__layer_norm *attr = (const lm__layer_norm *)r->problem->attr;
    call c = call_of(r->problem);
    c.whole.x = r->in[0];
    c.whole.gamma = attr->scale ? r->in[1] : NULL;
    c.whole.beta = attr->center ? r->in[1 + attr->scale] : NULL;
    c.whole.y = r->out[0];
    lm__parallel((size_t)c.jobs, forward_job, &c);
    return LM_OK;
}

static void backward_job(void *argument, size_t job, int thread)
{
    const call *c = (const call *)argument;
    lm__layer_norm_work w = part(c, job);
    (void)thread;
    w.dgamma = c->sums + (int64_t)job * 2 * w.n;
    w.dbeta = w.dgamma + w.n;
    memset(w.dgamma, 0, (size_t)w.n * 2 * sizeof(float));
    c->simd->layer_norm_backward(&w);
}

static lm_status run_backward(const lm__run *r)
{
    const lm__layer_norm *attr = (const lm__layer_norm *)r->problem->attr;
    call c = call_of(r->problem);
    size_t n = (size_t)c.whole.n;
    c.whole.dy = r->in[0];
    c.whole.x = r->in[1];
    c.whole.gamma = attr->scale ? r->in[2] : NULL;
    c.whole.y = r->out[0];
    c.sums = r->shared;
    lm__parallel((size_t)c.jobs, backward_job, &c);
    for (int i = 0; i < 2; i++) {
        float *sum = r->out[1 + i];
        if (!sum) continue;
        memset(sum, 0, n * sizeof(float));
        c.simd->add_up(sum, n, c.sums + (size_t)i * n, 2 * n, (size_t)c.jobs);
    }
    return LM_OK;
}

static lm_status prepare_backward(const lm__problem *p, lm__needs *needs, void **state)
{
    const call c = call_of(p);
    *state = NULL;
    needs->shared = (size_t)c.jobs * 2 * (size_t)c.whole.n * sizeof(float);
    return LM_OK;
}

static bool takes(const lm__problem *p) { return p->in[0].dtype == LM_F32; }

const lm__kernel lm__simd_layer_norm = {.op = "layer_norm", .name = "simd", .accepts = takes, .run = run};
const lm__kernel lm__simd_layer_norm_backward = {
    .op = "layer_norm_backward", .name = "simd", .accepts = takes, .prepare = prepare_backward, .run = run_backward};
