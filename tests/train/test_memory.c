/* tests/train/test_memory.c: what a fit may take: the printed plan, and 8 MB for everything else; no allocation once
 * it runs. */
#include "support/check.h"

#include "plan/plan.h"
#include "train/model.h"
#include <lamina/lamina.h>
#include <stdio.h>
#include <stdlib.h>

enum { BATCH = 32, STEPS = 60, ALLOWED_KB = 8 * 1024 };

/* A sanitizer keeps books on every byte, and freed memory for a while: what is resident tells nothing of Lamina. */
#ifdef __has_feature            /* clang's way to ask */
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define KEEPS_BOOKS 1
#endif
#elif defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define KEEPS_BOOKS 1
#endif
#ifndef KEEPS_BOOKS
#define KEEPS_BOOKS 0
#endif

/* A line of /proc/self/status in KB, or -1. */
static long status_kb(const char *name)
{
    char line[256];
    long kb = -1;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, name, strlen(name))) sscanf(line + strlen(name), ": %ld", &kb);
    if (f) fclose(f);
    return kb;
}

/* Makes the peak begin anew; 0 if the kernel does not offer it. */
static int reset_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");
    if (!f) return 0;
    int ok = fputs("5", f) >= 0;
    return fclose(f) == 0 && ok;
}

static lm_model *tutorial(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {28, 28, 1}), lm_rescaling(.scale = 1.0 / 255),
                                lm_conv2d(.filters = 32, .kernel_size = {3, 3}, .activation = "relu"),
                                lm_max_pooling2d(), lm_flatten(), lm_dense(.units = 128, .activation = "relu"),
                                lm_dense(.units = 10, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

static lm_dataset *pictures(int64_t count)
{
    lm_tensor *x = lm_tensor_new(LM_U8, 4, (int64_t[]){count, 28, 28, 1}), *y = lm_tensor_new(LM_U8, 1, &count);
    uint8_t *pixel = lm_tensor_data(x), *label = lm_tensor_data(y);
    for (int64_t i = 0; i < count * 784; i++) pixel[i] = (uint8_t)(i * 7919 % 251);
    for (int64_t i = 0; i < count; i++) label[i] = (uint8_t)(i % 10);
    lm_dataset *data = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return data;
}

static void plan_holds(void **state)
{
    (void)state;
    if (KEEPS_BOOKS || getenv("LAMINA_TEST_VALGRIND")) skip();
    lm_model *m = tutorial();
    lm_dataset *data = pictures(BATCH * STEPS);
    if (!reset_peak()) {
        lm_free(m), lm_free(data);
        skip();
    }
    long before = status_kb("VmRSS");
    lm_fit(m, data, .epochs = 2, .verbose = 0);
    long peak = status_kb("VmHWM");
    assert_string_equal(lm_error(m), "");
    const lm__plan *plan;
    check_ok(lm__function_plan(m->train.function, (int64_t[]){BATCH, BATCH, BATCH, BATCH}, &plan));
    long planned = (long)(lm__plan_bytes(plan) / 1024);
    print_message("resident before %ld KB, peak %ld KB: %ld KB more; the plan says %ld KB\n", before, peak,
                  peak - before, planned);
    assert_true(planned > 1024);
    assert_true(peak - before <= planned + ALLOWED_KB);
    lm_free(m), lm_free(data);
}

/* Counts allocations at the moment each epoch begins to draw, through the sink. */
static uint64_t allocations_at[4];
static int lines;

static void count_allocations(void *user, const char *text, size_t bytes)
{
    (void)user, (void)text, (void)bytes;
    if (lines < 4) allocations_at[lines++] = lm_memory().allocations;
}

static void steady_state_allocates_nothing(void **state)
{
    (void)state;
    lm_model *m = tutorial();
    lm_dataset *data = pictures(BATCH * STEPS);
    lines = 0;
    lm_set_sink(count_allocations, NULL, false);
    lm_fit(m, data, .epochs = 2, .verbose = 2);
    lm_set_sink(NULL, NULL, false);
    assert_string_equal(lm_error(m), "");
    assert_int_equal(lines, 4);         /* "Epoch 1/2", its line, "Epoch 2/2", its line */
    assert_int_equal(allocations_at[3] - allocations_at[1], 0);
    lm_free(m), lm_free(data);
}

/* Allocations of a whole program whose fit makes so many steps. */
static uint64_t allocations_of(int64_t steps)
{
    uint64_t before = lm_memory().allocations;
    lm_model *m = tutorial();
    lm_dataset *data = pictures(BATCH * steps);
    lm_fit(m, data, .verbose = 0);
    assert_string_equal(lm_error(m), "");
    lm_free(m), lm_free(data);
    return lm_memory().allocations - before;
}

static void more_steps_allocate_no_more(void **state)
{
    (void)state;
    assert_int_equal(allocations_of(2), allocations_of(STEPS));
}

RUN(cmocka_unit_test(plan_holds), cmocka_unit_test(steady_state_allocates_nothing),
    cmocka_unit_test(more_steps_allocate_no_more))
