/* Fast layer normalisation and its gradient against the reference. */
#include "support/check.h"

#include "kernels/compare.h"
#include "kernels/layer_norm.h"

static void forward(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 60; round++) {
        int64_t a = CMP_PICK(1, 2, 7), rows = CMP_PICK(0, 1, 3, 50, 300), n = CMP_PICK(1, 2, 7, 16, 17, 33, 128, 300);
        lm__layer_norm attr = {1 + cmp_below(2), 1e-3, cmp_below(2), cmp_below(2)};
        c.op = "layer_norm", c.attr = &attr, c.nout = 1, c.tolerance = 3e-6;
        c.nin = 1;
        c.in[0] = c.out[0] = CMP_DESC(LM_F32, rows, a, n);
        for (int i = 0; i < attr.scale + attr.center; i++)
            c.in[c.nin++] = attr.axes == 2 ? CMP_DESC(LM_F32, a, n) : CMP_DESC(LM_F32, n);
        cmp_all(&c);
    }
    assert_true(c.ran > 50);
    check_contains(c.taken, "simd");
}

static void backward(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 60; round++) {
        int64_t a = CMP_PICK(1, 2, 7), rows = CMP_PICK(0, 1, 3, 50, 300), n = CMP_PICK(2, 7, 16, 17, 33, 128, 300);
        lm__layer_norm attr = {1 + cmp_below(2), 1e-3, cmp_below(2), false};
        c.op = "layer_norm_backward", c.attr = &attr, c.nin = 2, c.nout = 3, c.tolerance = 1e-5;
        c.in[0] = c.in[1] = c.out[0] = CMP_DESC(LM_F32, rows, a, n);
        c.out[1] = c.out[2] = attr.axes == 2 ? CMP_DESC(LM_F32, a, n) : CMP_DESC(LM_F32, n);
        if (attr.scale) c.in[c.nin++] = c.out[1];
        c.out_used = 1 + (uint64_t)cmp_below(7);
        cmp_all(&c);
    }
    assert_true(c.ran > 50);
    check_contains(c.taken, "simd");
}

/* A large mean must not swallow the variance. */
static void far_from_zero(void **state)
{
    cmp c = {0};
    lm__layer_norm attr = {1, 1e-3, false, false};
    (void)state;
    c.op = "layer_norm", c.attr = &attr, c.nin = c.nout = 1, c.tolerance = 1e-3;
    c.in[0] = c.out[0] = CMP_DESC(LM_F32, 5, 100);
    float *x = c.data[0] = lm__alloc(c.in[0].size * sizeof *x);
    for (size_t i = 0; i < c.in[0].size; i++) x[i] = 4096 + (float)cmp_below(64) / 16;
    cmp_all(&c);
    assert_true(c.ran > 0);
}

RUN(cmocka_unit_test(forward), cmocka_unit_test(backward), cmocka_unit_test(far_from_zero))
