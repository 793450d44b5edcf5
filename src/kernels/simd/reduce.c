/* kernels/simd/reduce.c: sums and extremes of rows and columns, and softmax of rows, in float32. */
#include "kernels/simd/level.h"
#include "kernels/simd/math.h"

enum { BLOCK = 256 }; /* elements added up before the sum joins the total: long sums stay accurate */

/* --- columns: y[j] = sum of x[i * stride + j] over the rows i
 * ------------------------------------------------------- */

INLINE vf larger(vf a, vf b) { return choose(~(b <= a) & (a == a), b, a); }     /* NaN wins */
INLINE vf smaller(vf a, vf b) { return choose(~(b >= a) & (a == a), b, a); }

INLINE vf join(vf a, vf b, const int kind)
{
    return kind == LM__SIMD_MAX ? larger(a, b) : kind == LM__SIMD_MIN ? smaller(a, b) : a + b;
}

/* What an element adds: itself, or the square of its distance from the center. */
INLINE vf share(vf x, vf center, const int kind)
{
    return kind == LM__SIMD_SQUARES ? (x - center) * (x - center) : x;
}

INLINE vf at(const float *x, vf center, const int part, int64_t n, const int kind)
{
    return share(part ? load_part(x, n) : load(x), center, kind);
}

INLINE void columns(const float *x, int64_t rows, int64_t stride, const int vectors, const int part, int64_t n,
                    const float *center, float *y, const int kind)
{
    vf total[4], mid[4] = {{0}};
#pragma GCC unroll 4
    for (int j = 0; j < vectors && kind == LM__SIMD_SQUARES; j++)
        mid[j] = part ? load_part(center, n) : load(center + j * VW);
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) total[j] = at(x + j * VW, mid[j], part, n, kind);
    for (int64_t i = 1; i < rows;) {
        int64_t end = rows - i < BLOCK ? rows : i + BLOCK;
        vf sum[4];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) sum[j] = at(x + i * stride + j * VW, mid[j], part, n, kind);
        for (i++; i < end; i++)
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++)
                sum[j] = join(sum[j], at(x + i * stride + j * VW, mid[j], part, n, kind), kind);
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) total[j] = join(total[j], sum[j], kind);
    }
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) {
        if (part) store_part(y, total[j], n);
        else store(y + j * VW, total[j]);
    }
}

INLINE void all_columns(const float *x, int64_t rows, int64_t stride, int64_t n, const float *center, float *y,
                        const int kind)
{
    int64_t j = 0;
    for (; j + 4 * VW <= n; j += 4 * VW) columns(x + j, rows, stride, 4, 0, VW, center + j, y + j, kind);
    for (; j + VW <= n; j += VW) columns(x + j, rows, stride, 1, 0, VW, center + j, y + j, kind);
    if (j < n) columns(x + j, rows, stride, 1, 1, n - j, center + j, y + j, kind);
}

void LM_SIMD(reduce_columns)(int kind, const float *x, int64_t rows, int64_t stride, int64_t n, const float *center,
                             float *y)
{
    switch (kind) {
    case LM__SIMD_SUM: all_columns(x, rows, stride, n, x, y, LM__SIMD_SUM); break;
    case LM__SIMD_MAX: all_columns(x, rows, stride, n, x, y, LM__SIMD_MAX); break;
    case LM__SIMD_MIN: all_columns(x, rows, stride, n, x, y, LM__SIMD_MIN); break;
    default: all_columns(x, rows, stride, n, center, y, LM__SIMD_SQUARES);
    }
}

/* --- rows: one number from n contiguous ones
 * ------------------------------------------------------------------------ */

/* The lanes of a vector joined in a fixed tree. */
INLINE float across(vf x, const int kind)
{
    float lane[VW];
    store(lane, x);
    for (int half = VW / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) {
            float a = lane[i], b = lane[i + half];
            lane[i] = kind == LM__SIMD_MAX   ? (!(b <= a) && a == a ? b : a)
                      : kind == LM__SIMD_MIN ? (!(b >= a) && a == a ? b : a)
                                             : a + b;
        }
    return lane[0];
}

INLINE float row(const float *x, int64_t n, float center, const int kind)
{
    const float nothing = kind == LM__SIMD_MAX ? -__builtin_inff() : kind == LM__SIMD_MIN ? __builtin_inff() : 0;
    const vf mid = splat(center);
    vf total = splat(nothing);
    for (int64_t i = 0; i < n;) {
        int64_t end = n - i < 16 * BLOCK ? n : i + 16 * BLOCK;
        vf a = splat(nothing), b = a, c = a, d = a;
        for (; i + 4 * VW <= end; i += 4 * VW) {
            a = join(a, at(x + i, mid, 0, VW, kind), kind);
            b = join(b, at(x + i + VW, mid, 0, VW, kind), kind);
            c = join(c, at(x + i + 2 * VW, mid, 0, VW, kind), kind);
            d = join(d, at(x + i + 3 * VW, mid, 0, VW, kind), kind);
        }
        for (; i + VW <= end; i += VW) a = join(a, at(x + i, mid, 0, VW, kind), kind);
        if (i < end)
            b = join(b, choose(first_lanes(end - i), at(x + i, mid, 1, end - i, kind), splat(nothing)), kind);
        i = end;
        total = join(total, join(join(a, b, kind), join(c, d, kind), kind), kind);
    }
    return across(total, kind);
}

void LM_SIMD(reduce_rows)(int kind, const float *x, int64_t rows, int64_t n, const float *center, float *y)
{
    for (int64_t i = 0; i < rows; i++, x += n)
        switch (kind) {
        case LM__SIMD_SUM: y[i] = row(x, n, 0, LM__SIMD_SUM); break;
        case LM__SIMD_MAX: y[i] = row(x, n, 0, LM__SIMD_MAX); break;
        case LM__SIMD_MIN: y[i] = row(x, n, 0, LM__SIMD_MIN); break;
        default: y[i] = row(x, n, center[i], LM__SIMD_SQUARES);
        }
}

/* --- softmax of rows
 * ------------------------------------------------------------------------------------------------ */

static float exp_row(const float *x, int64_t n, float most, float *y)
{
    vf sum = {0};
    int64_t i = 0;
    for (; i + VW <= n; i += VW) {
        vf e = v_exp(load(x + i) - most);
        if (y) store(y + i, e);
        sum += e;
    }
    if (i < n) {
        vf e = v_exp(load_part(x + i, n - i) - most);
        if (y) store_part(y + i, e, n - i);
        sum += choose(first_lanes(n - i), e, (vf){0});
    }
    return across(sum, LM__SIMD_SUM);
}

void LM_SIMD(softmax_rows)(const float *x, int64_t rows, int64_t n, float *y)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        vf sum = splat(exp_row(x, n, row(x, n, 0, LM__SIMD_MAX), y));
        int64_t i = 0;
        for (; i + VW <= n; i += VW) store(y + i, load(y + i) / sum);
        if (i < n) store_part(y + i, load_part(y + i, n - i) / sum, n - i);
    }
}

void LM_SIMD(log_softmax_rows)(const float *x, int64_t rows, int64_t n, float *y)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        float most = row(x, n, 0, LM__SIMD_MAX);
        vf sum = v_log(splat(exp_row(x, n, most, NULL)));
        int64_t i = 0;
        for (; i + VW <= n; i += VW) store(y + i, load(x + i) - most - sum);
        if (i < n) store_part(y + i, load_part(x + i, n - i) - most - sum, n - i);
    }
}
