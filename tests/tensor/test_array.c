/* Tensors from tensors. */
#include "support/check.h"

#include "support/oom.h"
#include "tensor/tensor.h"

#include <lamina/runtime.h>
#include <math.h>

#define DIMS(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}

/* 0, 1, 2, … */
static lm_tensor *counting(lm_dtype dtype, int rank, const int64_t *dims)
{
    lm_tensor *t = lm_tensor_new(dtype, rank, dims);
    for (size_t i = 0; i < lm_tensor_size(t); i++) lm__store(dtype, lm_tensor_data(t), i, (double)i);
    return t;
}

static void check_failed(lm_tensor *t, const char *piece)
{
    assert_int_equal(lm_failed(t), 1);
    check_contains(lm_error(t), piece);
    lm_free(t);
}

static void reshape_shares(void **state)
{
    (void)state;
    lm_tensor *t = counting(LM_F32, DIMS(3, 4)), *r = lm_tensor_reshape_to(t, 2, LM_ANY);
    lm_tensor *s = lm_tensor_reshape_to(r, 12);
    assert_int_equal(lm_tensor_rank(r), 2);
    assert_int_equal(lm_tensor_dim(r, 1), 6);
    assert_ptr_equal(lm_tensor_data(t), lm_tensor_data(s));
    lm_free(t), lm_free(r);
    assert_true(lm_tensor_get(s, 11) == 11);
    lm_free(s);
}

static void reshape_checks(void **state)
{
    (void)state;
    lm_tensor *t = counting(LM_F32, DIMS(3, 4)), *empty = lm_tensor_new(LM_F32, DIMS(0, 4));
    check_failed(lm_tensor_reshape_to(t, 5, LM_ANY), "cannot reshape (3, 4) with 12 elements to (5, None)");
    check_failed(lm_tensor_reshape_to(t, 13), "(13,)");
    check_failed(lm_tensor_reshape_to(t, LM_ANY, LM_ANY), "only one");
    check_failed(lm_tensor_reshape_to(t, -2, 6), "negative");
    check_failed(lm_tensor_reshape_to(t, 0, LM_ANY), "cannot reshape");
    check_failed(lm_tensor_reshape_to(NULL, 3), "NULL");
    check_failed(lm_tensor_reshape(t, 9, NULL), "9 dimensions");
    check_failed(lm_tensor_reshape_to(t, INT64_MAX, INT64_MAX, LM_ANY), "memory");
    lm_tensor *r = lm_tensor_reshape_to(empty, LM_ANY, 2), *one = lm_tensor_scalar(LM_F32, 3);
    lm_tensor *v = lm_tensor_reshape_to(one, 1, 1);
    assert_int_equal(lm_tensor_dim(r, 0), 0);
    assert_int_equal(lm_failed(r), 0);
    assert_true(lm_tensor_get(v, 0) == 3);
    lm_free(t), lm_free(empty), lm_free(r), lm_free(one), lm_free(v);
}

static void slice_as_python(void **state)
{
    (void)state;
    static const int64_t cases[][4] = {     /* begin, end, first, rows: range(10)[begin:end] */
        {0, 10, 0, 10}, {2, 5, 2, 3},   {-3, 10, 7, 3}, {0, -8, 0, 2},   {5, 2, 0, 0},          {-100, 3, 0, 3},
        {8, 100, 8, 2}, {10, 12, 0, 0}, {-1, -1, 0, 0}, {4, INT64_MAX, 4, 6}, {INT64_MIN, 1, 0, 1},
    };
    lm_tensor *t = counting(LM_I64, DIMS(10, 3));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lm_tensor *s = lm_tensor_slice(t, cases[i][0], cases[i][1]);
        assert_int_equal(lm_failed(s), 0);
        assert_int_equal(lm_tensor_dim(s, 0), cases[i][3]);
        assert_int_equal(lm_tensor_dim(s, 1), 3);
        if (cases[i][3]) assert_true(lm_tensor_get(s, 0) == (double)(3 * cases[i][2]));
        lm_free(s);
    }
    lm_tensor *one = lm_tensor_scalar(LM_F32, 3);
    check_failed(lm_tensor_slice(one, 0, 1), "no rows");
    lm_free(one), lm_free(t);
}

