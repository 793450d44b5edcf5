/* tests/data/test_data_pipelines.c: repeat, cache, prefetch, and pipelines of everything on top of everything. */
#include "data_test.h"

#include "base/philox.h"
#include <stdatomic.h>

static pass p, q;

static void repeat_repeats(void **state)
{
    (void)state;
    lm_dataset *ds = lm_data_repeat(numbers(3), 2);
    assert_int_equal(lm_data_count(ds), 6);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 0, 1, 2, 0, 1, 2);
    read_pass(ds, 0, 4, &p);
    check_order(&p, 1, 2);
    lm_free(ds);

    ds = lm_data_batch(lm_data_repeat(numbers(3), LM_ANY), 2, false);
    assert_int_equal(lm_data_count(ds), LM_ANY);
    assert_int_equal(lm_data_examples(ds), LM_ANY);
    ds = lm_data_take(ds, 4);
    assert_int_equal(lm_data_examples(ds), 8);
    read_pass(ds, 0, 0, &p);
    check_order(&p, 0, 1, 2, 0, 1, 2, 0, 1);
    lm_free(ds);

    ds = lm_data_repeat(lm_data_batch(numbers(3), 2, false), 2);
    assert_int_equal(lm_data_examples(ds), 6);
    assert_int_equal(lm_data_count(ds), 4);
    read_pass(ds, 0, 0, &p);
    assert_true(p.element[0] == 2 && p.element[1] == 1 && p.element[2] == 2 && p.element[3] == 1);
    ds = lm_data_take(ds, 3);
    assert_int_equal(lm_data_examples(ds), 5);
    lm_free(ds);
}

/* Each repetition is shuffled anew, and no epoch repeats another's. */
static void repetitions_differ(void **state)
{
    (void)state;
    int64_t times[] = {3, LM_ANY};
    for (int i = 0; i < 2; i++) {
        lm_dataset *ds = lm_data_take(lm_data_repeat(lm_data_shuffle(numbers(20), 4), times[i]), 60);
        static int64_t seen[6][20];
        for (int epoch = 0; epoch < 2; epoch++) {
            read_pass(ds, epoch, 0, &p);
            assert_int_equal(p.examples, 60);
            memcpy(seen[3 * epoch], p.example, 60 * sizeof *p.example);
        }
        for (int a = 0; a < 6; a++)
            for (int b = 0; b < a; b++) assert_memory_not_equal(seen[a], seen[b], sizeof seen[a]);
        lm_free(ds);
    }
}

static atomic_int calls;

static lm_status count_calls(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user, (void)random;
    calls++;
    for (int i = 0; i < 2; i++) memcpy(lm_tensor_data(out[i]), lm_tensor_read(in[i]), lm_tensor_bytes(in[i]));
    return LM_OK;
}

