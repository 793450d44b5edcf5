/* Making tensors, their elements and their shapes. */
#include "support/check.h"

#include "base/status.h"
#include "support/oom.h"
#include "tensor/tensor.h"

#include <lamina/runtime.h>
#include <math.h>

#define DIMS(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__}

static void types_have_names_and_sizes(void **state)
{
    (void)state;
    static const size_t bytes[] = {4, 8, 2, 2, 1, 1, 4, 8, 1};
    for (int i = 0; i < LM_DTYPE_COUNT; i++) {
        lm_dtype parsed;
        check_ok(lm_dtype_parse(lm_dtype_name((lm_dtype)i), &parsed));
        assert_int_equal(parsed, i);
        assert_int_equal(lm_dtype_size(parsed), bytes[i]);
    }
    lm_dtype kept = LM_I8;
    assert_string_equal(lm_dtype_name(LM_DTYPE_COUNT), "?");
    assert_int_equal(lm_dtype_size((lm_dtype)-1), 0);
    check_status(lm_dtype_parse("flaot32", &kept), LM_NOT_FOUND);
    check_contains(lm_last_error(), "did you mean \"float32\"?");
    check_status(lm_dtype_parse("quaternion", &kept), LM_NOT_FOUND);
    assert_null(strstr(lm_last_error(), "did you mean"));
    check_status(lm_dtype_parse(NULL, &kept), LM_INVALID);
    assert_int_equal(kept, LM_I8);
}

static void shapes_are_checked(void **state)
{
    (void)state;
    size_t size;
    check_ok(lm__shape_size(DIMS(2, 3, 4), &size));
    assert_int_equal(size, 24);
    check_ok(lm__shape_size(0, NULL, &size));
    assert_int_equal(size, 1);
    check_ok(lm__shape_size(DIMS(INT64_MAX, 0, INT64_MAX), &size));
    assert_int_equal(size, 0);
    check_status(lm__shape_size(DIMS(2, -2), &size), LM_INVALID);
    check_contains(lm_last_error(), "(2, -2)");
    check_status(lm__shape_size(DIMS(LM_ANY, 3), &size), LM_INVALID);
    check_contains(lm_last_error(), "(None, 3)");
    check_status(lm__shape_size(DIMS(INT64_MAX, 2), &size), LM_INVALID);
    check_status(lm__shape_size(DIMS(1 << 30, 1 << 30, 16), &size), LM_INVALID);
    check_status(lm__shape_size(9, (int64_t[9]){1}, &size), LM_INVALID);
    check_status(lm__shape_size(-1, NULL, &size), LM_INVALID);
    check_status(lm__shape_size(2, NULL, &size), LM_INVALID);
}

static void shapes_print(void **state)
{
    (void)state;
    char text[64];
    assert_string_equal(lm__shape_text(DIMS(32, 28, 28, 1), text, sizeof text), "(32, 28, 28, 1)");
    assert_string_equal(lm__shape_text(DIMS(LM_ANY, 10), text, sizeof text), "(None, 10)");
    assert_string_equal(lm__shape_text(DIMS(7), text, sizeof text), "(7,)");
    assert_string_equal(lm__shape_text(0, NULL, text, sizeof text), "()");
    assert_string_equal(lm__shape_text(DIMS(123456, 123456), text, 8), "(123456");
    assert_string_equal(lm__shape_text(DIMS(5, 5, 5), text, 3), "(5");
}

static void a_new_tensor_is_zero(void **state)
{
    (void)state;
    size_t live = lm_memory().live;
    lm_tensor *t = lm_tensor_new(LM_F64, DIMS(3, 5));
    assert_int_equal(lm_failed(t), 0);
    assert_int_equal(lm_tensor_rank(t), 2);
    assert_int_equal(lm_tensor_size(t), 15);
    assert_int_equal(lm_tensor_bytes(t), 120);
    assert_int_equal(lm_tensor_dim(t, 1), 5);
    assert_int_equal(lm_tensor_dim(t, -2), 3);
    assert_int_equal(lm_tensor_dim(t, 2), 0);
    assert_int_equal(lm_tensor_dim(t, -3), 0);
    assert_int_equal(lm_tensor_dims(t)[0], 3);
    assert_int_equal((uintptr_t)lm_tensor_data(t) % 64, 0);
    for (size_t i = 0; i < 15; i++) assert_true(lm_tensor_get(t, i) == 0);
    ((double *)lm_tensor_data(t))[7] = 2.5;
    assert_true(lm_tensor_get(t, 7) == 2.5);
    assert_true(lm_tensor_get(t, 15) == 0);
    lm_free(t);
    assert_int_equal(lm_memory().live, live);
}

static void empty_and_scalar(void **state)
{
    (void)state;
    lm_tensor *empty = lm_tensor_new(LM_F32, DIMS(0, 4)), *one = lm_tensor_scalar(LM_I32, -7.9);
    assert_int_equal(lm_failed(empty), 0);
    assert_int_equal(lm_tensor_size(empty), 0);
    assert_int_equal(lm_tensor_rank(one), 0);
    assert_int_equal(lm_tensor_size(one), 1);
    assert_true(lm_tensor_get(one, 0) == -7);
    lm_free(empty), lm_free(one);
}

static int released;

static void release(void *user)
{
    released += *(int *)user;
}

