/* tests/data/test_data_order.c: which elements come, in which order: batch, shuffle, take and skip over arrays. */
#include "data_test.h"

static pass p, q;

static void arrays_come_in_order(void **state)
{
    (void)state;
    lm_dataset *ds = numbers(5);
    assert_int_equal(lm_data_count(ds), 5);
    assert_int_equal(lm_data_batch_size(ds), 0);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 0, 1, 2, 3, 4);
    read_pass(ds, 3, 2, &p);
    check_order(&p, 2, 3, 4);
    read_pass(ds, 0, 5, &p);
    assert_int_equal(p.elements, 0);
    lm_free(ds);
}

static void batches_join(void **state)
{
    (void)state;
    int64_t dims[LM_MAX_RANK];
    lm_dataset *ds = lm_data_batch(numbers(10), 4, false);
    assert_int_equal(lm_data_count(ds), 3);
    assert_int_equal(lm_data_examples(ds), 10);
    assert_int_equal(lm_data_batch_size(ds), 4);
    assert_int_equal(lm_data_shape(ds, 0, NULL, dims), 2);
    assert_true(dims[0] == LM_ANY && dims[1] == WIDTH);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    assert_true(p.elements == 3 && p.element[0] == 4 && p.element[1] == 4 && p.element[2] == 2);
    read_pass(ds, 0, 1, &p);
    check_order(&p, 4, 5, 6, 7, 8, 9);
    lm_free(ds);

    ds = lm_data_batch(numbers(10), 4, true);
    assert_int_equal(lm_data_count(ds), 2);
    assert_int_equal(lm_data_examples(ds), 8);
    lm_data_shape(ds, 0, NULL, dims);
    assert_int_equal(dims[0], 4);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 0, 1, 2, 3, 4, 5, 6, 7);
    lm_free(ds);

    ds = lm_data_batch(numbers(3), INT64_MAX, false);     /* takes memory for what is there */
    assert_int_equal(lm_data_batch_size(ds), INT64_MAX);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 0, 1, 2);
    lm_free(ds);
}

static void shuffle_is_a_permutation(void **state)
{
    (void)state;
    lm_dataset *ds = lm_data_shuffle(numbers(200), 7), *other = lm_data_shuffle(numbers(200), 8);
    assert_int_equal(lm_data_count(ds), 200);
    read_pass(ds, 0, 0, &p);
    check_permutation(&p, 0, 199);
    read_pass(ds, 0, 0, &q);
    check_same(&p, &q);
    read_pass(ds, 1, 0, &q);
    check_permutation(&q, 0, 199);
    assert_memory_not_equal(p.example, q.example, 200 * sizeof *p.example);
    read_pass(other, 0, 0, &q);
    check_permutation(&q, 0, 199);
    assert_memory_not_equal(p.example, q.example, 200 * sizeof *p.example);
    read_pass(ds, 0, 150, &q);                            /* start skips the same order's beginning */
    check_examples(&q, 50, p.example + 150);
    lm_free(ds), lm_free(other);
}

/* Each place gets each element about equally often. */
static void shuffle_is_even(void **state)
{
    (void)state;
    enum { N = 5, EPOCHS = 5000 };
    static int times[N][N];
    lm_dataset *ds = lm_data_shuffle(numbers(N), 1);
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        check_ok(lm_iterator_restart(it, epoch));
        read_on(it, 0, MOST, &p);
        check_permutation(&p, 0, N - 1);
        for (int i = 0; i < N; i++) times[i][p.example[i]]++;
    }
    for (int i = 0; i < N; i++)
        for (int k = 0; k < N; k++) assert_in_range(times[i][k], EPOCHS / N - 150, EPOCHS / N + 150); /* 5 sigma */
    lm_free(it), lm_free(ds);
}

static void take_and_skip(void **state)
{
    (void)state;
    lm_dataset *ds = lm_data_skip(lm_data_take(numbers(10), 6), 4);
    assert_int_equal(lm_data_count(ds), 2);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 4, 5);
    lm_free(ds);

    ds = lm_data_take(lm_data_skip(numbers(10), 7), 100);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 7, 8, 9);
    lm_free(ds);

    ds = lm_data_skip(numbers(10), 11);
    assert_int_equal(lm_data_count(ds), 0);
    read_pass(ds, 0, 0, &p);
    assert_int_equal(p.elements, 0);
    lm_free(ds);

    ds = lm_data_take(numbers(10), 0);
    assert_int_equal(lm_data_count(ds), 0);
    lm_free(ds);
}