static void cache_reads_once(void **state)
{
    (void)state;
    lm_dataset *ds = lm_data_cache(lm_data_map(lm_data_shuffle(numbers(10), 1), count_calls, NULL, 0, NULL));
    calls = 0;
    read_pass(ds, 5, 7, &p);                    /* a later epoch and not all of it: still epoch 0's elements */
    assert_int_equal(calls, 3);
    read_pass(ds, 0, 0, &q);
    assert_int_equal(calls, 10);
    assert_memory_equal(p.example, q.example + 7, 3 * sizeof *p.example);
    check_permutation(&q, 0, 9);
    ds = lm_data_batch(lm_data_shuffle(ds, 2), 4, false);
    read_pass(ds, 1, 0, &p);
    check_permutation(&p, 0, 9);
    assert_int_equal(calls, 10);
    lm_free(ds);

    ds = lm_data_cache(lm_data_batch(numbers(10), 4, false));
    for (int epoch = 0; epoch < 2; epoch++) {
        read_pass(ds, epoch, 0, &p);
        check_order(&p, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
        assert_int_equal(p.element[2], 2);
    }
    assert_int_equal(lm_data_examples(ds), 10);
    lm_free(ds);
}

/* --- everything on everything ------------------------------------------------------------------------------------
 * */

typedef struct dice {
    uint64_t seed, next;
} dice;

static uint32_t roll(dice *d, uint32_t sides)
{
    uint32_t words[4];
    lm__philox_block(d->seed, 1, 2, d->next++, words);
    return words[0] % sides;
}

enum { PREFETCH = 1, CACHE = 2 };

/* Pipelines of even seeds have no repeat, whose repetitions a cache below would make equal. */
#define REPEATS(seed) ((seed) % 2)

/* One combinator more. Those named in `extra`, which change nothing in epoch 0, are put where they stand in the
 * recipe. */
static lm_dataset *grow(lm_dataset *ds, dice *d, int extra)
{
    uint32_t what = roll(d, 9), number = roll(d, 7);
    bool uniform = !lm_data_batch_size(ds) || lm_data_examples(ds) == lm_data_count(ds) * lm_data_batch_size(ds);
    switch (what) {
    case 0: return lm_data_shuffle(ds, number);
    case 1: return !lm_data_batch_size(ds) && uniform ? lm_data_batch(ds, number + 1, roll(d, 2)) : ds;
    case 2: return REPEATS(d->seed) && lm_data_count(ds) < 60 ? lm_data_repeat(ds, number % 3 + 1) : ds;
    case 3: return lm_data_take(ds, number * 3 + 1);
    case 4: return lm_data_skip(ds, number % 4);
    case 5: return lm_data_map(ds, count_calls, NULL, 0, NULL);
    case 6:
    case 7: return extra & PREFETCH ? lm_data_prefetch(ds, (int)number + 1) : ds;
    default: return extra & CACHE ? lm_data_cache(ds) : ds;
    }
}

static lm_dataset *pipeline(uint64_t seed, int extra)
{
    dice d = {.seed = seed};
    lm_dataset *ds = numbers(roll(&d, 25));
    for (uint32_t i = 0, n = 1 + roll(&d, 7); i < n; i++) ds = grow(ds, &d, extra);
    return ds;
}

static void check_facts(lm_dataset *ds, const pass *all)
{
    assert_int_equal(lm_data_count(ds), all->elements);
    int64_t examples = lm_data_examples(ds), dims[LM_MAX_RANK];
    if (examples != LM_ANY) assert_int_equal(examples, all->examples);
    lm_data_shape(ds, 1, NULL, dims);
    for (int64_t i = 0; lm_data_batch_size(ds) && i < all->elements; i++) {
        assert_true(all->element[i] <= lm_data_batch_size(ds));
        if (dims[0] != LM_ANY) assert_int_equal(all->element[i], dims[0]);
    }
    lm_tensor *y = lm_data_array(ds, 1);
    if (examples == LM_ANY) {
        check_contains(lm_error(y), "depends on the epoch");
        lm_free(y);
        return;
    }
    assert_int_equal(lm_tensor_size(y), all->examples);
    for (int64_t i = 0; i < all->examples; i++) assert_int_equal((int)lm_tensor_get(y, (size_t)i), all->example[i]);
    lm_free(y);
}

/* What is announced is what comes; a late start gives the end of the whole; prefetch and cache change nothing; a
 * restarted iterator gives what a new one gives. */
static void pipelines_agree(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 600; seed++) {
        lm_dataset *plain = pipeline(seed, 0);
        assert_string_equal(lm_error(plain), "");
        read_pass(plain, 0, 0, &p);
        check_facts(plain, &p);
        int64_t start = p.elements / 2, skipped = 0;
        for (int64_t i = 0; i < start; i++) skipped += p.element[i];
        read_pass(plain, 0, start, &q);
        check_examples(&q, p.examples - skipped, p.example + skipped);
        for (int extra = 1; extra < 4; extra++) {
            lm_dataset *ds = pipeline(seed, extra);
            lm_iterator *it = lm_data_iterate(ds, 0, 0);
            read_on(it, lm_data_batch_size(ds) > 0, MOST, &q);
            if (!REPEATS(seed) || !(extra & CACHE)) check_same(&p, &q);
            static pass later, fresh;
            check_ok(lm_iterator_restart(it, 2));
            read_on(it, lm_data_batch_size(ds) > 0, roll(&(dice){seed, 9}, 20), &later);
            check_ok(lm_iterator_restart(it, 3));
            read_on(it, lm_data_batch_size(ds) > 0, MOST, &later);
            read_pass(extra & CACHE ? ds : plain, 3, 0, &fresh);
            check_same(&later, &fresh);
            lm_free(it), lm_free(ds);
        }
        lm_free(plain);
    }
}

/* No memory after two elements: not at the end, not in the next epoch. */
static void reading_takes_no_memory(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 300; seed++) {
        lm_tensor *tensors[LM_DATA_MAX_TENSORS];
        lm_dataset *ds = pipeline(seed, PREFETCH | CACHE);
        lm_iterator *it = lm_data_iterate(ds, 0, 0);
        for (int i = 0; i < 2; i++) lm_iterator_next(it, tensors);
        uint64_t before = lm_memory().allocations;
        for (int epoch = 0; epoch < 3; epoch++) {
            while (lm_iterator_next(it, tensors) > 0) continue;
            check_ok(lm_iterator_restart(it, epoch));
        }
        assert_int_equal(lm_memory().allocations, before);
        lm_free(it), lm_free(ds);
    }
}

RUN(cmocka_unit_test(repeat_repeats), cmocka_unit_test(repetitions_differ), cmocka_unit_test(cache_reads_once),
    cmocka_unit_test(pipelines_agree), cmocka_unit_test(reading_takes_no_memory))
