/* kernels/simd/reduce.c: sums and extremes of rows and columns, and softmax of rows, in float32. */
#include "kernels/simd/level.h"
#include "kernels/simd/math.h"

enum { BLOCK = 256 };                   /* elements added up before the sum joins the total: long sums stay accurate */

/* --- columns: y[j] = sum of x[i * stride + j] over the rows i ------------------------------------------------------- */

INLINE vf larger(vf a, vf b) { return choose(~(b <= a) & (a == a), b, a); }     /* NaN wins */
INLINE vf smaller(vf a, vf b) { return choose(~(b >= a) & (a == a), b, a); }

INLINE vf join(vf a, vf b, const int kind)
{
    return kind == LM__SIMD_SUM ? a + b : kind == LM__SIMD_MAX ? larger(a, b) : smaller(a, b);
}

INLINE void columns(const float *x, int64_t rows, int64_t stride, const int vectors, const int part, int64_t n, float *y,
                    const int kind)
{
    vf total[4];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) total[j] = part ? load_part(x, n) : load(x + j * VW);
    for (int64_t i = 1; i < rows;) {
        int64_t end = rows - i < BLOCK ? rows : i + BLOCK;
        vf sum[4];
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) sum[j] = part ? load_part(x + i * stride, n) : load(x + i * stride + j * VW);
        for (i++; i < end; i++)
#pragma GCC unroll 4
            for (int j = 0; j < vectors; j++)
                sum[j] = join(sum[j], part ? load_part(x + i * stride, n) : load(x + i * stride + j * VW), kind);
#pragma GCC unroll 4
        for (int j = 0; j < vectors; j++) total[j] = join(total[j], sum[j], kind);
    }
#pragma GCC unroll 4
    for (int j = 0; j < vectors; j++) {
        if (part) store_part(y, total[j], n);
        else store(y + j * VW, total[j]);
    }
}

INLINE void all_columns(const float *x, int64_t rows, int64_t stride, int64_t n, float *y, const int kind)
{
    int64_t j = 0;
    for (; j + 4 * VW <= n; j += 4 * VW) columns(x + j, rows, stride, 4, 0, VW, y + j, kind);
    for (; j + VW <= n; j += VW) columns(x + j, rows, stride, 1, 0, VW, y + j, kind);
    if (j < n) columns(x + j, rows, stride, 1, 1, n - j, y + j, kind);
}

void LM_SIMD(reduce_columns)(int kind, const float *x, int64_t rows, int64_t stride, int64_t n, float *y)
{
    if (kind == LM__SIMD_SUM) all_columns(x, rows, stride, n, y, LM__SIMD_SUM);
    else if (kind == LM__SIMD_MAX) all_columns(x, rows, stride, n, y, LM__SIMD_MAX);
    else all_columns(x, rows, stride, n, y, LM__SIMD_MIN);
}

/* --- rows: one number from n contiguous ones ------------------------------------------------------------------------ */

/* The lanes of a vector joined in a fixed tree. */
INLINE float across(vf x, const int kind)
{
    float lane[VW];
    store(lane, x);
    for (int half = VW / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) {
            float a = lane[i], b = lane[i + half];
            lane[i] = kind == LM__SIMD_SUM ? a + b
                      : kind == LM__SIMD_MAX ? (!(b <= a) && a == a ? b : a) : (!(b >= a) && a == a ? b : a);
        }
    return lane[0];
}

INLINE float row(const float *x, int64_t n, const int kind)
{
    const float nothing = kind == LM__SIMD_SUM ? 0 : kind == LM__SIMD_MAX ? -__builtin_inff() : __builtin_inff();
    vf total = splat(nothing);
    for (int64_t i = 0; i < n;) {
        int64_t end = n - i < 16 * BLOCK ? n : i + 16 * BLOCK;
        vf a = splat(nothing), b = a, c = a, d = a;
        for (; i + 4 * VW <= end; i += 4 * VW) {
            a = join(a, load(x + i), kind);
            b = join(b, load(x + i + VW), kind);
            c = join(c, load(x + i + 2 * VW), kind);
            d = join(d, load(x + i + 3 * VW), kind);
        }
        for (; i + VW <= end; i += VW) a = join(a, load(x + i), kind);
        if (i < end) b = join(b, choose(first_lanes(end - i), load_part(x + i, end - i), splat(nothing)), kind);
        i = end;
        total = join(total, join(join(a, b, kind), join(c, d, kind), kind), kind);
    }
    return across(total, kind);
}

void LM_SIMD(reduce_rows)(int kind, const float *x, int64_t rows, int64_t n, float *y)
{
    for (int64_t i = 0; i < rows; i++, x += n)
        y[i] = kind == LM__SIMD_SUM   ? row(x, n, LM__SIMD_SUM)
               : kind == LM__SIMD_MAX ? row(x, n, LM__SIMD_MAX)
                                      : row(x, n, LM__SIMD_MIN);
}

/* --- softmax of rows ------------------------------------------------------------------------------------------------ */

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
        vf sum = splat(exp_row(x, n, row(x, n, LM__SIMD_MAX), y));
        int64_t i = 0;
        for (; i + VW <= n; i += VW) store(y + i, load(y + i) / sum);
        if (i < n) store_part(y + i, load_part(y + i, n - i) / sum, n - i);
    }
}

void LM_SIMD(log_softmax_rows)(const float *x, int64_t rows, int64_t n, float *y)
{
    for (int64_t r = 0; r < rows; r++, x += n, y += n) {
        float most = row(x, n, LM__SIMD_MAX);
        vf sum = v_log(splat(exp_row(x, n, most, NULL)));
        int64_t i = 0;
        for (; i + VW <= n; i += VW) store(y + i, load(x + i) - most - sum);
        if (i < n) store_part(y + i, load_part(x + i, n - i) - most - sum, n - i);
    }
}