/* What lm_fit makes of validation_split: the parts do not overlap, and only the training part is shuffled. */
static void splits_do_not_overlap(void **state)
{
    (void)state;
    lm_dataset *all = numbers(20);
    lm_dataset *train = lm_data_batch(lm_data_shuffle(lm_data_take(lm_retain(all), 15), 3), 4, false);
    lm_dataset *rest = lm_data_batch(lm_data_skip(all, 15), 4, false);
    assert_int_equal(lm_data_count(train), 4);
    read_pass(train, 0, 0, &p);
    check_permutation(&p, 0, 14);
    read_pass(rest, 0, 0, &p);
    check_order(&p, 15, 16, 17, 18, 19);
    lm_free(train), lm_free(rest);
}

/* Batches as elements: a part of them, shuffled, and joined once more. */
static void batches_are_elements(void **state)
{
    (void)state;
    lm_dataset *ds = lm_data_take(lm_data_batch(numbers(10), 4, false), 2);
    assert_int_equal(lm_data_examples(ds), 8);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 0, 1, 2, 3, 4, 5, 6, 7);
    lm_free(ds);

    ds = lm_data_skip(lm_data_batch(numbers(10), 4, false), 1);
    assert_int_equal(lm_data_examples(ds), 6);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 4, 5, 6, 7, 8, 9);
    lm_free(ds);

    ds = lm_data_shuffle(lm_data_batch(numbers(10), 4, false), 5);
    assert_int_equal(lm_data_examples(ds), 10);
    for (int epoch = 0; epoch < 5; epoch++) {
        read_pass(ds, epoch, 0, &p);
        check_permutation(&p, 0, 9);
    }
    lm_free(ds);

    ds = lm_data_take(lm_data_shuffle(lm_data_batch(numbers(10), 4, false), 5), 1);
    assert_int_equal(lm_data_examples(ds), LM_ANY);       /* 4 or 2, as the epoch has it */
    lm_free(ds);

    int64_t dims[LM_MAX_RANK];
    ds = lm_data_batch(lm_data_batch(numbers(10), 3, true), 2, false);
    assert_int_equal(lm_data_shape(ds, 0, NULL, dims), 3);
    assert_true(dims[0] == LM_ANY && dims[1] == 3 && dims[2] == WIDTH);
    assert_int_equal(lm_data_count(ds), 2);
    lm_tensor *y = lm_data_array(ds, 1);
    assert_int_equal(lm_tensor_rank(y), 2);
    assert_true(lm_tensor_dim(y, 0) == 3 && lm_tensor_dim(y, 1) == 3);
    for (int i = 0; i < 9; i++) assert_int_equal((int)lm_tensor_get(y, (size_t)i), i);
    lm_free(y), lm_free(ds);
}

static void whole_arrays(void **state)
{
    (void)state;
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){4, 2});
    lm_dataset *ds = lm_data_from_arrays(x, NULL);
    assert_int_equal(lm_data_tensors(ds), 1);
    lm_tensor *same = lm_data_array(ds, 0), *none = lm_data_array(ds, 1);
    assert_ptr_equal(same, x);
    assert_int_equal(lm_status_of(none), LM_INVALID);
    lm_free(ds), lm_free(x), lm_free(same), lm_free(none);

    ds = lm_data_batch(lm_data_skip(numbers(7), 1), 4, false);
    lm_tensor *y = lm_data_array(ds, 1);
    assert_int_equal(lm_tensor_dim(y, 0), 6);
    for (int i = 0; i < 6; i++) assert_int_equal((int)lm_tensor_get(y, (size_t)i), i + 1);
    lm_free(y), lm_free(ds);
}

RUN(cmocka_unit_test(arrays_come_in_order), cmocka_unit_test(batches_join),
    cmocka_unit_test(shuffle_is_a_permutation), cmocka_unit_test(shuffle_is_even), cmocka_unit_test(take_and_skip),
    cmocka_unit_test(splits_do_not_overlap), cmocka_unit_test(batches_are_elements), cmocka_unit_test(whole_arrays))
