/* kernels/fast/product.c: cuts products into slices and runs them. */
#include "kernels/fast/product.h"
#include "base/team.h"

enum {
    JOB_FLOPS = 1 << 21, /* about 20 microseconds: long against handing out a job, short enough to share */
    JOB_BYTES = 1 << 18, /* of a matrix in the third-level cache: 2 microseconds */
    FEW_ROWS = 4,
    MOST_JOBS = 64,
    JOBS_A_THREAD = 4,
    THIN = 128,
    SHORTEST_K = 512, /* a slice of k: shorter ones spend their time on adding partial results */
};

#define LARGE 2e8         /* flops */

static int64_t up(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

/* Cuts one product into about `jobs` slices, each time along the dimension whose cut costs the least memory traffic:
 * a slice of m reads all of B again, one of n all of A, one of k writes and reads a partial C. */
static void cut(lm__product *p, int64_t jobs)
{
    const lm__gemm *g = &p->whole;
    int64_t most[3] = {up(g->m, 2 * p->simd->tile_rows), up(g->n, p->simd->tile_columns), g->k / SHORTEST_K};
    const double cost[3] = {(double)g->k * (double)g->n, (double)g->m * (double)g->k,
                            2.0 * (double)g->m * (double)g->n};
    if (most[0] * most[1] >= jobs) most[2] = 0;
    int64_t *slices[3] = {&p->slices_m, &p->slices_n, &p->slices_k};
    while (jobs > 1) {
        int best = -1;
        for (int i = 0; i < 3; i++)
            if (most[i] > 1 && (best < 0 || cost[i] < cost[best])) best = i;
        if (best < 0) return;
        *slices[best] = least(most[best], jobs);
        jobs = up(jobs, *slices[best]);
        most[best] = 0;
    }
}

/* Slices of m and n do not reach the bytes, as each element is summed over k in one order: they may be as few as the
 * team shares well, and such that least is read twice. Those of k stay what the problem alone made them. */
static void cut_for_team(lm__product *p, int64_t jobs)
{
    int threads = lm__team_threads();
    jobs = least(jobs, threads == 1 ? 1 : (int64_t)JOBS_A_THREAD * threads);
    const lm__gemm *g = &p->whole;
    int64_t most_m = up(g->m, 2 * p->simd->tile_rows), most_n = up(g->n, p->simd->tile_columns);
    double best = -1, turned = g->csb == 1 ? 1 : 4;     /* every slice of m turns all of B */
    jobs = least(up(jobs, p->slices_k), most_m * most_n);
    for (int64_t m = 1; m <= jobs && m <= most_m; m++) {
        int64_t n = up(jobs, m);
        double read = (double)g->k * ((double)n * (double)g->m + turned * (double)m * (double)g->n);
        if (n > most_n || (best >= 0 && read >= best)) continue;
        best = read, p->slices_m = m, p->slices_n = n;
    }
}

/* A product of few rows takes as long as reading the other matrix: an even share of it for each job. */
static int64_t jobs_by_bytes(const lm__matmul_dims *d, int64_t jobs)
{
    double bytes = 4.0 * (double)d->k * (double)(d->m > d->n ? d->m : d->n) * (double)d->batches;
    int64_t shares = 1;
    while (shares < 16 && 2.0 * (double)shares * JOB_BYTES <= bytes) shares *= 2;
    return shares > jobs ? shares : jobs;
}

lm__product lm__product_of(const lm__matmul_dims *d, bool ta, bool tb, lm__isa isa)
{
    lm__product p = {.dims = *d, .simd = lm__simd_at(isa), .batches_a_job = 1, .slices_m = 1, .slices_n = 1,
                     .slices_k = 1};
    /* A transposed B of a short product: turning C, for each block of k, and A costs less than turning B. */
    int64_t blocks = up(d->k, LM__GEMM_KC(p.simd->width));
    double turned = 2.0 * (double)d->m * (double)d->n * (double)blocks + (double)d->m * (double)d->k;
    p.swapped = tb && turned < (double)d->n * (double)d->k;
    p.whole = (lm__gemm){.m = d->m, .n = d->n, .k = d->k, .rsa = ta ? 1 : d->k, .csa = ta ? d->m : 1,
                         .rsb = tb ? 1 : d->n, .csb = tb ? d->k : 1, .rsc = d->n, .csc = 1};
    if (p.swapped) {
        const lm__gemm g = p.whole;
        p.whole = (lm__gemm){.m = g.n, .n = g.m, .k = g.k, .rsa = g.csb, .csa = g.rsb,
                             .rsb = g.csa, .csb = g.rsa, .rsc = g.csc, .csc = g.rsc};
    }
    double flops = 2.0 * (double)d->m * (double)d->n * (double)d->k * (double)d->batches;
    int64_t jobs = flops < 2.0 * JOB_FLOPS * MOST_JOBS ? (int64_t)(flops / JOB_FLOPS) + 1 : 2 * MOST_JOBS;
    jobs = least(jobs, MOST_JOBS);
    if (flops < JOB_FLOPS / 2) jobs = 1;
    if (d->m <= FEW_ROWS || d->n <= FEW_ROWS) jobs = jobs_by_bytes(d, jobs);
    if (d->batches >= jobs) p.batches_a_job = up(d->batches, jobs);
    else if (d->batches > 0) cut(&p, up(jobs, d->batches));
    if (d->batches > 1) p.slices_k = 1;
    if (flops > 0) cut_for_team(&p, up(jobs, d->batches));
    return p;
}

void lm__product_by_rows(lm__product *p)
{
    int64_t jobs = p->slices_m * p->slices_n;
    if (p->swapped || p->whole.m == 0) return;
    p->slices_m = least(jobs, up(p->whole.m, 2 * p->simd->tile_rows));
    p->slices_n = least(p->slices_n, up(jobs, p->slices_m));
}

bool lm__product_small(const lm__problem *problem)
{
    if (problem->in[0].dtype != LM_F32) return false;
    lm__matmul_dims d = lm__matmul_dims_of(problem);
    int64_t thinnest = least(d.k, least(d.m, d.n));
    bool gradient = ((const lm__matmul *)problem->attr)->transpose_a && d.k >= 4 * (d.m > d.n ? d.m : d.n);
    return thinnest <= THIN || 2.0 * (double)d.m * (double)d.n * (double)d.k < LARGE || gradient;
}

lm__product lm__product_plan(const lm__problem *problem)
{
    const lm__matmul *attr = (const lm__matmul *)problem->attr;
    lm__matmul_dims dims = lm__matmul_dims_of(problem);
    return lm__product_of(&dims, attr->transpose_a, attr->transpose_b, problem->isa);
}

size_t lm__product_scratch(const lm__product *p)
{
    return p->simd->gemm_scratch;
}

size_t lm__product_shared(const lm__product *p)
{
    return (size_t)(p->slices_k - 1) * (size_t)(p->dims.m * p->dims.n) * sizeof(float);
}

/* --- one run -------------------------------------------------------------------------------------------------------
 * */

typedef struct call {
    const lm__product *p;
    const lm__product_data *data;
    const lm__run *run;
    int64_t sum_rows;                   /* rows of c in a job that adds partial results */
} call;

/* Slice i of `slices` along `size`, in whole tiles. */
static void slice(int64_t size, int64_t tile, int64_t slices, int64_t i, int64_t *first, int64_t *count)
{
    int64_t tiles = up(size, tile), from = tiles * i / slices, to = tiles * (i + 1) / slices;
    *first = from * tile;
    *count = least(to * tile, size) - *first;
}

/* Bias and activation on rows and columns of c, beginning at column j. */
static void finish(const call *r, float *c, int64_t rows, int64_t columns, int64_t j)
{
    const float *bias = r->data->bias;
    if (bias || r->data->act != LM__ACT_NONE)
        r->p->simd->bias_act(c, r->p->dims.n, rows, columns, bias ? bias + j : NULL, r->data->act);
}

void lm__product_slice(const lm__product *p, const lm__product_data *data, int64_t i, int64_t j, int64_t l,
                       lm__gemm *g, int64_t *row, int64_t *column)
{
    int64_t m0, n0, k0;
    *g = p->whole;
    slice(g->m, p->swapped ? p->simd->width : p->simd->tile_rows, p->slices_m, i, &m0, &g->m);
    slice(g->n, p->simd->tile_columns, p->slices_n, j, &n0, &g->n);
    slice(g->k, 16, p->slices_k, l, &k0, &g->k);
    g->a = (p->swapped ? data->b : data->a) + m0 * g->rsa + k0 * g->csa;
    g->b = (p->swapped ? data->a : data->b) + k0 * g->rsb + n0 * g->csb;
    *row = p->swapped ? n0 : m0;
    *column = p->swapped ? m0 : n0;
}

static void run_slice(const call *r, int64_t batch, int64_t i, int64_t j, int64_t l, void *scratch)
{
    const lm__product *p = r->p;
    const lm__matmul_dims *d = &p->dims;
    int64_t a_at, b_at, row, column;
    lm__matmul_at(d, batch, &a_at, &b_at);
    const lm__product_data data = {.a = r->data->a + a_at * d->m * d->k, .b = r->data->b + b_at * d->k * d->n};
    lm__gemm g;
    lm__product_slice(p, &data, i, j, l, &g, &row, &column);
    float *c = l == 0 ? r->data->c + batch * d->m * d->n : (float *)r->run->shared + (l - 1) * d->m * d->n;
    g.c = c + row * d->n + column;
    p->simd->gemm(&g, scratch);
    if (p->slices_k > 1) return;
    if (p->swapped) finish(r, g.c, g.n, g.m, column);
    else finish(r, g.c, g.m, g.n, column);
}

static void run_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__product *p = r->p;
    void *scratch = lm__run_scratch(r->run, thread);
    if (p->batches_a_job > 1) {
        int64_t first = (int64_t)job * p->batches_a_job, end = least(first + p->batches_a_job, p->dims.batches);
        for (int64_t batch = first; batch < end; batch++) run_slice(r, batch, 0, 0, 0, scratch);
        return;
    }
    int64_t rest = (int64_t)job, i = rest % p->slices_m, j = rest / p->slices_m % p->slices_n;
    rest /= p->slices_m * p->slices_n;
    run_slice(r, rest / p->slices_k, i, j, rest % p->slices_k, scratch);
}

enum { SUM_CHUNK = 4096 };

/* c += the partial results, in order. */
static void sum_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const lm__matmul_dims *d = &r->p->dims;
    int64_t first = (int64_t)job * r->sum_rows, rows = least(r->sum_rows, d->m - first);
    float *c = r->data->c + first * d->n;
    (void)thread;
    r->p->simd->add_up(c, (size_t)(rows * d->n), (const float *)r->run->shared + first * d->n, (size_t)(d->m * d->n),
                       (size_t)r->p->slices_k - 1);
    finish(r, c, rows, d->n, 0);
}

void lm__product_run(const lm__product *p, const lm__product_data *data, const lm__run *run)
{
    call r = {p, data, run, 1 + SUM_CHUNK / (p->dims.n + 1)};
    int64_t jobs = p->batches_a_job > 1 ? up(p->dims.batches, p->batches_a_job)
                                        : p->dims.batches * p->slices_m * p->slices_n * p->slices_k;
    lm__parallel((size_t)jobs, run_job, &r);
    if (p->slices_k > 1) lm__parallel((size_t)up(p->dims.m, r.sum_rows), sum_job, &r);
}
