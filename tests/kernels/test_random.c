/* Fast random kernels: the reference's very numbers, in every type. */
#include "support/check.h"

#include "kernels/compare.h"
#include "ops/random.h"

static void draw(cmp *c, lm_dtype dtype, int64_t n, double p)
{
    lm__random_attr attr = {.random = {.a = p, .stream = (int64_t)cmp_next()}, .dtype = dtype};
    int64_t *key = lm__alloc(2 * sizeof *key);
    key[0] = (int64_t)cmp_next(), key[1] = (int64_t)cmp_next();
    c->op = "random_bernoulli", c->attr = &attr, c->nin = c->nout = 1, c->tolerance = 0;
    c->in[0] = CMP_DESC(LM_I64, 2);
    c->out[0] = CMP_DESC(dtype, n);
    c->data[0] = key;
    cmp_all(c);
}

static void bernoulli(void **state)
{
    static const lm_dtype types[] = {LM_F32, LM_BOOL, LM_U8, LM_I8};
    static const int64_t sizes[] = {0, 1, 3, 4, 5, 127, 128, 129, 16383, 16384, 16385, 50001};
    static const double chances[] = {0, 1, 0.7, 0.5, 1e-9, 1 - 1e-12};
    cmp c = {0};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int k = 0; k < 6; k++) draw(&c, types[(i + (size_t)k) % 4], sizes[i], chances[k]);
    assert_true(c.ran >= 72);
    check_contains(c.taken, "simd");
}

RUN(cmocka_unit_test(bernoulli))
