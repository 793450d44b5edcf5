/* kernels/simd/span.h: rows of any length, vector by vector. Only for files in this folder. */
#ifndef LM_KERNELS_SIMD_SPAN_H
#define LM_KERNELS_SIMD_SPAN_H

#include "kernels/simd/vec.h"

/* f for every vector of a row; `part` is a number of lanes for the last one, else 0. */
#define EACH_VECTOR(n, f)                                                                                            \
    {                                                                                                                \
        int64_t i = 0;                                                                                               \
        for (; i + VW <= (n); i += VW) f(i, 0);                                                                      \
        if (i < (n)) f(i, (n)-i);                                                                                    \
    }

INLINE vf take(const float *p, int64_t part) { return part ? load_part(p, part) : load(p); }

INLINE void put(float *p, vf x, int64_t part)
{
    if (part)
        store_part(p, x, part);
    else
        store(p, x);
}

/* Lanes behind the row's end count nothing. */
INLINE vf within(vf x, int64_t part) { return part ? choose(first_lanes(part), x, (vf){0}) : x; }

/* The lanes added up in a fixed tree: the sum in every lane. */
#define LM__OPPOSITE(s, lane) ((lane) ^ (s))
INLINE vf v_sum(vf x)
{
#if defined(LM_LEVEL_v4)
    x += __builtin_shufflevector(x, x, LM__LANES(LM__OPPOSITE, 8));
#endif
#if defined(LM_LEVEL_v3) || defined(LM_LEVEL_v4)
    x += __builtin_shufflevector(x, x, LM__LANES(LM__OPPOSITE, 4));
#endif
    x += __builtin_shufflevector(x, x, LM__LANES(LM__OPPOSITE, 2));
    return x + __builtin_shufflevector(x, x, LM__LANES(LM__OPPOSITE, 1));
}

#endif
