/* kernels/fast/lstm.c: lstm and lstm_backward on our own vector code: jobs of rows of the batch, each through all
 * steps. */
#include "base/status.h"
#include "base/team.h"
#include "kernels/lstm.h"
#include "kernels/simd/level.h"

/* Rows of a job: the kernels are read once a step for all of them. 16 rows are nearly as fast as 32 (lstm equally,
 * its way back by 4 %), and give twice as many jobs. */
enum { FEW_ROWS = 16, MOST_ROWS = 32, LARGE_BATCH = 256 };

static int64_t up(int64_t n, int64_t unit) { return (n + unit - 1) / unit; }

/* Jobs of nearly as many rows each. */
typedef struct cut {
    int64_t jobs, rows;
} cut;

static cut cut_of(int64_t batch)
{
    cut c = {.jobs = up(batch, batch < LARGE_BATCH ? FEW_ROWS : MOST_ROWS)};
    c.rows = c.jobs ? up(batch, c.jobs) : 0;
    return c;
}

static int64_t rows_of(int64_t batch, const cut *c, size_t job)
{
    int64_t first = (int64_t)job * c->rows;
    return batch - first < c->rows ? batch - first : c->rows;
}

static bool takes(const lm__problem *p)
{
    return p->in[0].dtype == LM_F32;
}

/* --- lstm ------------------------------------------------------------------------------------------------------- */

typedef struct forward {
    const lm__run *run;
    const lm__simd *simd;
    lm__lstm_dims d;
    cut cut;
    int64_t blocks, packed;             /* vectors of units; floats packed for one */
    lm__lstm_part part;                 /* what all jobs share */
} forward;

static forward forward_of(const lm__problem *p)
{
    forward f = {.simd = lm__simd_at(p->isa), .d = lm__lstm_dims_of(p)};
    int64_t width = f.simd->width;
    f.cut = cut_of(f.d.batch);
    f.blocks = up(f.d.units, width);
    f.packed = LM__LSTM_PACKED(width, f.d.inputs, f.d.units);
    /* one vector more than needed: rows a power of two apart would share sets of the cache */
    f.part = (lm__lstm_part){.steps = f.d.steps, .inputs = f.d.inputs, .units = f.d.units,
                             .lda = up(f.d.inputs + f.d.units, width) * width + width, .ldc = f.blocks * width};
    return f;
}

static lm_status prepare(const lm__problem *p, lm__needs *needs, void **state)
{
    const forward f = forward_of(p);
    *state = NULL;
    needs->scratch =
        (size_t)LM__LSTM_SCRATCH(f.simd->width, f.cut.rows, f.part.lda, f.part.ldc) * sizeof(float);
    needs->shared = (size_t)(f.blocks * f.packed) * sizeof(float);
    return LM_OK;
}

static void pack_job(void *argument, size_t job, int thread)
{
    const forward *f = (const forward *)argument;
    const lm__run *r = f->run;
    (void)thread;
    f->simd->lstm_pack(r->in[1], r->in[2], r->problem->nin > 3 ? r->in[3] : NULL, f->d.inputs, f->d.units,
                       (int64_t)job, (float *)r->shared + (int64_t)job * f->packed);
}

static float *at_row(void *out, int64_t offset)
{
    return out ? (float *)out + offset : NULL;
}

static void run_job(void *argument, size_t job, int thread)
{
    const forward *f = (const forward *)argument;
    lm__lstm_part p = f->part;
    int64_t first = (int64_t)job * f->cut.rows * p.steps;
    p.rows = rows_of(f->d.batch, &f->cut, job);
    p.x = (const float *)f->run->in[0] + first * p.inputs;
    p.packed = f->run->shared;
    p.states = at_row(f->run->out[LM__LSTM_STATES], first * p.units);
    p.gates = at_row(f->run->out[LM__LSTM_AFTER_GATES], first * 4 * p.units);
    p.cells = at_row(f->run->out[LM__LSTM_CELLS], first * p.units);
    p.before = at_row(f->run->out[LM__LSTM_BEFORE], first * p.units);
    f->simd->lstm(&p, lm__run_scratch(f->run, thread));
}

