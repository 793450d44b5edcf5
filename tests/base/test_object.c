/* Ownership and errors of objects. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/object.h"
#include "base/status.h"
#include "support/oom.h"

#include <lamina/runtime.h>
#include <pthread.h>

typedef struct box {
    lm__object object;
    char *text;
} box;

static int destroyed;

static void box_destroy(void *object)
{
    destroyed++;
    lm__free(((box *)object)->text);
}

static const lm__type box_type, lid_type;
static box no_box = {.object = LM__POISON(&box_type)};
static const lm__type box_type = {"box", box_destroy, &no_box.object, sizeof(box)};
static box no_lid = {.object = LM__POISON(&lid_type)};
static const lm__type lid_type = {"lid", NULL, &no_lid.object, sizeof(box)};

static void the_last_reference_frees(void **state)
{
    (void)state;
    size_t live = lm_memory().live;
    destroyed = 0;
    box *b = lm__object_new(&box_type, sizeof *b);
    assert_int_equal(lm_failed(b), 0);
    assert_string_equal(lm_error(b), "");
    b->text = lm__strdup("inside");
    assert_ptr_equal(lm_retain(b), b);
    lm_free(b);
    assert_int_equal(destroyed, 0);
    lm_free(b);
    assert_int_equal(destroyed, 1);
    assert_int_equal(lm_memory().live, live);
    lm_free(NULL);
    assert_null(lm_retain(NULL));
}

static void null_is_failed(void **state)
{
    (void)state;
    assert_int_equal(lm_failed(NULL), 1);
    assert_int_equal(lm_status_of(NULL), LM_INVALID);
    assert_true(strlen(lm_error(NULL)) > 0);
    lm_clear(NULL);
    check_status(lm__object_check(NULL, &box_type, "first input"), LM_INVALID);
    check_contains(lm_last_error(), "first input: NULL");
}

static void the_first_error_stays_until_cleared(void **state)
{
    (void)state;
    box *b = lm__object_new(&box_type, sizeof *b);
    lm__fail(LM_INVALID, "first");
    lm__object_fail(b, 0);
    lm__fail(LM_IO, "second");
    lm__object_fail(b, 0);
    assert_int_equal(lm_status_of(b), LM_INVALID);
    assert_string_equal(lm_error(b), "first");
    check_status(lm__object_check(b, &box_type, "box"), LM_INVALID);
    assert_string_equal(lm_last_error(), "first");
    lm_clear(b);
    check_ok(lm_status_of(b));
    check_ok(lm__object_check(b, &box_type, "box"));
    lm_free(b);
}

static void a_poisoned_object_stays_poisoned(void **state)
{
    (void)state;
    lm__fail(LM_UNSUPPORTED, "made of paper");
    box *b = lm__object_poison(&box_type);
    lm_clear(b);
    assert_int_equal(lm_status_of(b), LM_UNSUPPORTED);
    assert_string_equal(lm_error(b), "made of paper");
    assert_ptr_not_equal(b, &no_box);
    lm_free(b);
}

static void a_type_is_checked(void **state)
{
    (void)state;
    box *lid = lm__object_new(&lid_type, sizeof *lid);
    check_status(lm__object_check(lid, &box_type, "input"), LM_INVALID);
    check_contains(lm_last_error(), "a lid came where a box was expected");
    lm_free(lid);
}

static void without_memory_the_static_one_comes(void **state)
{
    (void)state;
    oom_fail_nth(1);
    box *b = lm__object_new(&box_type, sizeof *b);
    oom_off();
    assert_ptr_equal(b, &no_box);
    assert_int_equal(lm_status_of(b), LM_NO_MEMORY);
    assert_string_equal(lm_error(b), "out of memory");
    for (int i = 0; i < 3; i++) lm_free(lm_retain(b)), lm_free(b);
    lm_clear(b);
    lm__fail(LM_IO, "other");
    lm__object_fail(b, 1);
    assert_int_equal(lm_status_of(b), LM_NO_MEMORY);
    assert_int_equal(no_box.object.references, -1);
    assert_null(no_box.object.message);
}

static void without_memory_for_the_text_the_code_speaks(void **state)
{
    (void)state;
    lm__fail(LM_CORRUPT, "byte 7 is wrong");
    oom_fail_nth(2);
    box *b = lm__object_poison(&box_type);
    assert_int_equal(oom_failed(), 1);
    oom_off();
    assert_int_equal(lm_status_of(b), LM_CORRUPT);
    assert_string_equal(lm_error(b), "corrupt or malformed data");
    lm_free(b);
    oom_fail_nth(1);
    assert_ptr_equal(lm__object_poison(&box_type), &no_box);
    oom_off();
}

static void *retains_and_frees(void *object)
{
    for (int i = 0; i < 20000; i++) lm_free(lm_retain(object));
    return NULL;
}

static void references_are_counted_by_any_thread(void **state)
{
    (void)state;
    pthread_t threads[3];
    box *b = lm__object_new(&box_type, sizeof *b);
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&threads[i], NULL, retains_and_frees, b), 0);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    assert_int_equal(b->object.references, 1);
    lm_free(b);
}

RUN(cmocka_unit_test(the_last_reference_frees), cmocka_unit_test(null_is_failed),
    cmocka_unit_test(the_first_error_stays_until_cleared), cmocka_unit_test(a_poisoned_object_stays_poisoned),
    cmocka_unit_test(a_type_is_checked), cmocka_unit_test(without_memory_the_static_one_comes),
    cmocka_unit_test(without_memory_for_the_text_the_code_speaks),
    cmocka_unit_test(references_are_counted_by_any_thread))
