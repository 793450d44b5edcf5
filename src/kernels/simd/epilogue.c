/* kernels/simd/epilogue.c: bias and activation on a result that is still in the cache. */
#include "kernels/epilogue.h"
#include "kernels/simd/level.h"
#include "kernels/simd/math.h"

INLINE vf activate(vf x, const int act)
{
    switch (act) {
    case LM__ACT_RELU: return vmax(splat(0), x);
    case LM__ACT_SIGMOID: return v_sigmoid(x);
    case LM__ACT_TANH: return v_tanh(x);
    default: return x;
    }
}

INLINE void rows_of(float *y, int64_t ld, int64_t rows, int64_t n, const float *bias, const int act)
{
    for (int64_t i = 0; i < rows; i++, y += ld) {
        int64_t j = 0;
        for (; j + VW <= n; j += VW) store(y + j, activate(load(y + j) + (bias ? load(bias + j) : (vf){0}), act));
        if (j == n) continue;
        vf b = bias ? load_part(bias + j, n - j) : (vf){0};
        store_part(y + j, activate(load_part(y + j, n - j) + b, act), n - j);
    }
}

void LM_SIMD(bias_act)(float *y, int64_t ld, int64_t rows, int64_t n, const float *bias, int act)
{
    switch (act) {
    case LM__ACT_RELU: rows_of(y, ld, rows, n, bias, LM__ACT_RELU); break;
    case LM__ACT_SIGMOID: rows_of(y, ld, rows, n, bias, LM__ACT_SIGMOID); break;
    case LM__ACT_TANH: rows_of(y, ld, rows, n, bias, LM__ACT_TANH); break;
    default: rows_of(y, ld, rows, n, bias, LM__ACT_NONE);
    }
}
