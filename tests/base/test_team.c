/* The compute threads. */
#include "support/check.h"

#include "base/team.h"

#include <lamina/runtime.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 1000 };

typedef struct tally {
    atomic_int runs[MOST], busy[LM__MAX_THREADS], clashes, out_of_range;
} tally;

static void count_job(void *argument, size_t job, int thread)
{
    tally *t = argument;
    if (thread < 0 || thread >= lm__team_threads()) {
        atomic_fetch_add(&t->out_of_range, 1);
        return;
    }
    if (atomic_exchange(&t->busy[thread], 1)) atomic_fetch_add(&t->clashes, 1);
    atomic_fetch_add(&t->runs[job], 1);
    atomic_store(&t->busy[thread], 0);
}

static void every_job_runs_once(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 5; threads++) {
        check_ok(lm_set_threads(threads));
        assert_int_equal(lm_threads(), threads);
        for (size_t jobs = 0; jobs <= MOST; jobs = jobs * 2 + (jobs < 10)) {
            tally *t = calloc(1, sizeof *t);
            lm__parallel(jobs, count_job, t);
            for (size_t i = 0; i < MOST; i++) assert_int_equal(t->runs[i], i < jobs);
            assert_int_equal(t->clashes, 0);
            assert_int_equal(t->out_of_range, 0);
            free(t);
        }
    }
}

static void count_byte(void *argument, size_t job, int thread)
{
    (void)thread;
    ((unsigned char *)argument)[job]++;
}

/* More jobs than fit a ticket. */
static void very_many_jobs(void **state)
{
    static const size_t counts[] = {65534, 65535, 65536, 65537, 131071, 200001};
    (void)state;
    check_ok(lm_set_threads(3));
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        unsigned char *runs = calloc(counts[i] + 1, 1);
        lm__parallel(counts[i], count_byte, runs);
        for (size_t k = 0; k <= counts[i]; k++) assert_int_equal(runs[k], k < counts[i]);
        free(runs);
    }
}

typedef struct sums {
    float parts[64];
} sums;

static void sum_job(void *argument, size_t job, int thread)
{
    (void)thread;
    float sum = 0;
    for (int i = 1; i < 5000; i++) sum += 1.0f / (float)(i + 5000 * (int)job);
    ((sums *)argument)->parts[job] = sum;
}

static void the_number_of_threads_changes_nothing(void **state)
{
    (void)state;
    sums results[4];
    for (int threads = 1; threads <= 3; threads++) {
        check_ok(lm_set_threads(threads));
        lm__parallel(64, sum_job, &results[threads]);
    }
    assert_memory_equal(&results[1], &results[2], sizeof(sums));
    assert_memory_equal(&results[1], &results[3], sizeof(sums));
}

static void inner_job(void *argument, size_t job, int thread)
{
    atomic_fetch_add((atomic_int *)argument, thread == 0 ? (int)job : 1000000);
}

static void outer_job(void *argument, size_t job, int thread)
{
    (void)job, (void)thread;
    lm__parallel(10, inner_job, argument);
}

static void a_call_inside_a_job_runs_in_place(void **state)
{
    (void)state;
    atomic_int sum = 0;
    check_ok(lm_set_threads(3));
    lm__parallel(20, outer_job, &sum);
    assert_int_equal(sum, 20 * 45);
}

static void add_job(void *argument, size_t job, int thread)
{
    (void)thread;
    atomic_fetch_add((atomic_int *)argument, (int)job);
}

static void *calls_often(void *sum)
{
    for (int i = 0; i < 3000; i++) lm__parallel(8, add_job, sum);
    return NULL;
}

static void many_short_calls_from_many_threads(void **state)
{
    (void)state;
    pthread_t callers[3];
    atomic_int sums_of[3] = {0, 0, 0};
    check_ok(lm_set_threads(3));
    for (int i = 0; i < 3; i++) assert_int_equal(pthread_create(&callers[i], NULL, calls_often, &sums_of[i]), 0);
    for (int i = 0; i < 3; i++) {
        pthread_join(callers[i], NULL);
        assert_int_equal(sums_of[i], 3000 * 28);
    }
}

/* Calls of different work one upon the other: a thread that comes late to one must not mix it with the next. */
static void calls_do_not_mix(void **state)
{
    (void)state;
    check_ok(lm_set_threads(3));
    atomic_int few = 0, many = 0;
    for (int i = 0; i < 20000; i++) {
        lm__parallel(2, add_job, &few);
        lm__parallel(9, add_job, &many);
    }
    assert_int_equal(few, 20000);
    assert_int_equal(many, 20000 * 36);
}

static void sleeping_threads_wake(void **state)
{
    (void)state;
    check_ok(lm_set_threads(3));
    atomic_int sum = 0;
    for (int i = 0; i < 50; i++) {
        lm__parallel(8, add_job, &sum);
        usleep(500);                                /* longer than they spin */
    }
    assert_int_equal(sum, 50 * 28);
}

