/* Preparing and opening kernels: every failing allocation is a status and leaves nothing behind; what a kernel cannot
 * do it declines. */
#include "support/check.h"

#include "kernels/axis.h"
#include "kernels/compare.h"
#include "kernels/epilogue.h"
#include "kernels/pool2d.h"
#include "kernels/reduce.h"
#include "support/oom.h"

static const lm__kernel *kernel_at_hand;

static lm_status prepare_once(void *user)
{
    const lm__problem *p = user;
    const lm__kernel *k = kernel_at_hand;
    lm__needs needs = {0};
    void *state = NULL, *local = NULL;
    LM_TRY(k->prepare(p, &needs, &state));
    lm_status status = k->open ? k->open(p, state, &local) : LM_OK;
    if (k->close && local) k->close(local);
    if (k->release && state) k->release(state);
    return status;
}

static int prepare_all(const char *op, const void *attr, int nin, const lm__desc *in, const lm__desc *out)
{
    int taken = 0;
    lm__problem p = {.op = op, .nin = nin, .nout = 1, .in = in, .out = out, .attr = attr, .out_used = 1,
                     .isa = lm__isa_level()};
    for (const lm__kernel *const *k = lm__fast_kernels(op); *k; k++) {
        kernel_at_hand = *k;
        if ((*k)->accepts && !(*k)->accepts(&p)) continue;
        if ((*k)->prepare) oom_each(prepare_once, &p);
        taken++;
    }
    return taken;
}

static void out_of_memory(void **state)
{
    (void)state;
    lm__desc a = CMP_DESC(LM_F32, 600, 600), bias = CMP_DESC(LM_F32, 600);
    lm__matmul_fused fused = {{false, true}, LM__ACT_RELU};
    assert_true(prepare_all("matmul", &fused, 2, (lm__desc[]){a, a}, &a) >= 1);
    assert_true(prepare_all("matmul_fused", &fused, 3, (lm__desc[]){a, a, bias}, &a) >= 1);
    lm__conv2d_fused conv = {{.strides = {1, 1}, .dilation = {1, 1}, .groups = 1, .padding = LM__PAD_SAME},
                             LM__ACT_NONE};
    lm__desc image = CMP_DESC(LM_F32, 9, 40, 40, 24), kernel = CMP_DESC(LM_F32, 3, 3, 24, 24);
    assert_true(prepare_all("conv2d", &conv, 2, (lm__desc[]){image, kernel}, &image) >= 1);
    assert_true(prepare_all("conv2d_fused", &conv, 2, (lm__desc[]){image, kernel}, &image) >= 1);
    assert_true(prepare_all("conv2d_backward_input", &conv, 2, (lm__desc[]){image, kernel}, &image) >= 1);
    assert_true(prepare_all("conv2d_backward_kernel", &conv, 2, (lm__desc[]){image, image}, &kernel) >= 1);
    lm__reduce_attr all = {{0, 1}, 2, false};
    lm__desc scalar = {.dtype = LM_F32, .size = 1};
    assert_true(prepare_all("sum", &all, 1, &a, &scalar) == 1);
    oom_off();
}

/* Types and axes that a kernel has no code for. */
static void declined(void **state)
{
    (void)state;
    lm__desc wide = CMP_DESC(LM_F64, 4, 4), narrow = CMP_DESC(LM_F32, 4, 4), image = CMP_DESC(LM_F64, 1, 4, 4, 8);
    lm__matmul plain = {0};
    lm__axis first = {0};
    lm__pool2d pool = {.size = {2, 2}, .strides = {2, 2}};
    assert_int_equal(prepare_all("matmul", &plain, 2, (lm__desc[]){wide, wide}, &wide), 0);
    assert_int_equal(prepare_all("softmax", &first, 1, &narrow, &narrow), 0);
    assert_int_equal(prepare_all("softmax", &(lm__axis){1}, 1, &narrow, &narrow), 1);
    assert_int_equal(prepare_all("max_pool2d", &pool, 1, &image, &image), 0);
    assert_true(lm__fast_kernels("no_such_op")[0] == NULL);
    oom_off();
}

RUN(cmocka_unit_test(out_of_memory), cmocka_unit_test(declined))
