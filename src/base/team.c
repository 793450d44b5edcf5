/* base/team.c: one team of threads per process.
 *
 * The caller publishes work as a generation: (function, argument, jobs), then a ticket that holds the generation
 * and which jobs are left. Whoever comes takes a job by changing the ticket; a thread that wakes late finds it used
 * up and was never waited for. Only who took a job is counted in `done`, which ends the generation.
 *
 * The caller and every second thread take the first job that is left, the others the last: work that comes again,
 * such as a product with the same weights, meets them in the cache of the same processor. */
#define _GNU_SOURCE
#include "base/team.h"

#include "base/cpu.h"
#include "base/status.h"

#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SPIN_NANOSECONDS = 30000 };

/* A ticket: generation << 32 | first job left << 16 | end of those left. Closed while the work is being changed. */
enum { MOST_SHARES = UINT16_MAX };
#define CLOSED 0u

static struct {
    atomic_int taken;                       /* a caller works with the team, or it is being changed */
    atomic_int threads;                     /* 0: not decided yet */
    atomic_int quit;
    atomic_int holds;                       /* runs that rely on the number of threads; -1: it is being changed */
    int started;                            /* threads beside the caller; guarded by `taken`, as the next two */
    int spin;                               /* waiting threads spin: there is a CPU for each */
    pthread_t handles[LM__MAX_THREADS];
    uint32_t first_epoch[LM__MAX_THREADS];

    _Atomic uint64_t ticket __attribute__((aligned(64)));
    _Atomic(lm__job_fn *) fn;
    _Atomic(void *) argument;

    _Atomic uint32_t epoch __attribute__((aligned(64)));    /* the generation; idle threads sleep on it */
    atomic_int sleepers;

    _Atomic uint32_t done __attribute__((aligned(64)));     /* jobs finished by others; the caller sleeps on it */
    atomic_int caller_sleeps;
} team;

static _Thread_local int held;              /* holds of this thread: what a forked child has of them */
static _Thread_local int inside;            /* in a job of the team: waiting for it would be for ever */

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
    syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word, int threads)
{
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
}

