/* Convolution with pooling, forward and for the kernel's gradient, against the reference. */
#include "support/check.h"

#include "kernels/compare.h"
#include "kernels/conv2d_pool.h"

typedef struct shapes {
    lm__conv2d_pool attr;
    int64_t image[4], kernel[4], small[4];
} shapes;

static shapes random_shapes(void)
{
    shapes s = {.attr = {.conv = {.activation = cmp_below(4)}}};
    lm__conv2d *conv = &s.attr.conv.conv;
    do {
        conv->groups = 1, conv->padding = cmp_below(2);
        s.image[0] = CMP_PICK(1, 2, 5), s.image[3] = s.kernel[2] = CMP_PICK(1, 2, 3, 8);
        s.kernel[3] = CMP_PICK(4, 8, 16, 20, 32, 40);
        for (int i = 0; i < 2; i++) {
            conv->strides[i] = CMP_PICK(1, 1, 2), conv->dilation[i] = 1;
            s.kernel[i] = CMP_PICK(1, 2, 3);
            s.image[1 + i] = CMP_PICK(6, 9, 15, 28);
            s.attr.pool.size[i] = s.attr.pool.strides[i] = CMP_PICK(2, 2, 2, 3);
            int64_t n = conv->padding == LM__PAD_SAME ? s.image[1 + i] + conv->strides[i] - 1
                                                      : s.image[1 + i] - s.kernel[i] + conv->strides[i];
            s.attr.between[1 + i] = n / conv->strides[i];
            s.small[1 + i] = s.attr.between[1 + i] / s.attr.pool.size[i];
        }
    } while (s.small[1] == 0 || s.small[2] == 0);
    s.attr.between[0] = s.small[0] = s.image[0];
    s.attr.between[3] = s.small[3] = s.kernel[3];
    return s;
}

static void forward_and_backward(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 60; round++) {
        shapes s = random_shapes();
        c.op = "conv2d_pool", c.attr = &s.attr, c.nin = 2 + cmp_below(2), c.nout = 2, c.tolerance = 1e-5;
        c.in[0] = cmp_desc(LM_F32, 4, s.image), c.in[1] = cmp_desc(LM_F32, 4, s.kernel);
        c.in[2] = CMP_DESC(LM_F32, s.kernel[3]);
        c.out[0] = cmp_desc(LM_F32, 4, s.small), c.out[1] = cmp_desc(LM_I32, 4, s.small);
        c.out_used = 1 + (uint64_t)cmp_below(3);
        cmp_fill(&c);
        if (round % 4 == 0)             /* NaN beats numbers, and the first of equals wins */
            for (int i = 0; i < 3; i++)
                ((float *)c.data[0])[(size_t)cmp_below((int)c.in[0].size)] = i < 2 ? NAN : INFINITY;
        cmp_reference(&c);
        int32_t *places = c.want[1];
        for (int isa = 0; isa <= (int)lm__isa_level(); isa++)
            for (const lm__kernel *const *kernel = lm__fast_kernels(c.op); *kernel; kernel++)
                cmp_kernel(&c, *kernel, (lm__isa)isa, 0);
        c.want[1] = NULL;
        cmp_free(&c);
        c.out_used = 0;

        lm__conv2d_pool_backward back = {.conv = s.attr.conv.conv, .pool = s.attr.pool};
        memcpy(back.between, s.attr.between, sizeof back.between);
        memcpy(back.kernel, s.kernel, sizeof back.kernel);
        c.op = "conv2d_pool_backward_kernel", c.attr = &back, c.nin = 3, c.nout = 1;
        c.in[1] = cmp_desc(LM_F32, 4, s.small), c.in[2] = cmp_desc(LM_I32, 4, s.small);
        c.out[0] = cmp_desc(LM_F32, 4, s.kernel);
        c.data[2] = places;
        cmp_all(&c);
    }
    assert_true(c.ran > 30);            /* for each level that LAMINA_ISA leaves */
    check_contains(c.taken, "simd");
}

RUN(cmocka_unit_test(forward_and_backward))
