/* tests/data/data_test.h: what the tests of datasets share: arrays whose numbers tell where they come from, and what
 * an iterator gives as a list of numbers. */
#ifndef LM_TESTS_DATA_TEST_H
#define LM_TESTS_DATA_TEST_H

#include "support/check.h"
#include "support/oom.h"

#include <lamina/data.h>
#include <lamina/runtime.h>
#include <stdio.h>

enum { WIDTH = 3, MOST = 4096 };

/* x: (n, 3) int32, row i is {10i, 10i + 1, 10i + 2}; y: (n,) uint8, i. */
static inline lm_dataset *numbers(int64_t n)
{
    lm_tensor *x = lm_tensor_new(LM_I32, 2, (int64_t[]){n, WIDTH}), *y = lm_tensor_new(LM_U8, 1, &n);
    for (int64_t i = 0; !lm_failed(x) && i < n * WIDTH; i++)
        ((int32_t *)lm_tensor_data(x))[i] = (int32_t)(i / WIDTH * 10 + i % WIDTH);
    for (int64_t i = 0; !lm_failed(y) && i < n; i++) ((uint8_t *)lm_tensor_data(y))[i] = (uint8_t)i;
    lm_dataset *ds = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return ds;
}

/* What came: the examples' numbers, one after the other, and how many were in each element. */
typedef struct pass {
    int64_t element[MOST], example[MOST];
    int64_t elements, examples;
} pass;

/* The tensors of one element say the same: adds the examples' numbers. */
static inline void note(pass *p, lm_tensor *const *tensors, int count, int batched)
{
    assert_int_equal(count, 2);
    const int32_t *x = lm_tensor_read(tensors[0]);
    const uint8_t *y = lm_tensor_read(tensors[1]);
    int64_t n = batched ? lm_tensor_dim(tensors[0], 0) : 1;
    assert_int_equal(lm_tensor_size(tensors[0]), n * WIDTH);
    assert_int_equal(lm_tensor_size(tensors[1]), n);
    for (int64_t i = 0; i < n; i++) {
        for (int k = 0; k < WIDTH; k++) assert_int_equal(x[i * WIDTH + k], (int)y[i] * 10 + k);
        assert_true(p->examples < MOST);
        p->example[p->examples++] = y[i];
    }
    p->element[p->elements++] = n;
}

static inline void read_on(lm_iterator *it, int batched, int64_t most, pass *p)
{
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    int count = 0;
    *p = (pass){.elements = 0};
    while (p->elements < most && (count = lm_iterator_next(it, tensors)) > 0) note(p, tensors, count, batched);
    if (count < 0) fail_msg("%s", lm_last_error());
}

/* One pass over the dataset, at most MOST elements. */
static inline void read_pass(lm_dataset *ds, int64_t epoch, int64_t start, pass *p)
{
    lm_iterator *it = lm_data_iterate(ds, epoch, start);
    assert_string_equal(lm_error(it), "");
    read_on(it, lm_data_batch_size(ds) > 0, lm_data_count(ds) == LM_ANY ? 100 : MOST, p);
    lm_free(it);
}

static inline void check_same(const pass *a, const pass *b)
{
    assert_int_equal(a->elements, b->elements);
    assert_int_equal(a->examples, b->examples);
    assert_memory_equal(a->element, b->element, (size_t)a->elements * sizeof *a->element);
    assert_memory_equal(a->example, b->example, (size_t)a->examples * sizeof *a->example);
}

static inline void check_examples(const pass *p, int64_t n, const int64_t *wanted)
{
    assert_int_equal(p->examples, n);
    for (int64_t i = 0; i < n; i++) assert_int_equal(p->example[i], wanted[i]);
}
#define check_order(p, ...)                                                                                       \
    check_examples((p), (int64_t)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[]){__VA_ARGS__})

/* Every number from first to last once, in any order. */
static inline void check_permutation(const pass *p, int64_t first, int64_t last)
{
    int seen[MOST] = {0};
    assert_int_equal(p->examples, last - first + 1);
    for (int64_t i = 0; i < p->examples; i++) {
        assert_true(p->example[i] >= first && p->example[i] <= last);
        seen[p->example[i]]++;
    }
    for (int64_t i = first; i <= last; i++) assert_int_equal(seen[i], 1);
}

/* A poisoned dataset with such an error; frees it. */
static inline void check_refused(lm_dataset *ds, lm_status status, const char *part)
{
    assert_int_equal(lm_status_of(ds), status);
    check_contains(lm_error(ds), part);
    lm_free(ds);
}

#endif
