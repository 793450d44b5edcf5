/* Products of bfloat16 numbers: the reference is the wide op on widened numbers, to the byte; oneDNN's kernels agree
 * with it up to the order of float32 sums, with 1, 2 and 3 threads. */
#include "support/check.h"

#include "kernels/compare.h"
#include "kernels/epilogue.h"
#include "kernels/narrow.h"
#include "kernels/onednn/onednn.h"
#include "ops/conv2d.h"
#include "tensor/tensor.h"

static void *random_bf16(size_t n)
{
    uint16_t *x = cmp_memory(n * sizeof *x);
    for (size_t i = 0; i < n; i++) x[i] = lm__f32_to_bf16((float)cmp_uniform());
    return x;
}

static float *widened(const uint16_t *x, size_t n)
{
    float *y = cmp_memory(n * sizeof *y);
    for (size_t i = 0; i < n; i++) y[i] = lm__bf16_to_f32(x[i]);
    return y;
}

/* c->in[0], in[1] are bfloat16, an in[2] float32; the wide op has the same attribute. taken: by a kernel, where there
 * is one at all. */
static void check(cmp *c, const char *wide, bool taken)
{
    for (int i = 0; i < 2; i++) c->data[i] = random_bf16(c->in[i].size);
    cmp_fill(c);
    const size_t bytes = cmp_bytes(&c->out[0]);
    float *narrow_result = cmp_memory(bytes), *wide_result = cmp_memory(bytes);
    float *a = widened(c->data[0], c->in[0].size), *b = widened(c->data[1], c->in[1].size);
    const lm__problem p = {.op = c->op, .nin = c->nin, .nout = 1, .in = c->in, .out = c->out, .attr = c->attr,
                           .out_used = ~(uint64_t)0};
    cmp_run(&cmp_op(c->op)->reference, &p, (const void *const *)c->data, (void *[]){narrow_result});
    lm__desc in[3] = {c->in[0], c->in[1], c->in[2]};
    in[0].dtype = in[1].dtype = LM_F32;
    lm__problem q = p;
    q.op = wide, q.in = in;
    cmp_run(&cmp_op(wide)->reference, &q, (const void *[]){a, b, c->data[2]}, (void *[]){wide_result});
    assert_memory_equal(narrow_result, wide_result, bytes);
    double *want = c->want[0] = cmp_memory(c->out[0].size * sizeof *want);
    for (size_t i = 0; i < c->out[0].size; i++) want[i] = wide_result[i];
    for (const lm__kernel *const *kernel = lm__fast_kernels(c->op); *kernel; kernel++)
        for (int stable = 0; stable < 2; stable++)
            cmp_kernel(c, *kernel, lm__isa_level(), stable ? ~(uint64_t)0 : 0);
    if (taken && lm__cpu_bf16() && lm__dnn_usable(lm__isa_level())) assert_true(c->ran > 0);
    else assert_int_equal(c->ran, 0);
    lm__free(narrow_result), lm__free(wide_result), lm__free(a), lm__free(b);
    cmp_free(c);
}

static void products(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = {{32, 128, 601}, {97, 251, 103}, {16, 1111, 130}, {2049, 33, 35}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int turned = 0; turned < 4; turned++) {
            const int64_t m = sizes[i][0], n = sizes[i][1], k = sizes[i][2];
            const lm__matmul_fused attr = {{turned & 1, turned >> 1}, turned & 1 ? LM__ACT_RELU : LM__ACT_NONE};
            cmp c = {.op = "matmul_bf16", .attr = &attr, .nin = turned > 1 ? 3 : 2, .nout = 1, .tolerance = 1e-5};
            c.in[0] = turned & 1 ? CMP_DESC(LM_BF16, k, m) : CMP_DESC(LM_BF16, m, k);
            c.in[1] = turned >> 1 ? CMP_DESC(LM_BF16, n, k) : CMP_DESC(LM_BF16, k, n);
            c.in[2] = CMP_DESC(LM_F32, n);
            c.out[0] = CMP_DESC(LM_F32, m, n);
            check(&c, "matmul_fused", true);
        }
}

static void convolutions(void **state)
{
    (void)state;
    for (int stride = 1; stride <= 2; stride++) {
        const lm__conv2d conv = {
            .strides = {stride, stride}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME};
        const int64_t out = (17 + stride - 1) / stride;
        const lm__desc image = CMP_DESC(LM_BF16, 35, 17, 17, 24), kernel = CMP_DESC(LM_BF16, 3, 3, 24, 107);
        const lm__desc result = CMP_DESC(LM_BF16, 35, out, out, 107);
        const lm__conv2d_fused fused = {conv, LM__ACT_RELU};
        cmp c = {.op = "conv2d_bf16", .attr = &fused, .nin = 3, .nout = 1, .tolerance = 1e-5,
                 .in = {image, kernel, CMP_DESC(LM_F32, 107)}, .out = {result}};
        c.out[0].dtype = LM_F32;
        check(&c, "conv2d_fused", true);
        const lm__conv2d_to input = {conv, lm__shape_of(4, image.dims)};
        const lm__conv2d_to weights = {conv, lm__shape_of(4, kernel.dims)};
        cmp d = {.op = "conv2d_backward_input_bf16", .attr = &input, .nin = 2, .nout = 1, .in = {result, kernel},
                 .out = {image}, .tolerance = 1e-5};
        d.out[0].dtype = LM_F32;
        check(&d, "conv2d_backward_input", true);
        cmp e = {.op = "conv2d_backward_kernel_bf16", .attr = &weights, .nin = 2, .nout = 1, .in = {image, result},
                 .out = {kernel}, .tolerance = 1e-5};
        e.out[0].dtype = LM_F32;
        check(&e, "conv2d_backward_kernel", true);
    }
}

/* A window that reaches far over a small image: the gradient of a cell that meets padding alone is 0. */
static void blind_cells(void **state)
{
    (void)state;
    for (int stride = 1; stride <= 2; stride++) {
        const lm__conv2d conv = {
            .strides = {stride, stride}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME};
        const int64_t out = (4 + stride - 1) / stride;
        const lm__desc image = CMP_DESC(LM_BF16, 128, 1, 4, 130), kernel = CMP_DESC(LM_BF16, 5, 5, 130, 80);
        const lm__desc result = CMP_DESC(LM_BF16, 128, 1, out, 80);
        const lm__conv2d_to weights = {conv, lm__shape_of(4, kernel.dims)};
        cmp c = {.op = "conv2d_backward_kernel_bf16", .attr = &weights, .nin = 2, .nout = 1, .in = {image, result},
                 .out = {kernel}, .tolerance = 1e-5};
        c.out[0].dtype = LM_F32;
        check(&c, "conv2d_backward_kernel", false);
    }
}

RUN(cmocka_unit_test(products), cmocka_unit_test(convolutions), cmocka_unit_test(blind_cells))
