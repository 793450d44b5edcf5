/* bench/order.c: what it costs that products are summed in an order that no number of threads changes.
 *
 *     ninja -C build bench_order && build/bin/bench_order [THREADS]
 *
 * Slices of k are fixed by the problem, as the order of sums depends on them; slices of m and n follow the team.
 * Beside that, every cut of m, n and k into as many jobs as there are threads, or twice or four times as many, is
 * tried: the best of them is what a library may do that need not give the same bytes. */
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/team.h"
#include "kernels/fast/product.h"
#include <lamina/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct shape {
    const char *what;
    int64_t m, n, k;
    bool ta, tb;
} shape;

static const shape shapes[] = {
    {"seedcnn, dense, forward", 32, 128, 5408, false, false},
    {"seedcnn, dense, dx", 32, 5408, 128, false, true},
    {"seedcnn, dense, dw", 5408, 128, 32, true, false},
    {"seedcnn, dense, 1 row", 1, 128, 5408, false, false},
    {"seedcnn, dense, 256 rows", 256, 128, 5408, false, false},
    {"autoencoder, 784 to 256", 128, 256, 784, false, false},
    {"autoencoder, 784 to 256, dw", 784, 256, 128, true, false},
    {"autoencoder, 256 to 784", 128, 784, 256, false, false},
    {"autoencoder, 256 to 784, dx", 128, 256, 784, false, true},
    {"autoencoder, 256 to 784, dw", 256, 784, 128, true, false},
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static float *numbers(int64_t count)
{
    float *x = lm__alloc((size_t)count * sizeof *x);
    for (int64_t i = 0; x && i < count; i++) x[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return x;
}

/* The best of many runs, in microseconds. */
static double time_product(const lm__product *p, const lm__product_data *data, double seconds)
{
    size_t stride = (lm__product_scratch(p) + 63) & ~(size_t)63;
    lm__run run = {.scratch = lm__alloc(stride * (size_t)lm_threads()), .scratch_stride = stride,
                   .shared = lm__alloc(lm__product_shared(p) + 1)};
    double best = 1, begun = now();
    while (now() - begun < seconds) {
        double t = now();
        lm__product_run(p, data, &run);
        t = now() - t;
        if (t < best) best = t;
    }
    lm__free(run.scratch), lm__free(run.shared);
    return 1e6 * best;
}

static double best_free_cut(const lm__product *fixed, const lm__product_data *data, lm__product *best)
{
    double least = 1e9;
    for (int64_t jobs = lm_threads(); jobs <= 4 * lm_threads(); jobs *= 2)
        for (int64_t k = 1; k <= jobs; k++)
            for (int64_t n = 1; n * k <= jobs; n++) {
                if (jobs % (n * k)) continue;
                lm__product p = *fixed;
                p.slices_k = k, p.slices_n = n, p.slices_m = jobs / n / k;
                double t = time_product(&p, data, 0.03);
                if (t < least) least = t, *best = p;
            }
    return time_product(best, data, 0.2);
}

int main(int argc, char **argv)
{
    if (argc > 1) lm_set_threads(atoi(argv[1]));
    printf("%d threads, %s; microseconds, and the cut of m x n x k\n", lm_threads(), lm_isa());
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        const shape *s = &shapes[i];
        const lm__matmul_dims dims = {.m = s->m, .n = s->n, .k = s->k, .batches = 1};
        lm__product_data data = {.a = numbers(s->m * s->k), .b = numbers(s->k * s->n), .c = numbers(s->m * s->n)};
        const lm__product p = lm__product_of(&dims, s->ta, s->tb, lm__isa_level());
        lm__product free_cut = p;
        double chosen = best_free_cut(&p, &data, &free_cut), fixed = time_product(&p, &data, 0.2);
        printf("%-28s fixed %7.1f (%d x %d x %d)  free %7.1f (%d x %d x %d)  %+.1f %%\n", s->what, fixed,
               (int)p.slices_m, (int)p.slices_n, (int)p.slices_k, chosen, (int)free_cut.slices_m,
               (int)free_cut.slices_n, (int)free_cut.slices_k, 100 * (fixed / chosen - 1));
        lm__free((void *)data.a), lm__free((void *)data.b), lm__free(data.c);
    }
    return 0;
}
