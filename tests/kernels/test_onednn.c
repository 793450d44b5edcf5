/* oneDNN's kernels: against the reference on problems large enough for them, side by side in several threads, inside
 * a parallel region of OpenMP, and without threads of its own. */
#include "support/check.h"

#include "kernels/compare.h"
#include "kernels/epilogue.h"
#include "kernels/onednn/onednn.h"
#include <dirent.h>
#include <lamina/runtime.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

static void need_library(void)
{
    if (!lm__dnn_usable(lm__isa_level())) skip();
}

static void convolve(cmp *c, const lm__conv2d *attr, const int64_t *image, const int64_t *kernel,
                     const int64_t *result)
{
    static const struct {
        const char *op;
        int in[2], out;
    } ops[] = {{"conv2d", {0, 1}, 2}, {"conv2d_backward_input", {2, 1}, 0}, {"conv2d_backward_kernel", {0, 2}, 1}};
    const int64_t *dims[3] = {image, kernel, result};
    const lm__conv2d_fused fused = {*attr, LM__ACT_RELU};
    for (int i = 0; i < 4; i++) {
        c->op = i < 3 ? ops[i].op : "conv2d_fused", c->attr = i < 3 ? (const void *)attr : &fused;
        c->nin = i < 3 ? 2 : 3, c->nout = 1, c->tolerance = 6e-6;
        for (int k = 0; k < 2; k++) c->in[k] = cmp_desc(LM_F32, 4, dims[ops[i % 3].in[k]]);
        c->in[2] = CMP_DESC(LM_F32, kernel[3]);
        c->out[0] = cmp_desc(LM_F32, 4, dims[ops[i % 3].out]);
        cmp_all(c);
    }
}

static void convolutions(void **state)
{
    cmp c = {0};
    (void)state;
    need_library();
    lm__conv2d same = {.strides = {1, 1}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME};
    convolve(&c, &same, (int64_t[]){9, 26, 28, 32}, (int64_t[]){3, 3, 32, 32}, (int64_t[]){9, 26, 28, 32});
    lm__conv2d strided = {.strides = {2, 1}, .dilation = {1, 2}, .groups = 2, .padding = LM__PAD_EXPLICIT,
                          .pads = {1, 0, 2, 1}};
    convolve(&c, &strided, (int64_t[]){7, 40, 33, 48}, (int64_t[]){3, 3, 24, 64}, (int64_t[]){7, 20, 32, 64});
    lm__conv2d depthwise = {.strides = {1, 1}, .dilation = {1, 1}, .groups = 32, .padding = LM__PAD_SAME};
    convolve(&c, &depthwise, (int64_t[]){9, 30, 30, 32}, (int64_t[]){3, 3, 1, 32}, (int64_t[]){9, 30, 30, 32});
    check_contains(c.taken, "onednn");
}

static void products(void **state)
{
    cmp c = {0};
    (void)state;
    need_library();
    for (int t = 0; t < 4; t++) {
        lm__matmul_fused fused = {{t & 1, t >> 1}, LM__ACT_NONE};
        int64_t m = 500, n = 430, k = 480;
        c.attr = &fused, c.nin = 2, c.nout = 1, c.tolerance = 6e-6, c.op = "matmul";
        c.in[0] = t & 1 ? CMP_DESC(LM_F32, k, m) : CMP_DESC(LM_F32, m, k);
        c.in[1] = t & 2 ? CMP_DESC(LM_F32, n, k) : CMP_DESC(LM_F32, k, n);
        c.out[0] = CMP_DESC(LM_F32, m, n);
        c.in[2] = CMP_DESC(LM_F32, n);
        if (t == 3) c.op = "matmul_fused", c.nin = 3, fused.activation = LM__ACT_RELU;
        cmp_all(&c);
    }
    check_contains(c.taken, "onednn");
}

static int threads_of_process(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;
    assert_non_null(tasks);
    while (readdir(tasks)) count++;
    closedir(tasks);
    return count - 2;
}

/* One product of 160³, which must come out as `want` (all 160 where the factors are 1). */
static lm_status product_of_ones(lm__dnn *primitive)
{
    enum { N = 160 };
    lm__dnn_call *call;
    float *x = lm__alloc(3 * N * N * sizeof *x);
    void *scratch = lm__alloc(lm__dnn_scratch(primitive) + 1);
    for (int i = 0; i < 2 * N * N; i++) x[i] = 1;
    lm_status status = lm__dnn_open(primitive, &call);
    for (int round = 0; round < 20 && status == LM_OK; round++) {
        memset(x + 2 * N * N, 0, N * N * sizeof *x);
        status = lm__dnn_run(call, x, x + N * N, x + 2 * N * N, scratch);
        for (int i = 0; i < N * N && status == LM_OK; i++)
            if (x[2 * N * N + i] != N) status = LM_INTERNAL;
    }
    lm__dnn_close(call);
    lm__free(scratch);
    lm__free(x);
    return status;
}

static void *product_thread(void *primitive)
{
    return (void *)(intptr_t)product_of_ones(primitive);
}

static lm__dnn *make_product(void)
{
    lm__dnn *primitive;
    lm__dnn_product p = {.m = 160, .n = 160, .k = 160, .a = {160, 1}, .b = {160, 1}, .c = {160, 1}};
    check_ok(lm__dnn_product_new(&p, &primitive));
    return primitive;
}

static void side_by_side(void **state)
{
    pthread_t threads[3];
    void *result;
    (void)state;
    need_library();
    lm__dnn *primitive = make_product();
    int before = threads_of_process();
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&threads[i], NULL, product_thread, primitive), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], &result);
        assert_int_equal((intptr_t)result, LM_OK);
    }
    lm__dnn_free(primitive);
    for (int i = 0; i < 1000 && threads_of_process() > before; i++) usleep(1000);   /* joined, not gone yet */
    assert_int_equal(threads_of_process(), before);     /* none of OpenMP's */
}

static void inside_openmp(void **state)
{
    (void)state;
#ifdef _OPENMP
    need_library();
    lm__dnn *primitive = make_product();
    int failed = 0;
#pragma omp parallel num_threads(3) reduction(+ : failed)
    failed += product_of_ones(primitive) != LM_OK;
    assert_int_equal(failed, 0);
    lm__dnn_free(primitive);
#else
    skip();
#endif
}

static void its_version_is_told(void **state)
{
    (void)state;
    const char *version = lm_onednn_version();
    assert_int_equal(strcmp(version, "none") != 0, lm__dnn_usable(lm__isa_level()));
    assert_true(strcmp(version, "none") == 0 || strncmp(version, "2.", 2) == 0);
    assert_ptr_equal(version, lm_onednn_version());
}

RUN(cmocka_unit_test(its_version_is_told), cmocka_unit_test(convolutions), cmocka_unit_test(products),
    cmocka_unit_test(side_by_side), cmocka_unit_test(inside_openmp))