static void wrapped_memory_is_given_back(void **state)
{
    (void)state;
    float data[6] = {1, 2, 3, 4, 5, 6};
    int user = 5;
    released = 0;
    lm_tensor *t = lm_tensor_wrap(LM_F32, DIMS(2, 3), data, release, &user);
    lm_tensor *row = lm_tensor_slice(t, 1, 2), *copy = lm_tensor_copy_of(LM_F32, DIMS(2, 3), data);
    assert_ptr_equal(lm_tensor_read(t), data);
    lm_free(t);
    assert_int_equal(released, 0);          /* the row still uses it */
    data[5] = 60;
    assert_true(lm_tensor_get(row, 2) == 60);
    assert_true(lm_tensor_get(copy, 5) == 6);
    lm_free(row), lm_free(copy);
    assert_int_equal(released, 5);
    lm_free(lm_tensor_wrap(LM_F32, DIMS(6), data, NULL, &user));
    assert_int_equal(released, 5);
    t = lm_tensor_wrap(LM_F32, DIMS(-6), data, release, &user);
    assert_int_equal(lm_failed(t), 1);
    lm_free(t);
    assert_int_equal(released, 5);
}

static void what_cannot_be_made_is_poisoned(void **state)
{
    (void)state;
    lm_tensor *bad[] = {
        lm_tensor_new(LM_F32, DIMS(2, -3)),
        lm_tensor_new((lm_dtype)99, DIMS(2)),
        lm_tensor_new(LM_F32, 3, NULL),
        lm_tensor_copy_of(LM_F32, DIMS(2), NULL),
        lm_tensor_wrap(LM_F32, DIMS(2), NULL, NULL, NULL),
        lm_tensor_new(LM_F32, DIMS((int64_t)1 << 62, 4)),
        lm_tensor_new(LM_U8, DIMS((int64_t)1 << 59)),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(lm_failed(bad[i]), 1);
        assert_int_equal(lm_status_of(bad[i]), i == 6 ? LM_NO_MEMORY : LM_INVALID);
        assert_true(strlen(lm_error(bad[i])) > 5);
        assert_null(lm_tensor_data(bad[i]));
        assert_int_equal(lm_tensor_size(bad[i]), 0);
        assert_int_equal(lm_tensor_bytes(bad[i]), 0);
        assert_true(lm_tensor_get(bad[i], 0) == 0);
        lm_free(bad[i]);
    }
    assert_null(lm_tensor_data(NULL));
    assert_null(lm_tensor_read(NULL));
    assert_int_equal(lm_tensor_rank(NULL) + (int)lm_tensor_size(NULL) + (int)lm_tensor_bytes(NULL), 0);
    assert_int_equal(lm_tensor_dims(NULL)[0], 0);
}

static void elements_convert(void **state)
{
    (void)state;
    static const double in[] = {0, 1.9, -1.9, 127.5, -128.5, 300, -300, 3e9, -3e9, 1e300, -1e300, NAN, INFINITY};
    static const double u8[] = {0, 1, 0, 127, 0, 255, 0, 255, 0, 255, 0, 0, 255};
    static const double i8[] = {0, 1, -1, 127, -128, 127, -128, 127, -128, 127, -128, 0, 127};
    static const double i32[] = {0, 1, -1, 127, -128, 300, -300, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN, 0,
                                 INT32_MAX};
    static const double i64[] = {0, 1, -1, 127, -128, 300, -300, 3e9, -3e9, 0x1p63, -0x1p63, 0, 0x1p63};
    int64_t room;
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        lm__store(LM_U8, &room, 0, in[i]);
        assert_true(lm__load(LM_U8, &room, 0) == u8[i]);
        lm__store(LM_I8, &room, 0, in[i]);
        assert_true(lm__load(LM_I8, &room, 0) == i8[i]);
        lm__store(LM_I32, &room, 0, in[i]);
        assert_true(lm__load(LM_I32, &room, 0) == i32[i]);
        lm__store(LM_I64, &room, 0, in[i]);
        assert_true(lm__load(LM_I64, &room, 0) == i64[i]);
        lm__store(LM_BOOL, &room, 0, in[i]);
        assert_true(lm__load(LM_BOOL, &room, 0) == (in[i] != 0));
        lm__store(LM_F32, &room, 0, in[i]);
        assert_true(lm__load(LM_F32, &room, 0) == (double)(float)in[i] || isnan(in[i]));
    }
    uint8_t odd_true = 7;
    assert_true(lm__load(LM_BOOL, &odd_true, 0) == 1);
}

static lm_status makes_tensors(void *unused)
{
    (void)unused;
    float data[4] = {0};
    lm_tensor *made[] = {lm_tensor_new(LM_F32, DIMS(4)), lm_tensor_copy_of(LM_F32, DIMS(4), data),
                         lm_tensor_wrap(LM_F32, DIMS(4), data, NULL, NULL), lm_tensor_scalar(LM_F32, 1)};
    lm_status status = LM_OK;
    for (int i = 0; i < 4; i++) {
        if (lm_failed(made[i])) status = lm_status_of(made[i]);
        lm_free(made[i]);
    }
    return status;
}

static void tensors_without_memory(void **state)
{
    (void)state;
    oom_each(makes_tensors, NULL);
}

RUN(cmocka_unit_test(types_have_names_and_sizes), cmocka_unit_test(shapes_are_checked),
    cmocka_unit_test(shapes_print), cmocka_unit_test(a_new_tensor_is_zero), cmocka_unit_test(empty_and_scalar),
    cmocka_unit_test(wrapped_memory_is_given_back), cmocka_unit_test(what_cannot_be_made_is_poisoned),
    cmocka_unit_test(elements_convert), cmocka_unit_test(tensors_without_memory))
