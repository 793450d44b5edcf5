/* kernels/simd/vec.h: vectors of one instruction level. Only for files in this folder, which are compiled once for
 * each level with LM_LEVEL set; nothing here is shared between levels, and every symbol carries the level's name.
 *
 * Written with the compilers' own vector types, so that one text serves SSE2, AVX2, AVX-512 and NEON. */
#ifndef LM_KERNELS_SIMD_VEC_H
#define LM_KERNELS_SIMD_VEC_H

#include <stdint.h>
#include <string.h>
#if defined(LM_LEVEL_v3) || defined(LM_LEVEL_v4)
#include <immintrin.h>
#endif

#define LM__SIMD_JOIN_(name, level) lm__##name##_##level
#define LM__SIMD_JOIN(name, level) LM__SIMD_JOIN_(name, level)
#define LM_SIMD(name) LM__SIMD_JOIN(name, LM_LEVEL)

#if defined(LM_LEVEL_v4)
enum { VW = 16, TILE_ROWS = 12 };       /* floats of a vector; rows of a matrix product's register tile */
#elif defined(LM_LEVEL_v3)
enum { VW = 8, TILE_ROWS = 6 };
#else
enum { VW = 4, TILE_ROWS = 6 };
#endif

typedef float vf __attribute__((vector_size(VW * 4)));
typedef int32_t vi __attribute__((vector_size(VW * 4)));
typedef uint32_t vu __attribute__((vector_size(VW * 4)));
typedef float vf_mem __attribute__((vector_size(VW * 4), aligned(4), may_alias));
typedef int32_t vi_mem __attribute__((vector_size(VW * 4), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* The compiler may not look behind what a register holds here, nor build other addresses on it. */
#define KEEP(x) __asm__("" : "+r"(x))

INLINE vf load(const float *p) { return *(const vf_mem *)p; }
INLINE void store(float *p, vf x) { *(vf_mem *)p = x; }
INLINE vi load_i(const int32_t *p) { return *(const vi_mem *)p; }
INLINE void store_i(int32_t *p, vi x) { *(vi_mem *)p = x; }
INLINE vf splat(float x) { return x - (vf){0}; }
INLINE vi splat_i(int32_t x) { return x - (vi){0}; }
INLINE vf choose(vi mask, vf yes, vf no) { return (vf)(((vi)yes & mask) | ((vi)no & ~mask)); }
/* Which lanes are below n. */
INLINE vi first_lanes(int64_t n)
{
    vi lane = {0};
    for (int i = 0; i < VW; i++) lane[i] = i;
    return lane < splat_i((int32_t)n);
}

/* a > b ? a : b; of a NaN: b */
INLINE vf vmax(vf a, vf b)
{
#if defined(LM_LEVEL_v4)
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(LM_LEVEL_v3)
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#else
    return choose(a > b, a, b);
#endif
}

/* a < b ? a : b; of a NaN: b */
INLINE vf vmin(vf a, vf b)
{
#if defined(LM_LEVEL_v4)
    return (vf)_mm512_min_ps((__m512)a, (__m512)b);
#elif defined(LM_LEVEL_v3)
    return (vf)_mm256_min_ps((__m256)a, (__m256)b);
#else
    return choose(a < b, a, b);
#endif
}

/* The first n <= VW elements; behind them 0. */
INLINE vf load_part(const float *p, int64_t n)
{
#if defined(LM_LEVEL_v4)
    return (vf)_mm512_maskz_loadu_ps((__mmask16)((1u << n) - 1), p);
#elif defined(LM_LEVEL_v3)
    return (vf)_mm256_maskload_ps(p, (__m256i)first_lanes(n));
#else
    vf x = {0};
    for (int i = 0; i < VW; i++)
        if (i < n) x[i] = p[i];
    return x;
#endif
}

INLINE void store_part(float *p, vf x, int64_t n)
{
#if defined(LM_LEVEL_v4)
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1), (__m512)x);
#elif defined(LM_LEVEL_v3)
    _mm256_maskstore_ps(p, (__m256i)first_lanes(n), (__m256)x);
#else
    for (int i = 0; i < VW; i++)
        if (i < n) p[i] = x[i];
#endif
}

/* --- a VW x VW block transposed in registers: exchanges off-diagonal squares of side 1, 2, 4, ... -----------------
 * */
#define LM__LOW(s, lane) ((lane) & (s) ? VW + (lane) - (s) : (lane))
#define LM__HIGH(s, lane) ((lane) & (s) ? VW + (lane) : (lane) + (s))
#define LM__LANES4(f, s, at) f(s, at), f(s, at + 1), f(s, at + 2), f(s, at + 3)
#if defined(LM_LEVEL_v4)
#define LM__LANES(f, s) LM__LANES4(f, s, 0), LM__LANES4(f, s, 4), LM__LANES4(f, s, 8), LM__LANES4(f, s, 12)
#elif defined(LM_LEVEL_v3)
#define LM__LANES(f, s) LM__LANES4(f, s, 0), LM__LANES4(f, s, 4)
#else
#define LM__LANES(f, s) LM__LANES4(f, s, 0)
#endif
#define LM__EXCHANGE(x, s)                                                                                       \
    _Pragma("GCC unroll 16") for (int i = 0; i < VW; i++) if (!(i & (s)))                                        \
    {                                                                                                            \
        vf low = __builtin_shufflevector(x[i], x[i + (s)], LM__LANES(LM__LOW, s));                               \
        x[i + (s)] = __builtin_shufflevector(x[i], x[i + (s)], LM__LANES(LM__HIGH, s));                          \
        x[i] = low;                                                                                              \
    }

INLINE void transpose(vf x[VW])
{
    LM__EXCHANGE(x, 1)
    LM__EXCHANGE(x, 2)
#if defined(LM_LEVEL_v3) || defined(LM_LEVEL_v4)
    LM__EXCHANGE(x, 4)
#endif
#if defined(LM_LEVEL_v4)
    LM__EXCHANGE(x, 8)
#endif
}

#endif
