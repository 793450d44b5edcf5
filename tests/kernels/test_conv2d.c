/* Fast convolutions, forward and both backward, against the reference: strides, dilation, groups, every padding. */
#include "support/check.h"

#include "kernels/compare.h"
#include "kernels/epilogue.h"

typedef struct shapes {
    lm__conv2d attr;
    int64_t image[4], kernel[4], result[4];
} shapes;

static int64_t results(const lm__conv2d *a, int axis, int64_t size, int64_t window)
{
    int64_t extent = lm__window_extent(window, a->dilation[axis]), stride = a->strides[axis];
    if (a->padding == LM__PAD_SAME) return (size + stride - 1) / stride;
    if (a->padding == LM__PAD_EXPLICIT) size += a->pads[2 * axis] + a->pads[2 * axis + 1];
    return size < extent ? 0 : (size - extent) / stride + 1;
}

static void finish(shapes *s)
{
    s->result[0] = s->image[0];
    for (int i = 0; i < 2; i++) s->result[1 + i] = results(&s->attr, i, s->image[1 + i], s->kernel[i]);
    s->result[3] = s->kernel[3];
}

static shapes random_shapes(void)
{
    shapes s = {.attr = {.groups = CMP_PICK(1, 1, 1, 2, 3)}};
    do {
        for (int i = 0; i < 2; i++) {
            s.attr.strides[i] = CMP_PICK(1, 1, 2, 3);
            s.attr.dilation[i] = CMP_PICK(1, 1, 2);
            s.kernel[i] = CMP_PICK(1, 2, 3, 5);
            s.image[1 + i] = CMP_PICK(1, 4, 7, 8, 13, 28);
        }
        s.attr.padding = cmp_below(3);
        for (int i = 0; i < 4; i++) s.attr.pads[i] = s.attr.padding == LM__PAD_EXPLICIT ? cmp_below(4) : 0;
        s.image[0] = CMP_PICK(1, 2, 5);
        s.kernel[2] = CMP_PICK(1, 1, 3, 4, 17);
        s.kernel[3] = CMP_PICK(1, 2, 7, 16, 32, 35) * s.attr.groups;
        s.image[3] = s.kernel[2] * s.attr.groups;
        finish(&s);
    } while (s.result[1] == 0 || s.result[2] == 0);
    return s;
}

/* All three directions, and forward with bias and activation. */
static void convolve(cmp *c, const shapes *s)
{
    static const struct {
        const char *op;
        int in[2], out;
    } ops[] = {{"conv2d", {0, 1}, 2}, {"conv2d_backward_input", {2, 1}, 0}, {"conv2d_backward_kernel", {0, 2}, 1}};
    const int64_t *dims[3] = {s->image, s->kernel, s->result};
    for (int i = 0; i < 3; i++) {
        c->op = ops[i].op, c->attr = &s->attr, c->nin = 2, c->nout = 1, c->tolerance = 4e-6;
        for (int k = 0; k < 2; k++) c->in[k] = cmp_desc(LM_F32, 4, dims[ops[i].in[k]]);
        c->out[0] = cmp_desc(LM_F32, 4, dims[ops[i].out]);
        cmp_all(c);
    }
    const lm__conv2d_fused fused = {s->attr, LM__ACT_NONE + cmp_below(4)};
    c->op = "conv2d_fused", c->attr = &fused, c->nin = 2 + cmp_below(2), c->tolerance *= 40;
    for (int k = 0; k < 2; k++) c->in[k] = cmp_desc(LM_F32, 4, dims[k]);
    c->in[2] = CMP_DESC(LM_F32, s->kernel[3]);
    c->out[0] = cmp_desc(LM_F32, 4, s->result);
    cmp_all(c);
}

static void random_convolutions(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 60; round++) {
        shapes s = random_shapes();
        convolve(&c, &s);
    }
    assert_true(c.ran > 300);
    check_contains(c.taken, "simd");
    check_contains(c.taken, "cells");
}

