/* tests/data/test_data_threads.c: several iterators at once; background threads that are sent elsewhere and ended at
 * any moment. */
#include "data_test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { N = 100, THREADS = 3 };

static lm_status slow(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user;
    if (random % 16 == 0) usleep(50);
    for (int i = 0; i < 2; i++) memcpy(lm_tensor_data(out[i]), lm_tensor_read(in[i]), lm_tensor_bytes(in[i]));
    return LM_OK;
}

static lm_dataset *pipeline(void)
{
    lm_dataset *ds = lm_data_cache(lm_data_map(numbers(N), slow, NULL, 0, NULL));
    return lm_data_prefetch(lm_data_batch(lm_data_map(lm_data_shuffle(ds, 3), slow, NULL, 0, NULL), 8, false), 2);
}

typedef struct reader {
    lm_dataset *ds;
    int epoch;
    pass got;
    int errors;
} reader;

/* cmocka's checks are for the main thread: this one only counts. */
static void *read_all(void *user)
{
    reader *r = user;
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(r->ds, r->epoch, 0);
    int count;
    while ((count = lm_iterator_next(it, tensors)) > 0) {
        const uint8_t *y = lm_tensor_read(tensors[1]);
        for (size_t i = 0; i < lm_tensor_size(tensors[1]); i++) r->got.example[r->got.examples++] = y[i];
        r->got.element[r->got.elements++] = (int64_t)lm_tensor_size(tensors[1]);
    }
    r->errors = count < 0;
    lm_free(it);
    return NULL;
}

static void threads_get_what_one_gets(void **state)
{
    (void)state;
    static reader readers[THREADS];
    static pass alone;
    pthread_t threads[THREADS];
    for (int round = 0; round < 20; round++) {
        lm_dataset *ds = pipeline(), *again = pipeline();
        for (int i = 0; i < THREADS; i++) {
            readers[i] = (reader){.ds = ds, .epoch = i / 2};            /* two of them in the same epoch */
            assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(readers[i].errors, 0);
            read_pass(again, readers[i].epoch, 0, &alone);
            check_same(&readers[i].got, &alone);
        }
        lm_free(ds), lm_free(again);
    }
}

/* Ended before the first element, after some, at the end; sent to another epoch in the middle. */
static void prefetch_ends_at_any_moment(void **state)
{
    (void)state;
    static pass p, wanted;
    size_t live = lm_memory().live;
    lm_dataset *plain = lm_data_map(lm_data_shuffle(numbers(N), 1), slow, NULL, 0, NULL);
    for (int ahead = 1; ahead < 200; ahead += 60) {
        lm_dataset *ds = lm_data_prefetch(lm_retain(plain), ahead);
        for (int64_t most = 0; most < 60; most++) {
            lm_iterator *it = lm_data_iterate(ds, 0, most / 2);
            read_on(it, 0, most, &p);
            assert_int_equal(p.elements, most);
            if (most % 3 == 1) check_ok(lm_iterator_restart(it, 1));
            if (most % 3 == 2) {
                check_ok(lm_iterator_restart(it, 2));
                read_on(it, 0, MOST, &p);
                read_pass(plain, 2, 0, &wanted);
                check_same(&p, &wanted);
            }
            lm_free(it);
        }
        lm_free(ds);
    }
    lm_free(plain);
    assert_int_equal(lm_memory().live, live);
}

static atomic_int inside, together, others;
static pthread_t reading;

static lm_status watch(void *user, int64_t index, lm_tensor *const *out)
{
    (void)user;
    if (atomic_fetch_add(&inside, 1)) together++;
    others += !pthread_equal(pthread_self(), reading);
    usleep(20);
    memset(lm_tensor_data(out[0]), 0, lm_tensor_bytes(out[0]));
    *(uint8_t *)lm_tensor_data(out[1]) = (uint8_t)index;
    inside--;
    return LM_OK;
}

static lm_dataset *watched(void)
{
    lm_tensor *like[] = {lm_tensor_new(LM_I32, 1, (int64_t[]){WIDTH}), lm_tensor_new(LM_U8, 0, NULL)};
    lm_dataset *ds = lm_data_from_function(N, 2, like, watch, NULL, NULL);
    lm_free(like[0]), lm_free(like[1]);
    reading = pthread_self();
    inside = together = others = 0;
    return ds;
}

static void functions_are_called_by_one_thread_at_a_time(void **state)
{
    (void)state;
    static reader readers[THREADS];
    pthread_t threads[THREADS];
    lm_dataset *ds = lm_data_batch(watched(), 8, false);
    for (int i = 0; i < THREADS; i++) {
        readers[i] = (reader){.ds = ds};
        assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    assert_int_equal(others, N * THREADS);
    assert_int_equal(together, 0);
    lm_free(ds);
}

static void go_through(lm_dataset *ds)
{
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    for (int64_t i = 0; i < lm_data_count(ds); i++) assert_int_equal(lm_iterator_next(it, tensors), 2);
    assert_int_equal(lm_iterator_next(it, tensors), 0);
    lm_free(it), lm_free(ds);
}

/* The work is done by another thread also where fit puts its shuffle and batch above the prefetch. */
static void prefetch_works_in_the_background(void **state)
{
    (void)state;
    go_through(lm_data_batch(watched(), 8, false));
    assert_int_equal(others, 0);
    go_through(lm_data_prefetch(lm_data_batch(watched(), 8, false), 2));
    assert_int_equal(others, N);
    go_through(lm_data_batch(lm_data_prefetch(watched(), 16), 8, false));
    assert_int_equal(others, N);
    go_through(lm_data_batch(lm_data_shuffle(lm_data_prefetch(watched(), 16), 1), 8, false));
    assert_int_equal(others, N);
}

static void prefetch_makes_so_many_ahead(void **state)
{
    (void)state;
    lm_tensor *tensors[LM_DATA_MAX_TENSORS];
    lm_dataset *ds = lm_data_prefetch(watched(), 4);
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    for (int read = 1; read <= 3; read++) {
        assert_int_equal(lm_iterator_next(it, tensors), 2);
        for (int wait = 0; wait < 4000 && atomic_load(&others) < read + 4; wait++) usleep(500);
        usleep(2000);                           /* time enough for one too many */
        assert_int_equal(others, read + 4);
    }
    lm_free(it), lm_free(ds);
}

RUN(cmocka_unit_test(threads_get_what_one_gets), cmocka_unit_test(prefetch_ends_at_any_moment),
    cmocka_unit_test(functions_are_called_by_one_thread_at_a_time),
    cmocka_unit_test(prefetch_works_in_the_background), cmocka_unit_test(prefetch_makes_so_many_ahead))
