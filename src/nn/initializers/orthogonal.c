/* nn/initializers/orthogonal.c: a random orthogonal matrix  (Saxe et al., ICLR 2014).
 *
 * Q of the QR factorisation of a matrix of normal numbers with R's diagonal positive, which makes Q uniform among the
 * orthogonal matrices (Mezzadri, Notices of the AMS, 2007). Gram and Schmidt's process gives it as it is: each column
 * loses its parts along those before it. Where little is left, rounding counts, and it is done again. */
#include "nn/initializer.h"
#include "nn/random.h"
#include <lamina/initializers.h>

#include <math.h>

#ifdef LM_HEADER
/* Orthogonal: a random matrix with orthonormal rows or columns, whichever are fewer, times gain. All axes but the
 * last count as rows; two axes at least  (Saxe et al., ICLR 2014). */
typedef struct lm_init_orthogonal_args {
    size_t size;
    const char *name;
    double gain;
} lm_init_orthogonal_args;
lm_initializer *lm_init_orthogonal_new(const lm_init_orthogonal_args *args);
#define LM_INIT_ORTHOGONAL_DEFAULTS LM__LIST(.gain = 1)
#define lm_init_orthogonal(...)                                                                                  \
    LM__WITH(lm_init_orthogonal_args, LM_INIT_ORTHOGONAL_DEFAULTS, lm_init_orthogonal_new(&lm__a), __VA_ARGS__)
#endif

/* Eight sums side by side, so that additions need not wait for each other. */
static double dot(const double *x, const double *y, size_t n)
{
    double part[8] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++) part[k] += x[i + k] * y[i + k];
    for (; i < n; i++) sum += x[i] * y[i];
    for (size_t k = 0; k < 8; k++) sum += part[k];
    return sum;
}

/* x without its parts along `count` orthonormal vectors; the length it had. */
static double project(double *x, const double *basis, size_t count, size_t n)
{
    double length = sqrt(dot(x, x, n));
    for (size_t j = 0; j < count; j++) {
        const double *q = basis + j * n;
        double along = dot(q, x, n);
        for (size_t i = 0; i < n; i++) x[i] -= along * q[i];
    }
    return length;
}

/* `count` vectors of n >= count numbers, one after the other, made orthonormal. */
static void orthonormal(double *vectors, size_t count, size_t n)
{
    for (size_t j = 0; j < count; j++) {
        double *x = vectors + j * n, before, after;
        int rounds = 0;
        do {
            before = project(x, vectors, j, n);
            after = sqrt(dot(x, x, n));
        } while (after < before / 2 && ++rounds < 4);
        for (size_t i = 0; i < n; i++) x[i] /= after;
    }
}

static lm_status fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    const lm_init_orthogonal_args *a = self->base.args;
    if (t->rank < 2)
        return lm__fail(LM_INVALID, "Orthogonal: what it fills needs two axes or more, but has %d", t->rank);
    if (t->size == 0) return LM_OK;
    size_t columns = (size_t)t->dims[t->rank - 1], rows = t->size / columns;
    bool wide = rows < columns;
    size_t count = wide ? rows : columns, n = wide ? columns : rows;
    lm_tensor *numbers = lm_tensor_new(LM_F64, 2, (int64_t[]){(int64_t)count, (int64_t)n});
    lm_status status = lm__object_check(numbers, &lm__tensor_type, "Orthogonal");
    if (!status) {
        double *q = numbers->data;
        lm__fill_normal(numbers, seed, stream, 0, 1, false);
        orthonormal(q, count, n);
        for (size_t i = 0; i < rows; i++)
            for (size_t j = 0; j < columns; j++)
                lm__store(t->dtype, t->data, i * columns + j, a->gain * (wide ? q[i * n + j] : q[j * n + i]));
    }
    lm_free(numbers);
    return status;
}

static const lm_init_orthogonal_args defaults = {.size = sizeof defaults, LM_INIT_ORTHOGONAL_DEFAULTS};
static const lm__field fields[] = {
    LM__FIELD(lm_init_orthogonal_args, gain, LM__FIELD_FLOAT),
    {0},
};

const lm__initializer_class lm__initializer_orthogonal = {
    .base = {.name = "Orthogonal", .module = "keras.initializers", .type = &lm__initializer_type,
             .object_bytes = sizeof(lm_initializer), .args_bytes = sizeof defaults, .defaults = &defaults,
             .fields = fields},
    .fill = fill,
};

lm_initializer *lm_init_orthogonal_new(const lm_init_orthogonal_args *args)
{
    return lm__initializer_new(&lm__initializer_orthogonal, args);
}