static void the_number_is_checked(void **state)
{
    (void)state;
    check_ok(lm_set_threads(2));
    check_status(lm_set_threads(-1), LM_INVALID);
    check_status(lm_set_threads(LM__MAX_THREADS + 1), LM_INVALID);
    check_contains(lm_last_error(), "257 came");
    assert_int_equal(lm_threads(), 2);
    check_ok(lm_set_threads(LM__MAX_THREADS));
    atomic_int sum = 0;
    lm__parallel(500, add_job, &sum);
    assert_int_equal(sum, 500 * 499 / 2);
    check_ok(lm_set_threads(0));
    assert_true(lm_threads() >= 1);
}

static void resize_job(void *argument, size_t job, int thread)
{
    (void)job, (void)thread;
    lm__team_stop();                                /* does nothing here, rather than wait for itself */
    if (lm_set_threads(4) == LM_BUSY) atomic_fetch_add((atomic_int *)argument, 1);
}

static void it_cannot_change_while_they_work(void **state)
{
    (void)state;
    atomic_int refused = 0;
    check_ok(lm_set_threads(2));
    lm__parallel(6, resize_job, &refused);
    assert_int_equal(refused, 6);
    assert_int_equal(lm_threads(), 2);
}

static void the_team_stops_and_starts(void **state)
{
    (void)state;
    atomic_int sum = 0;
    check_ok(lm_set_threads(3));
    for (int i = 0; i < 20; i++) {
        lm__parallel(8, add_job, &sum);
        lm__team_stop();
    }
    assert_int_equal(sum, 20 * 28);
    lm__team_stop();
}

/* Slow enough for every thread to get one. */
static void denormal_job(void *argument, size_t job, int thread)
{
    (void)job, (void)thread;
    usleep(300);
    volatile float tiny = 1e-38f;
    tiny *= 1e-3f;
    if (tiny != 0) atomic_fetch_add((atomic_int *)argument, 1);
}

static void jobs_flush_denormals_and_callers_keep_theirs(void **state)
{
    (void)state;
    if (getenv("LAMINA_TEST_VALGRIND")) skip();     /* it computes without this state */
    atomic_int kept = 0;
    volatile float tiny = 1e-38f;
    for (int threads = 1; threads <= 3; threads++) {
        check_ok(lm_set_threads(threads));
        lm__parallel(30, denormal_job, &kept);
        lm__parallel(1, denormal_job, &kept);
    }
    assert_int_equal(kept, 0);
    tiny *= 1e-3f;
    assert_true(tiny != 0);
    unsigned before = lm__fp_fast();
    assert_true(tiny * 1.0f == 0);
    lm__fp_restore(before);
}

#if !defined(__SANITIZE_THREAD__) && !defined(__clang__)    /* its run-time cannot start threads after a fork */
static void other_thread_job(void *argument, size_t job, int thread)
{
    (void)job;
    usleep(300);
    if (thread > 0) atomic_fetch_add((atomic_int *)argument, 1);
}

static void a_forked_child_has_a_team_too(void **state)
{
    (void)state;
    atomic_int sum = 0;
    check_ok(lm_set_threads(3));
    lm__parallel(8, add_job, &sum);
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        atomic_store(&sum, 0);
        for (int i = 0; i < 100; i++) lm__parallel(8, add_job, &sum);
        if (sum != 2800) _exit(1);
        atomic_store(&sum, 0);
        for (int i = 0; i < 1000 && sum == 0; i++) lm__parallel(30, other_thread_job, &sum); /* on a busy machine */
        exit(sum > 0 ? 0 : 2);                      /* through the destructor that ends the team */
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    lm__parallel(8, add_job, &sum);
    assert_int_equal(sum, 56);
}
#endif

static int threads_under(const char *value)
{
    pid_t child = fork();
    if (child == 0) {
        setenv("LAMINA_THREADS", value, 1);
        _exit(lm_set_threads(0) == LM_OK ? lm_threads() : 255);
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_environment_sets_the_default(void **state)
{
    (void)state;
    int usual = threads_under("");
    assert_int_equal(threads_under("7"), 7);
    assert_int_equal(threads_under("0"), usual);
    assert_int_equal(threads_under("7x"), usual);
    assert_int_equal(threads_under("-2"), usual);
    assert_int_equal(threads_under("99999999999999999999"), usual);
}

static void exit_job(void *argument, size_t job, int thread)
{
    (void)argument, (void)thread;
    if (job == 3) exit(7);
}

static void a_job_may_end_the_process(void **state)
{
    (void)state;
    lm__team_stop();
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        lm__parallel(10, exit_job, NULL);
        _exit(0);
    }
    int status = -1;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

RUN(cmocka_unit_test(every_job_runs_once),
    cmocka_unit_test(very_many_jobs), cmocka_unit_test(the_number_of_threads_changes_nothing),
    cmocka_unit_test(a_call_inside_a_job_runs_in_place), cmocka_unit_test(many_short_calls_from_many_threads),
    cmocka_unit_test(calls_do_not_mix), cmocka_unit_test(sleeping_threads_wake),
    cmocka_unit_test(the_number_is_checked), cmocka_unit_test(it_cannot_change_while_they_work),
    cmocka_unit_test(the_team_stops_and_starts),
    cmocka_unit_test(jobs_flush_denormals_and_callers_keep_theirs),
#if !defined(__SANITIZE_THREAD__) && !defined(__clang__)
    cmocka_unit_test(a_forked_child_has_a_team_too),
#endif
    cmocka_unit_test(the_environment_sets_the_default), cmocka_unit_test(a_job_may_end_the_process))