static inline void pause_briefly(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static int64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Spins until *word is (`equal`) or is no longer (not `equal`) the value; 0 when the time for that is over. */
static int spin_until(_Atomic uint32_t *word, uint32_t value, int equal, int spin)
{
    int64_t end = 0;
    for (;;) {
        for (int i = 0; i < 64; i++) {
            if ((atomic_load_explicit(word, memory_order_acquire) == value) == equal) return 1;
            if (!spin) return 0;
            pause_briefly();
        }
        int64_t now = nanoseconds();
        if (!end) end = now + SPIN_NANOSECONDS;
        if (now >= end) return 0;
    }
}

/* Takes and runs jobs until none is left; how many it ran. All of one generation: while a job taken here is not
 * yet in `done` the next generation cannot begin. */
static uint32_t run_jobs(int thread)
{
    uint32_t count = 0;
    uint64_t ticket = atomic_load_explicit(&team.ticket, memory_order_acquire);
    for (;;) {
        /* If these belong to a later generation than the ticket, the exchange below fails: the ticket is closed
         * before they change. */
        lm__job_fn *fn = atomic_load_explicit(&team.fn, memory_order_acquire);
        void *argument = atomic_load_explicit(&team.argument, memory_order_acquire);
        uint32_t first = (uint32_t)ticket >> 16, end = (uint32_t)ticket & UINT16_MAX;
        if (first >= end) return count;
        bool last = thread % 2 != 0;
        if (!atomic_compare_exchange_weak_explicit(&team.ticket, &ticket, last ? ticket - 1 : ticket + (1u << 16),
                                                   memory_order_acq_rel, memory_order_acquire))
            continue;
        fn(argument, last ? end - 1 : first, thread);
        count++;
        ticket = atomic_load_explicit(&team.ticket, memory_order_acquire);
    }
}

static void *worker(void *index)
{
    int thread = (int)(intptr_t)index;
    uint32_t seen = team.first_epoch[thread];
    inside = 1;
    lm__fp_fast();
    for (;;) {
        if (!spin_until(&team.epoch, seen, 0, team.spin)) {
            atomic_fetch_add(&team.sleepers, 1);
            while (atomic_load(&team.epoch) == seen) futex_wait(&team.epoch, seen);
            atomic_fetch_sub(&team.sleepers, 1);
        }
        seen = atomic_load(&team.epoch);
        if (atomic_load(&team.quit)) return NULL;
        uint32_t count = run_jobs(thread);
        if (!count) continue;
        atomic_fetch_add(&team.done, count);
        if (atomic_load(&team.caller_sleeps)) futex_wake(&team.done, 1);
    }
}

static void next_epoch(int wake)
{
    atomic_fetch_add(&team.epoch, 1);
    if (atomic_load(&team.sleepers)) futex_wake(&team.epoch, wake);
}

static int take(void)
{
    int free = 0;
    return atomic_compare_exchange_strong_explicit(&team.taken, &free, 1, memory_order_acquire, memory_order_relaxed);
}

static void give_back(void)
{
    atomic_store_explicit(&team.taken, 0, memory_order_release);
}

static void after_fork(void)
{
    team.started = 0;
    atomic_store(&team.sleepers, 0);
    atomic_store(&team.caller_sleeps, 0);
    atomic_store(&team.holds, held);
    give_back();
}

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

static void register_after_fork(void)
{
    pthread_atfork(NULL, NULL, after_fork);
}

/* Starts what is missing; with fewer threads than asked for, those that there are do the work. */
static void start(int threads)
{
    pthread_once(&fork_once, register_after_fork);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);    /* signals go to the caller's own threads */
    team.spin = threads <= lm__cpu_count();
    while (team.started < threads - 1) {
        int index = team.started + 1;
        team.first_epoch[index] = atomic_load(&team.epoch);
        if (pthread_create(&team.handles[index], NULL, worker, (void *)(intptr_t)index)) break;
        team.started = index;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* With `taken` held. */
static void stop(void)
{
    if (!team.started) return;
    atomic_store(&team.quit, 1);
    next_epoch(LM__MAX_THREADS);
    for (int i = 1; i <= team.started; i++) pthread_join(team.handles[i], NULL);
    team.started = 0;
    atomic_store(&team.quit, 0);
}

static void run_in_place(size_t jobs, lm__job_fn *fn, void *argument)
{
    unsigned state = lm__fp_fast();
    for (size_t job = 0; job < jobs; job++) fn(argument, job, 0);
    lm__fp_restore(state);
}

/* With `taken` held. */
static void run_generation(uint32_t jobs, lm__job_fn *fn, void *argument)
{
    uint64_t generation = (uint64_t)(atomic_load(&team.epoch) + 1) << 32;
    atomic_store(&team.ticket, generation | CLOSED);
    atomic_store_explicit(&team.fn, fn, memory_order_release);
    atomic_store_explicit(&team.argument, argument, memory_order_release);
    atomic_store(&team.done, 0);
    atomic_store_explicit(&team.ticket, generation | jobs, memory_order_release);
    next_epoch(jobs - 1 < LM__MAX_THREADS ? (int)jobs - 1 : LM__MAX_THREADS);

    unsigned state = lm__fp_fast();
    inside = 1;
    uint32_t others = jobs - run_jobs(0);
    inside = 0;
    lm__fp_restore(state);
    if (spin_until(&team.done, others, 1, team.spin)) return;
    atomic_store(&team.caller_sleeps, 1);
    for (uint32_t now; (now = atomic_load(&team.done)) != others;) futex_wait(&team.done, now);
    atomic_store(&team.caller_sleeps, 0);
}

/* More jobs than a ticket counts: several in a row are one share. */
typedef struct shares {
    lm__job_fn *fn;
    void *argument;
    size_t jobs, each;
} shares;

static void run_share(void *argument, size_t share, int thread)
{
    const shares *s = argument;
    size_t end = s->jobs - share * s->each < s->each ? s->jobs : (share + 1) * s->each;
    for (size_t job = share * s->each; job < end; job++) s->fn(s->argument, job, thread);
}

void lm__parallel(size_t jobs, lm__job_fn *fn, void *argument)
{
    int threads = lm__team_threads();
    if (jobs <= 1 || threads == 1 || !take()) {
        run_in_place(jobs, fn, argument);
        return;
    }
    if (team.started < threads - 1) start(threads);
    if (jobs <= MOST_SHARES) {
        run_generation((uint32_t)jobs, fn, argument);
    } else {
        shares s = {fn, argument, jobs, jobs / MOST_SHARES + 1};
        run_generation((uint32_t)((jobs + s.each - 1) / s.each), run_share, &s);
    }
    give_back();
}

/* LAMINA_THREADS where it is a number of threads, else one for each CPU that this process may use. */
static int default_threads(void)
{
    const char *text = getenv("LAMINA_THREADS");
    char *end = NULL;
    long wanted = text && *text ? strtol(text, &end, 10) : 0;
    if (wanted >= 1 && wanted <= LM__MAX_THREADS && *end == '\0') return (int)wanted;
    int cpus = lm__cpu_count();
    return cpus < LM__MAX_THREADS ? cpus : LM__MAX_THREADS;
}

int lm__team_threads(void)
{
    int threads = atomic_load_explicit(&team.threads, memory_order_relaxed);
    if (threads) return threads;
    int fresh = default_threads();
    return atomic_compare_exchange_strong(&team.threads, &threads, fresh) ? fresh : threads;
}

void lm__team_hold(void)
{
    pthread_once(&fork_once, register_after_fork);
    int holds = atomic_load(&team.holds);
    while (holds < 0 || !atomic_compare_exchange_weak(&team.holds, &holds, holds + 1)) {
        if (holds >= 0) continue;
        sched_yield();
        holds = atomic_load(&team.holds);
    }
    held++;
}

void lm__team_release(void)
{
    held--;
    atomic_fetch_sub(&team.holds, 1);
}

lm_status lm__team_resize(int threads)
{
    if (threads < 0 || threads > LM__MAX_THREADS)
        return lm__fail(LM_INVALID, "threads: %d came, 1 to %d was expected (0: one for each CPU)", threads,
                        LM__MAX_THREADS);
    int none = 0;
    bool free = take();
    if (!free || !atomic_compare_exchange_strong(&team.holds, &none, -1)) {
        if (free) give_back();
        return lm__fail(LM_BUSY, "the number of threads cannot change while they work");
    }
    if (!threads) threads = default_threads();
    if (threads != atomic_load(&team.threads)) stop();
    atomic_store(&team.threads, threads);
    atomic_store(&team.holds, 0);
    give_back();
    return LM_OK;
}

void lm__team_stop(void)
{
    if (inside) return;
    while (!take()) sched_yield();
    stop();
    give_back();
}

/* At exit, or when the library is unloaded: end the threads unless they are at work, in which case the process's end
 * takes them along. */
__attribute__((destructor)) static void stop_at_exit(void)
{
    if (!take()) return;
    stop();
    give_back();
}
