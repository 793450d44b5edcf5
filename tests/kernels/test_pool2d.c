/* Fast pooling against the reference: maxima with their places, and gradients put back. */
#include "support/check.h"

#include "kernels/compare.h"
#include "kernels/pool2d.h"

static int64_t results(int64_t padding, int64_t size, int64_t window, int64_t stride)
{
    if (padding == LM__PAD_SAME) return (size + stride - 1) / stride;
    return size < window ? 0 : (size - window) / stride + 1;
}

/* With equal neighbours and NaN among the numbers, where which one wins matters. */
static float *images(size_t n)
{
    float *x = lm__alloc(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = cmp_below(50) == 0 ? NAN : (float)cmp_below(7) - 3;
    return x;
}

static void pool(cmp *c, const lm__pool2d *attr, const int64_t *image)
{
    int64_t small[4] = {image[0], results(attr->padding, image[1], attr->size[0], attr->strides[0]),
                        results(attr->padding, image[2], attr->size[1], attr->strides[1]), image[3]};
    if (small[1] == 0 || small[2] == 0) return;
    c->op = "max_pool2d", c->attr = attr, c->nin = 1, c->nout = 2, c->tolerance = 0;
    c->in[0] = cmp_desc(LM_F32, 4, image);
    c->out[0] = cmp_desc(LM_F32, 4, small);
    c->out[1] = cmp_desc(LM_I32, 4, small);
    c->data[0] = images(c->in[0].size);
    c->out_used = 1 + cmp_below(3);
    cmp_fill(c);
    cmp_reference(c);
    void *places = c->want[1];
    for (int isa = 0; isa <= (int)lm__isa_level(); isa++)
        for (const lm__kernel *const *kernel = lm__fast_kernels(c->op); *kernel; kernel++)
            cmp_kernel(c, *kernel, (lm__isa)isa, 0);
    c->want[1] = NULL;
    cmp_free(c);
    c->out_used = 0;

    c->op = "max_pool2d_scatter", c->attr = NULL, c->nin = 2, c->nout = 1, c->tolerance = 1e-6;
    c->in[0] = c->out[0], c->in[1] = c->out[1];
    c->out[0] = cmp_desc(LM_F32, 4, image);
    c->data[1] = places;
    cmp_all(c);
}

static void random_pools(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 60; round++) {
        lm__pool2d attr = {.size = {CMP_PICK(1, 2, 2, 3), CMP_PICK(1, 2, 2, 3)}, .padding = cmp_below(2)};
        attr.strides[0] = cmp_below(3) ? attr.size[0] : CMP_PICK(1, 2), attr.strides[1] = attr.size[1];
        pool(&c, &attr,
             (int64_t[]){CMP_PICK(1, 3, 20), CMP_PICK(1, 4, 7, 26), CMP_PICK(2, 5, 26), CMP_PICK(4, 7, 16, 32, 33)});
    }
    assert_true(c.ran > 150);
    check_contains(c.taken, "simd");
}

/* Places that no window of the assumed size has, and one outside the plane. */
static void strange_places(void **state)
{
    const lm__kernel *kernel = lm__fast_kernels("max_pool2d_scatter")[0];
    lm__desc in[2] = {CMP_DESC(LM_F32, 1, 1, 2, 4), CMP_DESC(LM_I32, 1, 1, 2, 4)}, out = CMP_DESC(LM_F32, 1, 2, 4, 4);
    lm__problem p = {.op = "max_pool2d_scatter", .nin = 2, .nout = 1, .in = in, .out = &out, .isa = lm__isa_level()};
    float dy[8] = {1, 2, 3, 4, 5, 6, 7, 8}, dx[32];
    int32_t places[8] = {7, 7, 0, 0, 7, 1, 0, 3};
    (void)state;
    cmp_run(kernel, &p, (const void *[]){dy, places}, (void *[]){dx});
    assert_true(dx[28] == 1 + 5 && dx[29] == 2 && dx[1 * 4 + 1] == 6 && dx[2] == 3 + 7 && dx[3] == 4 && dx[15] == 8);
    places[5] = 8;
    lm__run run = {.problem = &p, .in = (const void *[]){dy, places}, .out = (void *[]){dx}};
    check_status(kernel->run(&run), LM_INVALID);
    check_contains(lm_last_error(), "place 8 lies outside a plane of 8 cells");
}

RUN(cmocka_unit_test(random_pools), cmocka_unit_test(strange_places))
