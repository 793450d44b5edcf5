/* kernels/ref/ref.h: how a reference kernel is written once and built for several types.
 *
 * A file src/kernels/ref/NAME.c looks like this; T is the storage type, A the type sums are kept in, W the type to
 * calculate in so that integers wrap around instead of overflowing, REF_REAL is 1 for the float types, and
 * REF(NAME) becomes lm__ref_NAME_f32 and lm__ref_NAME_f64:
 *
 * #ifndef T #define LM_REF_FILE "kernels/ref/NAME.c" #include "kernels/ref/floats.h"        (also: numbers.h with
 * integers, all.h with bool, bool.h) #else void REF(NAME)(const T *x, T *y, size_t n) { … FN(exp)(x[i]) … } #endif
 *
 * Plain C99 on pointers and sizes, no Lamina types: the C exporter prints this text. FN(exp) is exp or expf. */
#ifndef LM_KERNELS_REF_H
#define LM_KERNELS_REF_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LM__REF_JOIN_(a, b) lm__ref_##a##_##b
#define LM__REF_JOIN(a, b) LM__REF_JOIN_(a, b)
#define REF(name) LM__REF_JOIN(name, SUFFIX)
/* A helper's name for the type: REF_NAME(draw) is draw_f32. */
#define LM__REF_NAME_(a, b) a##_##b
#define LM__REF_NAME(a, b) LM__REF_NAME_(a, b)
#define REF_NAME(name) LM__REF_NAME(name, SUFFIX)

/* Rows (see kernels/map.h): REF_ROW1(exp, FN(exp)(x)), REF_ROW2(add, (W)x + (W)y); the expression may use imm.
 * …_TO: the result is of another type R. */
#define REF_ROW1_TO(R, name, expression)                                                                         \
    void REF(name)(size_t n, const void *const *in, void *out, const double *imm)                                \
    {                                                                                                            \
        const T *xs = (const T *)in[0];                                                                          \
        R *ys = (R *)out;                                                                                        \
        (void)imm;                                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                         \
            const T x = xs[i];                                                                                   \
            ys[i] = (R)(expression);                                                                             \
        }                                                                                                        \
    }
#define REF_ROW1(name, expression) REF_ROW1_TO(T, name, expression)
#define REF_ROW2_TO(R, name, expression)                                                                         \
    void REF(name)(size_t n, const void *const *in, void *out, const double *imm)                                \
    {                                                                                                            \
        const T *xs = (const T *)in[0], *ys = (const T *)in[1];                                                  \
        R *zs = (R *)out;                                                                                        \
        (void)imm;                                                                                               \
        for (size_t i = 0; i < n; i++) {                                                                         \
            const T x = xs[i], y = ys[i];                                                                        \
            zs[i] = (R)(expression);                                                                             \
        }                                                                                                        \
    }
#define REF_ROW2(name, expression) REF_ROW2_TO(T, name, expression)
#endif
