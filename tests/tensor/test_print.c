/* Tensors as text. What is expected was printed by NumPy under set_printoptions(precision=4, suppress=True), but
 * for the cut after `rows` rows, which is ours. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "support/oom.h"
#include "tensor/tensor.h"

#include <math.h>

/* The text of a tensor, which it frees, must be this. */
static void check_text(lm_tensor *t, int rows, int decimals, const char *expected)
{
    lm__text out = {0};
    lm__tensor_text(t, &(lm_print_args){.rows = rows, .decimals = decimals}, &out);
    assert_int_equal(out.bad, 0);
    assert_string_equal(out.data, expected);
    lm__free(out.data);
    lm_free(t);
}

#define TENSOR(dtype, type, dims, ...)                                                                           \
    lm_tensor_copy_of(dtype, (int)(sizeof(dims) / sizeof *(dims)), dims, (type[]){__VA_ARGS__})

static const int64_t d1[] = {1}, d2[] = {2}, d3[] = {3}, d4[] = {4}, d22[] = {2, 2}, d232[] = {2, 3, 2}, d30[] = {30};

static void numbers_align(void **state)
{
    (void)state;
    check_text(TENSOR(LM_F32, float, d22, 1, 2.5f, -3, 4.125f), 6, 4, "[[ 1.     2.5  ]\n [-3.     4.125]]");
    check_text(TENSOR(LM_F32, float, d2, 0.1f, 0.25f), 6, 4, "[0.1  0.25]");
    check_text(TENSOR(LM_F64, double, d2, 1, 2), 6, 4, "[1. 2.]");
    check_text(TENSOR(LM_F64, double, d2, 1.23456, 2), 6, 2, "[1.23 2.  ]");
    check_text(TENSOR(LM_F64, double, d2, 1.23456, 2), 6, 0, "[1. 2.]");
    check_text(TENSOR(LM_I64, int64_t, d22, 1, -20, 300, 4), 6, 4, "[[  1 -20]\n [300   4]]");
    check_text(TENSOR(LM_I64, int64_t, d1, INT64_MIN), 6, 4, "[-9223372036854775808]");
    check_text(TENSOR(LM_BOOL, uint8_t, d22, 1, 0, 1, 1), 6, 4, "[[ True False]\n [ True  True]]");
    check_text(TENSOR(LM_BF16, uint16_t, d2, 0x3F80, 0xC020), 6, 4, "[ 1.  -2.5]");
    check_text(lm_tensor_scalar(LM_F32, 3.5), 6, 4, "3.5");
}

static void special_values_align(void **state)
{
    (void)state;
    check_text(TENSOR(LM_F64, double, d4, 1, NAN, -INFINITY, 22.25), 6, 4, "[ 1.     nan  -inf 22.25]");
    check_text(TENSOR(LM_F64, double, d2, NAN, -INFINITY), 6, 4, "[ nan -inf]");
}

static void large_and_tiny_have_exponents(void **state)
{
    (void)state;
    check_text(TENSOR(LM_F64, double, d2, 1e9, 2.5), 6, 4, "[1.0e+09 2.5e+00]");
    check_text(TENSOR(LM_F64, double, d2, 1.23456789e-30, 0), 6, 4, "[1.2346e-30 0.0000e+00]");
    check_text(TENSOR(LM_F64, double, d3, 1e-5, 1, 100000.25), 6, 4, "[     0.        1.   100000.25]");
    check_text(TENSOR(LM_F64, double, d1, 1.7976931348623157e308), 6, 17, "[1.79769313486231571e+308]");
    check_text(TENSOR(LM_F64, double, d1, -99999999.0), 6, 4, "[-99999999.]");
}

static lm_tensor *counting(int rank, const int64_t *dims)
{
    lm_tensor *t = lm_tensor_new(LM_I32, rank, dims);
    for (size_t i = 0; i < lm_tensor_size(t); i++) ((int32_t *)lm_tensor_data(t))[i] = (int32_t)i;
    return t;
}

static void dimensions_nest(void **state)
{
    (void)state;
    check_text(counting(3, d232), 6, 4,
               "[[[ 0  1]\n  [ 2  3]\n  [ 4  5]]\n\n [[ 6  7]\n  [ 8  9]\n  [10 11]]]");
    check_text(lm_tensor_new(LM_F32, 2, (int64_t[]){0, 3}), 6, 4, "[] (0, 3)");
}

static void long_lines_wrap(void **state)
{
    (void)state;
    lm_tensor *t = counting(1, d30), *f = lm_tensor_cast(t, LM_F64);
    check_text(lm_tensor_divide(f, 3), 6, 4,
               "[0.     0.3333 0.6667 1.     1.3333 1.6667 2.     2.3333 2.6667 3.\n"
               " 3.3333 3.6667 4.     4.3333 4.6667 5.     5.3333 5.6667 6.     6.3333\n"
               " 6.6667 7.     7.3333 7.6667 8.     8.3333 8.6667 9.     9.3333 9.6667]");
    lm_free(t), lm_free(f);
}

static void much_is_left_out(void **state)
{
    (void)state;
    check_text(counting(1, (int64_t[]){1200}), 6, 4, "[   0    1    2 ... 1197 1198 1199]");
    check_text(counting(2, (int64_t[]){2, 1200}), 6, 4,
               "[[   0    1    2 ... 1197 1198 1199]\n [1200 1201 1202 ... 2397 2398 2399]]");
    check_text(counting(2, (int64_t[]){9, 2}), 2, 4, "[[0 1]\n [2 3]\n ...]");
    check_text(counting(2, (int64_t[]){2, 2}), 2, 4, "[[0 1]\n [2 3]]");
    check_text(counting(3, (int64_t[]){9, 2, 1}), 1, 4, "[[[0]\n  [1]]\n\n ...]");
    check_text(counting(2, (int64_t[]){3, 1}), 0, 4, "[[0]\n [1]\n [2]]");
}

static void a_poisoned_tensor_says_why(void **state)
{
    (void)state;
    lm__text out = {0};
    lm_tensor *bad = lm_tensor_new(LM_F32, 1, (int64_t[]){-2});
    lm__tensor_text(bad, &(lm_print_args){.rows = 6, .decimals = 4}, &out);
    check_contains(out.data, "(-2,)");
    lm_free(bad);
    lm__tensor_text(NULL, &(lm_print_args){.rows = 6, .decimals = 4}, &out);
    check_contains(out.data, "NULL");
    lm__free(out.data);
}

static lm_status prints(void *tensor)
{
    lm__text out = {0};
    lm__tensor_text(tensor, &(lm_print_args){.rows = 6, .decimals = 4}, &out);
    lm__free(out.data);
    return out.bad ? LM_NO_MEMORY : LM_OK;
}

static void text_without_memory(void **state)
{
    (void)state;
    lm_tensor *t = counting(2, (int64_t[]){4, 100});
    oom_each(prints, t);
    lm_free(t);
}

RUN(cmocka_unit_test(numbers_align), cmocka_unit_test(special_values_align),
    cmocka_unit_test(large_and_tiny_have_exponents), cmocka_unit_test(dimensions_nest),
    cmocka_unit_test(long_lines_wrap), cmocka_unit_test(much_is_left_out),
    cmocka_unit_test(a_poisoned_tensor_says_why), cmocka_unit_test(text_without_memory))
