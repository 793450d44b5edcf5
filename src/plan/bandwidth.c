/* plan/bandwidth.c: how fast the team moves memory in sets of a given size: a[i] = a[i] + b[i], which reads two
 * numbers and writes one, as optimizers and normalisations do. */
#include "plan/alone.h"
#include "base/alloc.h"
#include "base/team.h"
#include "kernels/map.h"
#include <math.h>
#include <string.h>

enum { CHUNK = 16384, LEAST = 64 << 10, MOST = 256 << 20, PASSES = 3 };
static const double budget = 0.05;

typedef struct sweep {
    float *a, *b;
    size_t count;                       /* of each */
    lm__row_fn *add;
} sweep;

static void add_chunk(void *argument, size_t job, int thread)
{
    const sweep *s = argument;
    size_t first = job * CHUNK, n = s->count - first < CHUNK ? s->count - first : CHUNK;
    (void)thread;
    s->add(n, (const void *const[]){s->a + first, s->b + first}, s->a + first, NULL);
}

static void add_plainly(size_t n, const void *const *in, void *out, const double *imm)
{
    const float *a = in[0], *b = in[1];
    (void)imm;
    for (size_t i = 0; i < n; i++) ((float *)out)[i] = a[i] + b[i];
}

static lm_status measure(size_t bytes, double *out)
{
    sweep s = {.count = bytes / 2 / sizeof(float)};
    s.add = lm__simd_row("add", LM_F32, LM_F32, lm__isa_level());
    if (!s.add) s.add = add_plainly;
    size_t half = s.count * sizeof(float);
    s.a = lm__alloc(2 * half + 64);
    if (!s.a) return lm__no_memory(2 * half);
    memset(s.a, 0, 2 * half);
    s.b = s.a + s.count;
    double best = INFINITY, begun = lm__seconds();
    for (int i = 0; i <= PASSES || lm__seconds() - begun < budget; i++) {
        double start = lm__seconds();
        lm__parallel((s.count + CHUNK - 1) / CHUNK, add_chunk, &s);
        double took = lm__seconds() - start;
        if (i && took < best) best = took;
    }
    lm__free(s.a);
    *out = 3 * (double)half / best;
    return LM_OK;
}

lm_status lm__bandwidth(lm__bandwidths *known, double bytes, double *out)
{
    int power = (int)lround(log2(bytes < LEAST ? LEAST : bytes > MOST ? MOST : bytes));
    if (known->of[power] == 0) LM_TRY(measure((size_t)1 << power, &known->of[power]));
    *out = known->of[power];
    return LM_OK;
}
