/* tests/data/test_data_map.c: elements through a function, and out of one. */
#include "data_test.h"

#include <stdatomic.h>

/* x * 2 + 1 as f32, one number wider; y as it is. */
static lm_status widen(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user, (void)random;
    const int32_t *from = lm_tensor_read(in[0]);
    float *to = lm_tensor_data(out[0]);
    size_t rows = lm_tensor_size(in[0]) / WIDTH;
    assert_int_equal(lm_tensor_size(out[0]), rows * (WIDTH + 1));
    for (size_t r = 0; r < rows; r++) {
        for (int k = 0; k < WIDTH; k++)
            to[r * (WIDTH + 1) + (size_t)k] = 2.0f * (float)from[r * WIDTH + (size_t)k] + 1;
        to[r * (WIDTH + 1) + WIDTH] = -1;
    }
    assert_int_equal(lm_tensor_bytes(in[1]), lm_tensor_bytes(out[1]));
    memcpy(lm_tensor_data(out[1]), lm_tensor_read(in[1]), lm_tensor_bytes(in[1]));
    return LM_OK;
}

static void check_widened(lm_dataset *ds, int64_t n)
{
    lm_tensor *x = lm_data_array(ds, 0), *y = lm_data_array(ds, 1);
    assert_string_equal(lm_error(x), "");
    assert_int_equal(lm_tensor_dtype(x), LM_F32);
    assert_true(lm_tensor_dim(x, 0) == n && lm_tensor_dim(x, 1) == WIDTH + 1);
    for (int64_t i = 0; i < n; i++) {
        assert_int_equal((int)lm_tensor_get(y, (size_t)i), i);
        for (int k = 0; k <= WIDTH; k++)
            assert_true(lm_tensor_get(x, (size_t)(i * (WIDTH + 1) + k)) ==
                        (k == WIDTH ? -1 : 2 * (double)(i * 10 + k) + 1));
    }
    lm_free(x), lm_free(y), lm_free(ds);
}

static void maps_examples_and_batches(void **state)
{
    (void)state;
    lm_tensor *one[] = {lm_tensor_new(LM_F32, 1, (int64_t[]){WIDTH + 1}), lm_tensor_new(LM_U8, 0, NULL)};
    lm_tensor *four[] = {lm_tensor_new(LM_F32, 2, (int64_t[]){4, WIDTH + 1}),
                         lm_tensor_new(LM_U8, 1, (int64_t[]){4})};
    check_widened(lm_data_map(numbers(10), widen, NULL, 2, one), 10);
    check_widened(lm_data_batch(lm_data_map(numbers(10), widen, NULL, 2, one), 4, false), 10);
    check_widened(lm_data_map(lm_data_batch(numbers(10), 4, false), widen, NULL, 2, four), 10);
    check_widened(lm_data_map(lm_data_batch(numbers(3), 4, false), widen, NULL, 2, four), 3);
    int64_t dims[LM_MAX_RANK];
    lm_dataset *ds = lm_data_map(lm_data_batch(numbers(10), 4, false), widen, NULL, 2, four);
    assert_int_equal(lm_data_shape(ds, 0, NULL, dims), 2);
    assert_true(dims[0] == LM_ANY && dims[1] == WIDTH + 1);
    lm_free(ds);
    check_refused(lm_data_map(lm_data_batch(numbers(10), 4, false), widen, NULL, 2, one), LM_INVALID, "batches of 4");
    for (int i = 0; i < 2; i++) lm_free(one[i]), lm_free(four[i]);
}

/* Writes the number it was given in place of y. */
static lm_status show_random(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user, (void)in;
    memcpy(lm_tensor_data(out[0]), &random, sizeof random);
    return LM_OK;
}

static lm_dataset *randoms(uint64_t seed)
{
    lm_tensor *like = lm_tensor_new(LM_I64, 0, NULL);
    lm_dataset *ds = lm_data_map(lm_data_shuffle(numbers(20), seed), show_random, NULL, 1, &like);
    lm_free(like);
    return ds;
}

static void numbers_of(lm_dataset *ds, int64_t epoch, int64_t start, int64_t *out)
{
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(ds, epoch, start);
    while (lm_iterator_next(it, tensors) > 0) *out++ = *(const int64_t *)lm_tensor_read(tensors[0]);
    lm_free(it);
}

static void random_depends_on_seed_epoch_and_element(void **state)
{
    (void)state;
    int64_t a[20], b[20];
    lm_dataset *ds = randoms(1), *other = randoms(2), *ahead = lm_data_prefetch(randoms(1), 3);
    numbers_of(ds, 0, 0, a);
    for (int i = 0; i < 20; i++)
        for (int k = 0; k < i; k++) assert_true(a[i] != a[k]);
    numbers_of(ds, 0, 0, b);
    assert_memory_equal(a, b, sizeof a);
    numbers_of(ahead, 0, 0, b);
    assert_memory_equal(a, b, sizeof a);
    numbers_of(ds, 0, 15, b);
    assert_memory_equal(a + 15, b, 5 * sizeof *a);
    numbers_of(ds, 1, 0, b);
    for (int i = 0; i < 20; i++) assert_true(a[i] != b[i]);
    numbers_of(other, 0, 0, b);
    for (int i = 0; i < 20; i++) assert_true(a[i] != b[i]);
    lm_free(ds), lm_free(other), lm_free(ahead);
}