/* Shapes of real networks, cut into several units, slices and blocks. */
static void usual_convolutions(void **state)
{
    static const struct {
        int64_t image[4], kernel[4];
        int stride, padding;
    } cases[] = {
        {{32, 28, 28, 1}, {3, 3, 1, 32}, 1, LM__PAD_VALID}, {{4, 32, 32, 16}, {3, 3, 16, 32}, 2, LM__PAD_SAME},
        {{2, 14, 14, 64}, {3, 3, 64, 64}, 1, LM__PAD_SAME}, {{3, 20, 20, 24}, {1, 1, 24, 40}, 1, LM__PAD_VALID},
        {{1, 64, 64, 3}, {7, 7, 3, 20}, 2, LM__PAD_SAME},   {{2, 7, 7, 128}, {5, 5, 128, 12}, 1, LM__PAD_SAME},
        {{2, 8, 8, 32}, {1, 1, 32, 48}, 2, LM__PAD_VALID},
        {{34, 14, 14, 64}, {4, 4, 64, 128}, 2, LM__PAD_SAME}, {{5, 16, 16, 32}, {5, 5, 32, 48}, 2, LM__PAD_SAME}};
    cmp c = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        shapes s = {.attr = {.strides = {cases[i].stride, cases[i].stride}, .dilation = {1, 1}, .groups = 1,
                             .padding = cases[i].padding}};
        memcpy(s.image, cases[i].image, sizeof s.image);
        memcpy(s.kernel, cases[i].kernel, sizeof s.kernel);
        finish(&s);
        convolve(&c, &s);
    }
    assert_true(c.ran >= 20);
}

/* Small windows with stride 1 and 2 are done by Winograd's algorithm: odd sizes, every padding, channels that
 * fill no vector, units of several images and of a few rows. */
static void winograd_convolutions(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 80; round++) {
        int stride = 1 + cmp_below(2);
        shapes s = {
            .attr = {.strides = {stride, stride}, .dilation = {1, 1}, .groups = 1, .padding = cmp_below(3)}};
        s.image[0] = CMP_PICK(2, 5, 9);
        do {
            for (int i = 0; i < 2; i++) {
                s.kernel[i] = stride == 1 ? CMP_PICK(2, 3, 3) : CMP_PICK(3, 4, 4, 5, 6);
                s.image[1 + i] = CMP_PICK(4, 7, 8, 11, 16, 21, 38);
            }
            for (int i = 0; i < 4; i++) s.attr.pads[i] = s.attr.padding == LM__PAD_EXPLICIT ? cmp_below(4) : 0;
            s.image[3] = s.kernel[2] = stride == 1 ? CMP_PICK(8, 13, 16, 24, 32, 40) : CMP_PICK(8, 16, 24, 32);
            s.kernel[3] = CMP_PICK(8, 12, 16, 31, 32, 48);
            finish(&s);
        } while (s.result[1] == 0 || s.result[2] == 0);
        convolve(&c, &s);
    }
    check_contains(c.taken, "winograd");
}

/* The same for 4 x 4 with stride 2. */
static void winograd_by_2(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 30; round++) {
        shapes s = {.attr = {.strides = {2, 2}, .dilation = {1, 1}, .groups = 1, .padding = cmp_below(3)}};
        s.image[0] = CMP_PICK(2, 8, 19);
        for (int i = 0; i < 2; i++) {
            s.kernel[i] = 4;
            s.image[1 + i] = CMP_PICK(6, 7, 9, 14, 15, 16, 21);
        }
        for (int i = 0; i < 4; i++) s.attr.pads[i] = s.attr.padding == LM__PAD_EXPLICIT ? cmp_below(4) : 0;
        s.image[3] = s.kernel[2] = CMP_PICK(32, 48, 64);
        s.kernel[3] = CMP_PICK(32, 40, 48, 64);
        finish(&s);
        convolve(&c, &s);
    }
    check_contains(c.taken, "winograd");
}

static void empty_batch(void **state)
{
    cmp c = {0};
    (void)state;
    shapes s = {
        .attr = {.strides = {1, 1}, .dilation = {1, 1}, .groups = 1}, .image = {0, 5, 5, 2}, .kernel = {3, 3, 2, 4}};
    finish(&s);
    convolve(&c, &s);
    assert_true(c.ran > 0);
}

RUN(cmocka_unit_test(random_convolutions), cmocka_unit_test(usual_convolutions),
    cmocka_unit_test(winograd_convolutions), cmocka_unit_test(winograd_by_2), cmocka_unit_test(empty_batch))
