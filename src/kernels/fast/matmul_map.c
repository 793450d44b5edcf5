/* kernels/fast/matmul_map.c: a product block by block, each handed to the map while it is in the cache.
 *
 * Measured with Adam behind the gradient of 5408 x 128 weights (k = 32), one thread of a Zen 5: 303 microseconds, one
 * after the other 319. */
#include "kernels/matmul_map.h"
#include "base/alloc.h"
#include "base/status.h"
#include "base/team.h"
#include "kernels/fast/product.h"
#include "kernels/map_job.h"

enum {
    BLOCK = 64 << 10,       /* bytes of a block of the product: with the operands', in the second-level cache */
    KEPT = 256 << 10,       /* numbers of the matrix that every block reads whole: it must stay in that cache */
};

typedef struct state {
    lm__product product;
    lm__map map;
    int64_t block;                      /* rows of a block (swapped: columns) */
    size_t block_bytes, gemm_bytes;
} state;

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static size_t round64(size_t n) { return (n + 63) & ~(size_t)63; }

/* The part of the whole that one slice covers along n, at most. */
static int64_t widest(const lm__product *p)
{
    int64_t tile = p->simd->tile_columns, tiles = (p->whole.n + tile - 1) / tile;
    return least((tiles + p->slices_n - 1) / p->slices_n * tile, p->whole.n);
}

static lm__product product_of(const lm__problem *problem)
{
    lm__desc result;
    const lm__problem p = lm__matmul_map_product(problem, &result);
    return lm__product_plan(&p);
}

static bool takes(const lm__problem *problem)
{
    const lm__matmul_map *attr = (const lm__matmul_map *)problem->attr;
    if (problem->in[0].dtype != LM_F32 || attr->map.sums) return false;
    if (!lm__map_is_dense(&attr->map, (int)attr->operand)) return false;
    lm__desc result;
    const lm__problem p = lm__matmul_map_product(problem, &result);
    if (!lm__product_small(&p)) return false;
    const lm__product product = lm__product_plan(&p);
    const lm__gemm *g = &product.whole;
    bool stays = g->k * (product.swapped ? g->m : g->n) <= KEPT;
    return product.dims.batches == 1 && product.slices_k == 1 && product.dims.k > 0 && stays;
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **out)
{
    const lm__matmul_map *attr = (const lm__matmul_map *)problem->attr;
    state *s = lm__alloc(sizeof *s);
    if (!s) return lm__no_memory(sizeof *s);
    s->product = product_of(problem);
    lm__product_by_rows(&s->product);
    s->map = attr->map;
    lm__map_combine(&s->map, problem->isa);
    const lm__simd *simd = s->product.simd;
    int64_t tile = s->product.swapped ? simd->width : simd->tile_rows, wide = widest(&s->product);
    s->block = BLOCK / (int64_t)sizeof(float) / (wide + 1) / tile * tile;
    if (s->block < tile) s->block = tile;
    s->block_bytes = round64((size_t)(s->block * wide) * sizeof(float));
    s->gemm_bytes = round64(lm__product_scratch(&s->product));
    needs->scratch = s->gemm_bytes + s->block_bytes + lm__map_scratch(&s->map);
    *out = s;
    return LM_OK;
}

typedef struct call {
    const state *s;
    const lm__run *run;
    lm__product_data data;
    lm__map_job map;
} call;

/* The map on rows and columns of c from (row, column) on, which lie at ld. */
static void map_block(const call *r, char *slots, const float *c, int64_t ld, int64_t row, int64_t column,
                      int64_t rows, int64_t columns, bool first)
{
    int64_t n = r->s->product.dims.n;
    if (columns == n && ld == n) {
        lm__map_part(&r->map, slots, (size_t)(row * n), (size_t)(rows * n), c, first);
        return;
    }
    for (int64_t i = 0; i < rows; i++)
        lm__map_part(&r->map, slots, (size_t)((row + i) * n + column), (size_t)columns, c + i * ld, first && i == 0);
}

static void run_job(void *argument, size_t job, int thread)
{
    const call *r = (const call *)argument;
    const state *s = r->s;
    const lm__product *p = &s->product;
    char *scratch = lm__run_scratch(r->run, thread);
    float *c = (float *)(void *)(scratch + s->gemm_bytes);
    lm__gemm slice;
    int64_t row, column;
    lm__product_slice(p, &r->data, (int64_t)job % p->slices_m, (int64_t)job / p->slices_m, 0, &slice, &row, &column);
    for (int64_t i = 0; i < slice.m; i += s->block) {
        lm__gemm g = slice;
        g.m = least(s->block, slice.m - i);
        g.a += i * g.rsa;
        g.c = c;
        int64_t i0 = p->swapped ? row : row + i, j0 = p->swapped ? column + i : column;
        int64_t rows = p->swapped ? g.n : g.m, columns = p->swapped ? g.m : g.n;
        g.rsc = p->swapped ? 1 : columns;
        g.csc = p->swapped ? columns : 1;
        p->simd->gemm(&g, scratch);
        if (r->data.bias || r->data.act != LM__ACT_NONE)
            p->simd->bias_act(c, columns, rows, columns, r->data.bias ? r->data.bias + j0 : NULL, r->data.act);
        map_block(r, scratch + s->gemm_bytes + s->block_bytes, c, columns, i0, j0, rows, columns, i == 0);
    }
}

static lm_status run(const lm__run *run)
{
    const state *s = (const state *)run->state;
    const lm__matmul_map *attr = (const lm__matmul_map *)run->problem->attr;
    const void *in[LM__MAP_MAX_OPERANDS + 1];
    call r = {.s = s, .run = run, .data = {.a = run->in[0], .b = run->in[1], .bias = attr->bias ? run->in[2] : NULL,
                                           .act = (int)attr->product.activation}};
    lm__matmul_map_inputs(attr, run->in, in);
    if (!lm__map_begin(&r.map, &s->map, (int)attr->operand, in, run->out)) return LM_OK;
    lm__parallel((size_t)(s->product.slices_m * s->product.slices_n), run_job, &r);
    return LM_OK;
}

const lm__kernel lm__simd_matmul_map = {
    .op = "matmul_map", .name = "simd", .accepts = takes, .prepare = prepare, .release = lm__free, .run = run};