static lm_status fail_on_13(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)random;
    int y = (int)lm_tensor_get(in[1], 0);
    for (int i = 0; i < 2; i++) memcpy(lm_tensor_data(out[i]), lm_tensor_read(in[i]), lm_tensor_bytes(in[i]));
    if (y != 13) return LM_OK;
    lm_dtype unused;
    return user ? lm_dtype_parse("float23", &unused) : LM_IO;       /* a message of its own, or none */
}

/* Reads up to the failure; the iterator says the same until it is restarted. */
static void check_fails(lm_dataset *ds, int64_t before, lm_status wanted, const char *part)
{
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    for (int round = 0; round < 2; round++) {
        for (int64_t i = 0; i < before; i++) assert_int_equal(lm_iterator_next(it, tensors), 2);
        assert_int_equal(lm_iterator_next(it, tensors), -1);
        assert_int_equal(lm_last_status(), wanted);
        check_contains(lm_last_error(), "element 13");
        check_contains(lm_last_error(), part);
        assert_int_equal(lm_iterator_next(it, tensors), -1);
        assert_int_equal(lm_status_of(it), wanted);
        check_contains(lm_error(it), part);
        check_ok(lm_iterator_restart(it, 0));
    }
    lm_free(it);
    lm_tensor *all = lm_data_array(ds, 0);
    assert_int_equal(lm_status_of(all), wanted);
    lm_free(all), lm_free(ds);
}

static void failures_name_the_element(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        void *user = i ? &i : NULL;
        lm_status wanted = i ? LM_NOT_FOUND : LM_IO;
        const char *part = i ? "float23" : lm_status_text(LM_IO);
        check_fails(lm_data_map(numbers(20), fail_on_13, user, 0, NULL), 13, wanted, part);
        check_fails(lm_data_prefetch(lm_data_map(numbers(20), fail_on_13, user, 0, NULL), 4), 13, wanted, part);
        check_fails(lm_data_cache(lm_data_map(numbers(20), fail_on_13, user, 0, NULL)), 13, wanted, part);
        check_fails(lm_data_batch(lm_data_prefetch(lm_data_map(numbers(20), fail_on_13, user, 0, NULL), 4), 5, false),
                    2, wanted, part);
    }
}

/* --- from a function -------------------------------------------------------------------------------------------- */

static atomic_int released;

static void release(void *user)
{
    (void)user;
    released++;
}

static lm_status make(void *user, int64_t index, lm_tensor *const *out)
{
    if (user && index == *(int64_t *)user) return LM_UNSUPPORTED;
    for (int k = 0; k < WIDTH; k++) ((int32_t *)lm_tensor_data(out[0]))[k] = (int32_t)(index % 200 * 10 + k);
    *(uint8_t *)lm_tensor_data(out[1]) = (uint8_t)(index % 200);
    return LM_OK;
}

static lm_dataset *made(int64_t count, int64_t *bad)
{
    lm_tensor *like[] = {lm_tensor_new(LM_I32, 1, (int64_t[]){WIDTH}), lm_tensor_new(LM_U8, 0, NULL)};
    lm_dataset *ds = lm_data_from_function(count, 2, like, make, bad, release);
    lm_free(like[0]), lm_free(like[1]);
    return ds;
}

static void functions_make_elements(void **state)
{
    (void)state;
    static pass p, q;
    int64_t bad = 13;
    lm_dataset *ds = lm_data_batch(lm_data_shuffle(made(30, NULL), 1), 4, false), *like = lm_data_batch(
        lm_data_shuffle(numbers(30), 1), 4, false);
    released = 0;
    read_pass(ds, 2, 0, &p);
    read_pass(like, 2, 0, &q);
    check_same(&p, &q);
    lm_free(like);
    assert_int_equal(released, 0);
    lm_free(ds);
    assert_int_equal(released, 1);

    check_fails(made(20, &bad), 13, LM_UNSUPPORTED, "from_function");

    ds = made(LM_ANY, NULL);
    assert_int_equal(lm_data_count(ds), LM_ANY);
    read_pass(ds, 0, 150, &p);
    assert_int_equal(p.elements, 100);
    assert_int_equal(p.example[0], 150);
    ds = lm_data_take(lm_data_skip(lm_data_batch(ds, 5, false), 2), 3);
    assert_int_equal(lm_data_count(ds), 3);
    assert_int_equal(lm_data_examples(ds), 15);
    read_pass(ds, 0, 0, &p);
    assert_int_equal(p.examples, 15);
    assert_int_equal(p.example[0], 10);
    lm_free(ds);

    released = 0;
    check_refused(made(-5, NULL), LM_INVALID, "-5");
    assert_int_equal(released, 1);
}

RUN(cmocka_unit_test(maps_examples_and_batches), cmocka_unit_test(random_depends_on_seed_epoch_and_element),
    cmocka_unit_test(failures_name_the_element), cmocka_unit_test(functions_make_elements))