static void divide_as_numpy(void **state)
{
    (void)state;
    lm_tensor *pixels = counting(LM_U8, DIMS(256)), *scaled = lm_tensor_divide(pixels, 255);
    assert_int_equal(lm_tensor_dtype(scaled), LM_F32);
    const float *f = lm_tensor_read(scaled);
    for (int i = 0; i < 256; i++) assert_true(f[i] == (float)i / 255.0f);
    static const lm_dtype floats[] = {LM_F32, LM_F64, LM_BF16, LM_F16};
    for (int i = 0; i < 4; i++) {
        lm_tensor *x = counting(floats[i], DIMS(20)), *y = lm_tensor_divide(x, 4), *z = lm_tensor_divide(x, 1);
        assert_int_equal(lm_tensor_dtype(y), floats[i]);
        for (size_t k = 0; k < 20; k++) assert_true(lm_tensor_get(y, k) == (double)k / 4);
        assert_true(lm_tensor_get(z, 19) == 19);
        lm_free(x), lm_free(y), lm_free(z);
    }
    lm_tensor *x = lm_tensor_scalar(LM_F64, 1), *y = lm_tensor_divide(x, 3), *z = lm_tensor_divide(x, 0);
    assert_true(lm_tensor_get(y, 0) == 1.0 / 3);
    assert_true(isinf(lm_tensor_get(z, 0)));
    lm_free(x), lm_free(y), lm_free(z), lm_free(pixels), lm_free(scaled);
    check_failed(lm_tensor_divide(NULL, 2), "divide: NULL");
}

static void cast_between_all_types(void **state)
{
    (void)state;
    for (int from = 0; from < LM_DTYPE_COUNT; from++)
        for (int to = 0; to < LM_DTYPE_COUNT; to++) {
            lm_tensor *t = counting((lm_dtype)from, DIMS(2, 60)), *c = lm_tensor_cast(t, (lm_dtype)to);
            assert_int_equal(lm_tensor_dtype(c), to);
            assert_int_equal(lm_tensor_dim(c, 1), 60);
            for (size_t i = 0; i < 120; i++)
                assert_true(lm_tensor_get(c, i) == (from == LM_BOOL || to == LM_BOOL ? i > 0 : (double)i));
            lm_free(t), lm_free(c);
        }
    lm_tensor *big = lm_tensor_copy_of(LM_I64, 0, NULL, &(int64_t){INT64_MAX - 1});
    lm_tensor *same = lm_tensor_cast(big, LM_I64);
    assert_true(*(const int64_t *)lm_tensor_read(same) == INT64_MAX - 1);       /* not by way of double */
    check_failed(lm_tensor_cast(big, (lm_dtype)50), "element type");
    lm_free(big), lm_free(same);
    lm_tensor *empty = lm_tensor_new(LM_F32, DIMS(0)), *none = lm_tensor_cast(empty, LM_I32);
    assert_int_equal(lm_failed(none), 0);
    lm_free(empty), lm_free(none);
}

static void large_arrays_by_any_number_of_threads(void **state)
{
    (void)state;
    lm_tensor *x = counting(LM_F32, DIMS(7, 30011)), *results[4];
    for (int threads = 1; threads <= 3; threads++) {
        check_ok(lm_set_threads(threads));
        results[threads] = lm_tensor_divide(x, 7);
    }
    for (int threads = 2; threads <= 3; threads++)
        assert_memory_equal(lm_tensor_read(results[1]), lm_tensor_read(results[threads]), lm_tensor_bytes(x));
    assert_true(lm_tensor_get(results[1], 210076) == (double)(210076.0f / 7.0f));
    for (int threads = 1; threads <= 3; threads++) lm_free(results[threads]);
    lm_free(x);
}

static void a_poisoned_argument_passes_on(void **state)
{
    (void)state;
    lm_tensor *bad = lm_tensor_new(LM_F32, DIMS(-5));
    check_failed(lm_tensor_reshape_to(bad, 3), "(-5,)");
    check_failed(lm_tensor_cast(bad, LM_F64), "(-5,)");
    check_failed(lm_tensor_slice(bad, 0, 1), "(-5,)");
    check_failed(lm_tensor_divide(bad, 2), "(-5,)");
    lm_free(bad);
}

static lm_status makes_from_others(void *unused)
{
    (void)unused;
    lm_status status = LM_OK;
    lm_tensor *t = lm_tensor_new(LM_U8, DIMS(6, 2));
    lm_tensor *made[] = {t, lm_tensor_reshape_to(t, 12), lm_tensor_slice(t, 1, 3), lm_tensor_divide(t, 2),
                         lm_tensor_cast(t, LM_I32)};
    for (int i = 0; i < 5; i++) {
        if (lm_failed(made[i])) status = lm_status_of(made[i]);
        lm_free(made[i]);
    }
    return status;
}

static void without_memory(void **state)
{
    (void)state;
    oom_each(makes_from_others, NULL);
}

RUN(cmocka_unit_test(reshape_shares), cmocka_unit_test(reshape_checks), cmocka_unit_test(slice_as_python),
    cmocka_unit_test(divide_as_numpy), cmocka_unit_test(cast_between_all_types),
    cmocka_unit_test(large_arrays_by_any_number_of_threads), cmocka_unit_test(a_poisoned_argument_passes_on),
    cmocka_unit_test(without_memory))
