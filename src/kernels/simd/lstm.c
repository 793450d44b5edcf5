/* kernels/simd/lstm.c: some rows of a batch through all steps of an LSTM, in float32.
 *
 * Rows need each other at no step, so that a thread takes its own from the first step to the last without waiting.
 * What a step multiplies lies side by side, (x, h), and so do the two kernels, packed as panels of two gates by a
 * vector of units: a panel stays in the first-level cache while all rows meet it. The gates follow from there. */
#include "kernels/simd/gates.h"
#include "kernels/simd/level.h"
#include "kernels/simd/panel.h"

/* --- the kernels' panels ---------------------------------------------------------------------------------------- */

/* Row `from` (4 units; NULL: zeros): units j … j + n of gate `first` and of the one behind it. */
static void pack_row(const float *from, int64_t units, int first, int64_t j, int64_t n, float *to)
{
    for (int gate = 0; gate < 2; gate++, to += VW)
        for (int64_t i = 0; i < VW; i++) to[i] = from && i < n ? from[(first + gate) * units + j + i] : 0;
}

void LM_SIMD(lstm_pack)(const float *kernel, const float *recurrent, const float *bias, int64_t inputs, int64_t units,
                        int64_t block, float *to)
{
    int64_t j = block * VW, n = units - j < VW ? units - j : VW;
    for (int first = 0; first < 4; first += 2) {
        pack_row(bias, units, first, j, n, to);
        to += NR;
        for (int64_t k = 0; k < inputs; k++, to += NR) pack_row(kernel + k * 4 * units, units, first, j, n, to);
        for (int64_t k = 0; k < units; k++, to += NR) pack_row(recurrent + k * 4 * units, units, first, j, n, to);
    }
}

/* --- steps ------------------------------------------------------------------------------------------------------ */

/* What the work lies in: (x, h) of this step and of the next, c, the sums of a block's gates. */
typedef struct rooms {
    float *now, *next, *c, *z;
} rooms;

INLINE void keep(float *to, vf x, const int part, int64_t n)
{
    if (part) store_part(to, x, n);
    else store(to, x);
}

/* The gates of row r and of the n units from j (a vector, or with `part` fewer) from their sums. */
INLINE void gates_of(const lm__lstm_part *p, const rooms *w, int64_t t, int64_t r, int64_t j, const int part,
                     int64_t n)
{
    const float *z = w->z + r * 2 * NR;
    int64_t at = r * p->steps + t, u = p->units;
    float *c = w->c + r * p->ldc + j;
    vf i = gate_sigmoid(load(z)), f = gate_sigmoid(load(z + VW));
    vf g = gate_tanh(load(z + NR)), o = gate_sigmoid(load(z + NR + VW));
    vf cell = f * load(c) + i * g, state = o * gate_tanh(cell);
    store(c, cell);
    keep(w->next + r * p->lda + p->inputs + j, state, part, n);
    if (p->states) keep(p->states + at * u + j, state, part, n);
    if (p->cells) keep(p->cells + at * u + j, cell, part, n);
    if (!p->gates) return;
    keep(p->gates + (at * 4 + 0) * u + j, i, part, n);
    keep(p->gates + (at * 4 + 1) * u + j, f, part, n);
    keep(p->gates + (at * 4 + 2) * u + j, g, part, n);
    keep(p->gates + (at * 4 + 3) * u + j, o, part, n);
}

/* What a block's gates will be written to comes into the cache while their sums are made. */
static void fetch(const lm__lstm_part *p, int64_t t, int64_t j)
{
    for (int64_t r = 0; r < p->rows; r++) {
        int64_t at = r * p->steps + t, u = p->units;
        if (p->states) __builtin_prefetch(p->states + at * u + j, 1);
        if (p->cells) __builtin_prefetch(p->cells + at * u + j, 1);
        for (int64_t gate = 0; p->gates && gate < 4; gate++)
            __builtin_prefetch(p->gates + (at * 4 + gate) * u + j, 1);
    }
}

static void run_block(const lm__lstm_part *p, const rooms *w, int64_t t, int64_t block)
{
    int64_t j = block * VW, n = p->units - j, rows = 1 + p->inputs + p->units;
    int64_t k = p->inputs + (t > 0 ? p->units : 0);     /* the first h is zero */
    const float *b = p->packed + block * 2 * rows * NR;
    fetch(p, t, j);
    for (int half = 0; half < 2; half++, b += rows * NR)
        panel_rows(p->rows, k, w->now, p->lda, b + NR, b, 0, w->z + half * NR, 2 * NR);
    for (int64_t r = 0; r < p->rows; r++) {
        if (n >= VW) gates_of(p, w, t, r, j, 0, VW);
        else gates_of(p, w, t, r, j, 1, n);
    }
}

void LM_SIMD(lstm)(const lm__lstm_part *p, float *scratch)
{
    rooms w = {.now = scratch, .next = scratch + p->rows * p->lda};
    w.c = w.next + p->rows * p->lda;
    w.z = w.c + p->rows * p->ldc;
    memset(w.now, 0, (size_t)(p->rows * p->lda) * sizeof(float));
    memset(w.c, 0, (size_t)(p->rows * p->ldc) * sizeof(float));
    for (int64_t t = 0; t < p->steps; t++) {
        for (int64_t r = 0; r < p->rows; r++) {
            float *now = w.now + r * p->lda;
            int64_t at = r * p->steps + t;
            memcpy(now, p->x + at * p->inputs, (size_t)p->inputs * sizeof(float));
            if (p->before) memcpy(p->before + at * p->units, now + p->inputs, (size_t)p->units * sizeof(float));
        }
        for (int64_t j = 0; j < p->units; j += VW) run_block(p, &w, t, j / VW);
        float *now = w.now;
        w.now = w.next, w.next = now;
    }
}