static lm_status run(const lm__run *r)
{
    forward f = forward_of(r->problem);
    f.run = r;
    lm__parallel((size_t)f.blocks, pack_job, &f);
    lm__parallel((size_t)f.cut.jobs, run_job, &f);
    return LM_OK;
}

const lm__kernel lm__simd_lstm = {.op = "lstm", .name = "simd", .accepts = takes, .prepare = prepare, .run = run};

/* --- lstm_backward ---------------------------------------------------------------------------------------------- */

typedef struct backward {
    const lm__run *run;
    const lm__simd *simd;
    lm__lstm_dims d;
    cut cut;
    int64_t panels, packed;             /* of two vectors of units; floats packed for one */
    float *sums;                        /* one row for each job */
    lm__lstm_back part;
} backward;

static backward backward_of(const lm__problem *p)
{
    backward b = {.simd = lm__simd_at(p->isa), .d = lm__lstm_backward_dims_of(p)};
    int64_t width = b.simd->width;
    b.cut = cut_of(b.d.batch);
    b.panels = up(b.d.units, 2 * width);
    b.part = (lm__lstm_back){.steps = b.d.steps, .units = b.d.units, .padded = up(b.d.units, width) * width,
                             .ldh = b.panels * 2 * width};
    b.packed = LM__LSTM_BACK_PACKED(width, b.part.padded);
    return b;
}

static lm_status prepare_backward(const lm__problem *p, lm__needs *needs, void **state)
{
    const backward b = backward_of(p);
    *state = NULL;
    needs->scratch =
        (size_t)LM__LSTM_BACK_SCRATCH(b.simd->width, b.cut.rows, b.part.padded, b.part.ldh) * sizeof(float);
    needs->shared = (size_t)(b.panels * b.packed + b.cut.jobs * 4 * b.part.padded) * sizeof(float);
    return LM_OK;
}

static void pack_backward_job(void *argument, size_t job, int thread)
{
    const backward *b = (const backward *)argument;
    (void)thread;
    b->simd->lstm_backward_pack(b->run->in[0], b->d.units, b->part.padded, (int64_t)job,
                                (float *)b->run->shared + (int64_t)job * b->packed);
}

static void run_backward_job(void *argument, size_t job, int thread)
{
    const backward *b = (const backward *)argument;
    lm__lstm_back p = b->part;
    int64_t first = (int64_t)job * b->cut.rows * p.steps;
    p.rows = rows_of(b->d.batch, &b->cut, job);
    p.gates = (const float *)b->run->in[1] + first * 4 * p.units;
    p.cells = (const float *)b->run->in[2] + first * p.units;
    p.dy = (const float *)b->run->in[3] + first * p.units;
    p.packed = b->run->shared;
    p.dz = at_row(b->run->out[0], first * 4 * p.units);
    p.sum = b->sums + (int64_t)job * 4 * p.padded;
    b->simd->lstm_backward(&p, lm__run_scratch(b->run, thread));
}

static lm_status run_backward(const lm__run *r)
{
    backward b = backward_of(r->problem);
    float *out = r->out[1];
    b.run = r;
    b.sums = (float *)r->shared + b.panels * b.packed;
    lm__parallel((size_t)b.panels, pack_backward_job, &b);
    lm__parallel((size_t)b.cut.jobs, run_backward_job, &b);
    for (int64_t i = 0; out && i < 4 * b.d.units; i++) {
        const float *sum = b.sums + i / b.d.units * b.part.padded + i % b.d.units;
        out[i] = 0;
        for (int64_t job = 0; job < b.cut.jobs; job++) out[i] += sum[job * 4 * b.part.padded];
    }
    return LM_OK;
}

const lm__kernel lm__simd_lstm_backward = {
    .op = "lstm_backward", .name = "simd", .accepts = takes, .prepare = prepare_backward, .run = run_backward};
