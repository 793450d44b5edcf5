/* The allocator's hook and counters, and the arena. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/arena.h"
#include "support/oom.h"

#include <lamina/runtime.h>
#include <stdlib.h>

typedef struct ledger {
    size_t given, taken_back, largest_alignment;
} ledger;

static void *ledger_allocate(void *user, size_t bytes, size_t alignment)
{
    ledger *l = user;
    l->given += bytes;
    if (alignment > l->largest_alignment) l->largest_alignment = alignment;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void ledger_release(void *user, void *pointer, size_t bytes)
{
    ((ledger *)user)->taken_back += bytes;
    free(pointer);
}

static void all_memory_comes_through_the_hook(void **state)
{
    (void)state;
    ledger l = {0};
    lm_set_allocator(&(lm_allocator){ledger_allocate, ledger_release, &l});
    char *p = lm__alloc(1000), *q = lm__strdup("text"), *kept = lm__alloc(10);
    assert_non_null(p);
    p = lm__realloc(p, 2000);
    lm__free(p), lm__free(q);
    lm_set_allocator(NULL);
    assert_true(l.given > 3000);
    lm__free(kept);                                 /* goes back where it came from */
    assert_int_equal(l.given, l.taken_back);
    assert_int_equal(l.largest_alignment, 64);
}

static void it_counts(void **state)
{
    (void)state;
    lm_memory_stats before = lm_memory();
    void *p = lm__alloc(1 << 20), *q = lm__calloc(3, 100);
    lm_memory_stats during = lm_memory();
    lm__free(p), lm__free(q);
    lm_memory_stats after = lm_memory();
    assert_int_equal(during.allocations - before.allocations, 2);
    assert_int_equal(during.live - before.live, (1 << 20) + 300);
    assert_true(during.peak >= during.live);
    assert_int_equal(after.releases - before.releases, 2);
    assert_int_equal(after.live, before.live);
    assert_true(after.peak >= before.live + (1 << 20) + 300);
}

static void blocks_are_aligned_and_kept(void **state)
{
    (void)state;
    for (size_t bytes = 0; bytes < 300; bytes += 7) {
        unsigned char *p = lm__calloc(1, bytes);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % 64, 0);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(p[i], 0), p[i] = (unsigned char)i;
        p = lm__realloc(p, bytes * 2);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(p[i], (unsigned char)i);
        p = lm__realloc(p, bytes / 2);
        for (size_t i = 0; i < bytes / 2; i++) assert_int_equal(p[i], (unsigned char)i);
        lm__free(p);
    }
}

static void sizes_that_cannot_be_are_refused(void **state)
{
    (void)state;
    assert_null(lm__alloc(SIZE_MAX));
    assert_null(lm__alloc(SIZE_MAX - 63));
    assert_null(lm__alloc((size_t)PTRDIFF_MAX));
    assert_null(lm__calloc(SIZE_MAX / 2, 3));
    assert_true(lm__mul_size(SIZE_MAX / 2, 3) == SIZE_MAX);
    assert_int_equal(lm__mul_size(6, 7), 42);
    char *p = lm__strdup("still here");
    assert_null(lm__realloc(p, SIZE_MAX));
    assert_string_equal(p, "still here");
    lm__free(p);
    assert_null(lm__strdup(NULL));
    lm__free(NULL);
}

static void an_array_grows(void **state)
{
    (void)state;
    int *array = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(lm__grow(&array, (size_t)i, &capacity, sizeof *array), 0);
        array[i] = i;
    }
    for (int i = 0; i < 1000; i++) assert_int_equal(array[i], i);
    assert_true(capacity < 3000);
    oom_fail_nth(1);
    size_t same = capacity;
    assert_int_equal(lm__grow(&array, capacity, &capacity, sizeof *array), -1);
    oom_off();
    assert_int_equal(capacity, same);
    assert_int_equal(array[999], 999);
    lm__free(array);
}

static void the_arena_gives_zeroed_aligned_memory(void **state)
{
    (void)state;
    size_t live = lm_memory().live;
    lm__arena *arena = lm__arena_new();
    for (size_t bytes = 0; bytes < 20000; bytes = bytes * 3 / 2 + 1) {
        unsigned char *p = lm__arena_alloc(arena, bytes);
        assert_int_equal((uintptr_t)p % 16, 0);
        for (size_t i = 0; i < bytes; i++) assert_int_equal(p[i], 0), p[i] = 0xAA;
    }
    assert_string_equal(lm__arena_printf(arena, "%s_%d", "dense", 3), "dense_3");
    assert_string_equal(lm__arena_strdup(arena, "kernel"), "kernel");
    assert_memory_equal(lm__arena_copy(arena, "abc", 3), "abc", 3);
    assert_null(lm__arena_strdup(arena, NULL));
    assert_null(lm__arena_alloc(arena, SIZE_MAX));
    assert_null(lm__arena_alloc(arena, SIZE_MAX - 40));
    lm__arena_free(arena);
    lm__arena_free(NULL);
    assert_int_equal(lm_memory().live, live);
}

static lm_status uses_an_arena(void *unused)
{
    (void)unused;
    lm__arena *arena = lm__arena_new();
    if (!arena) return LM_NO_MEMORY;
    lm_status status = LM_OK;
    for (int i = 0; i < 200 && status == LM_OK; i++)
        if (!lm__arena_alloc(arena, 500) || !lm__arena_printf(arena, "%d", i)) status = LM_NO_MEMORY;
    lm__arena_free(arena);
    return status;
}

static void the_arena_without_memory(void **state)
{
    (void)state;
    oom_each(uses_an_arena, NULL);
}

RUN(cmocka_unit_test(all_memory_comes_through_the_hook), cmocka_unit_test(it_counts),
    cmocka_unit_test(blocks_are_aligned_and_kept), cmocka_unit_test(sizes_that_cannot_be_are_refused),
    cmocka_unit_test(an_array_grows), cmocka_unit_test(the_arena_gives_zeroed_aligned_memory),
    cmocka_unit_test(the_arena_without_memory))
