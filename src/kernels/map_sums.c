/* kernels/map_sums.c: see map_sums.h. */
#include "kernels/map_sums.h"
#include "kernels/simd/level.h"
#include <string.h>

enum { WIDTH = 64 };                    /* elements of a row at least: four vectors of the widest level */

static const lm__simd *simd(void) { return lm__simd_at(lm__isa_level()); }

size_t lm__map_sums_width(const lm__map *map, size_t period)
{
    size_t base = (size_t)map->sum_keep > period ? (size_t)map->sum_keep : period;
    return base >= WIDTH ? base : base * ((WIDTH + base - 1) / base);
}

size_t lm__map_sums_scratch(const lm__map *map, size_t width) { return (size_t)map->sums * width * sizeof(float); }

size_t lm__map_sums_shared(const lm__map *map, size_t chunks)
{
    return (size_t)map->sums * (size_t)map->sum_keep * chunks * sizeof(float);
}

void lm__map_sums_begin(const lm__map *map, size_t width, float *total)
{
    memset(total, 0, lm__map_sums_scratch(map, width));
}

void lm__map_sums_add(const lm__map *map, size_t width, const void *const *reg, size_t n, float *total)
{
    for (int s = 0; s < map->sums; s++, total += width) {
        const float *x = reg[map->sum[s]];
        size_t rows = n / width, rest = n % width;
        simd()->add_up(total, width, x, width, rows);
        if (rest) simd()->add_up(total, rest, x + rows * width, width, 1);
    }
}

/* y[i] = the sum over the rows of x[row * n + i] */
static void fold(const float *x, size_t rows, size_t n, float *y)
{
    simd()->reduce_columns(LM__SIMD_SUM, x, (int64_t)rows, (int64_t)n, (int64_t)n, NULL, y);
}

void lm__map_sums_end(const lm__map *map, size_t width, const float *total, size_t chunk, size_t chunks,
                      float *shared)
{
    size_t keep = (size_t)map->sum_keep;
    for (size_t s = 0; s < (size_t)map->sums; s++)
        fold(total + s * width, width / keep, keep, shared + (s * chunks + chunk) * keep);
}

void lm__map_sums_join(const lm__map *map, size_t chunks, const float *shared, void *const *out)
{
    size_t keep = (size_t)map->sum_keep;
    for (size_t s = 0; s < (size_t)map->sums; s++) {
        float *y = out[s];
        if (!y) continue;
        fold(shared + s * chunks * keep, chunks, keep, y);
        for (size_t i = 0; i < keep && map->sum_divisor[s] != 1; i++) y[i] /= map->sum_divisor[s];
    }
}
