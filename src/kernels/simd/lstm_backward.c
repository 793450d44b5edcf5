/* kernels/simd/lstm_backward.c: the way back through an LSTM for some rows of a batch, in float32.
 *
 * From the last step to the first. What comes out, dz, is also kept as rows of its own, gates padded to whole
 * vectors: they are multiplied with the recurrent kernel, packed as panels of its transpose, for the step before. */
#include "kernels/simd/gates.h"
#include "kernels/simd/level.h"
#include "kernels/simd/panel.h"

void LM_SIMD(transpose)(const float *from, int64_t ld, int64_t rows, int64_t columns, float *to, int64_t ldt);

void LM_SIMD(lstm_backward_pack)(const float *recurrent, int64_t units, int64_t padded, int64_t panel, float *to)
{
    int64_t j = panel * NR, n = units - j < NR ? units - j : NR;
    memset(to, 0, (size_t)(4 * padded * NR) * sizeof(float));
    for (int64_t gate = 0; gate < 4; gate++)
        LM_SIMD(transpose)(recurrent + (j * 4 + gate) * units, 4 * units, n, units, to + gate * padded * NR, NR);
}

/* What the work lies in: dz of this step (rows, 4 padded), dh from the step behind it, dc. */
typedef struct rooms {
    float *dz, *dh, *dc;
    int64_t ldz;
} rooms;

INLINE vf take(const float *from, const int part, int64_t n)
{
    return part ? load_part(from, n) : load(from);
}

INLINE void keep(float *to, vf x, const int part, int64_t n)
{
    if (part) store_part(to, x, n);
    else store(to, x);
}

/* Row r, the n units from j (a vector, or with `part` fewer). */
INLINE void gates_of(const lm__lstm_back *p, const rooms *w, int64_t t, int64_t r, int64_t j, const int part,
                     int64_t n)
{
    int64_t at = r * p->steps + t, u = p->units;
    const float *gate = p->gates + at * 4 * u + j, *c = p->cells + at * u + j;
    float *dc = w->dc + r * p->padded + j;
    vf i = take(gate, part, n), f = take(gate + u, part, n);
    vf g = take(gate + 2 * u, part, n), o = take(gate + 3 * u, part, n);
    vf th = gate_tanh(take(c, part, n)), old = t > 0 ? take(c - u, part, n) : (vf){0};
    vf dh = take(p->dy + at * u + j, part, n) + load(w->dh + r * p->ldh + j);
    vf d = load(dc) + dh * o * (1.0f - th * th);
    const vf dz[4] = {d * g * i * (1.0f - i), d * old * f * (1.0f - f), d * i * (1.0f - g * g),
                      dh * th * o * (1.0f - o)};
    store(dc, d * f);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        float *sum = p->sum + k * p->padded + j;
        store(w->dz + r * w->ldz + k * p->padded + j, dz[k]);
        if (p->dz) keep(p->dz + (at * 4 + k) * u + j, dz[k], part, n);
        store(sum, load(sum) + dz[k]);
    }
}

/* What the gates of units from j need at a step. */
static void fetch(const lm__lstm_back *p, int64_t t, int64_t j)
{
    for (int64_t r = 0; r < p->rows; r++) {
        int64_t at = r * p->steps + t, u = p->units;
        for (int64_t k = 0; k < 4; k++) {
            __builtin_prefetch(p->gates + (at * 4 + k) * u + j, 0);
            if (p->dz) __builtin_prefetch(p->dz + (at * 4 + k) * u + j, 1);
        }
        __builtin_prefetch(p->dy + at * u + j, 0);
        if (t > 0) __builtin_prefetch(p->cells + (at - 1) * u + j, 0);
    }
}

static void run_gates(const lm__lstm_back *p, const rooms *w, int64_t t)
{
    for (int64_t j = 0; j < p->units; j += VW)
        for (int64_t r = 0; r < p->rows; r++) {
            if (p->units - j >= VW) gates_of(p, w, t, r, j, 0, VW);
            else gates_of(p, w, t, r, j, 1, p->units - j);
        }
}

/* dh of the step before t; meanwhile the caches get what that step will need. */
static void run_product(const lm__lstm_back *p, const rooms *w, int64_t t)
{
    enum { BLOCK = 256 };               /* rows of a panel that stay in the first-level cache */
    static const float zeros[NR];
    int64_t all = 4 * p->padded;
    for (int64_t j = 0; j < p->units; j += NR) {
        const float *b = p->packed + j * all;
        fetch(p, t - 1, j);
        if (j + VW < p->units) fetch(p, t - 1, j + VW);
        for (int64_t k = 0; k < all; k += BLOCK)
            panel_rows(p->rows, all - k < BLOCK ? all - k : BLOCK, w->dz + k, w->ldz, b + k * NR, zeros, k > 0,
                       w->dh + j, p->ldh);
    }
}

void LM_SIMD(lstm_backward)(const lm__lstm_back *p, float *scratch)
{
    rooms w = {.dz = scratch, .ldz = 4 * p->padded + VW};
    w.dh = w.dz + p->rows * w.ldz;
    w.dc = w.dh + p->rows * p->ldh;
    memset(w.dz, 0, (size_t)(p->rows * w.ldz) * sizeof(float));
    memset(w.dh, 0, (size_t)(p->rows * p->ldh) * sizeof(float));
    memset(w.dc, 0, (size_t)(p->rows * p->padded) * sizeof(float));
    memset(p->sum, 0, (size_t)(4 * p->padded) * sizeof(float));
    for (int64_t t = p->steps; t-- > 0;) {
        run_gates(p, &w, t);
        if (t > 0) run_product(p, &w, t);
    }
}
