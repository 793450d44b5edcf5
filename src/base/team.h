/* base/team.h: the compute threads.
 *
 * One team per process, started at the first parallel piece of work that is worth it. Work is a number of jobs.
 * Where a cut reaches the bytes, as in sums, the problem fixes it, never the number of threads: results are the same
 * bytes for any team. When the team is taken (a second caller, or a call from inside a job) the caller does all jobs
 * itself. Waiting threads spin briefly, then sleep. */
#ifndef LM_BASE_TEAM_H
#define LM_BASE_TEAM_H

#include <lamina/status.h>
#include <stddef.h>

enum { LM__MAX_THREADS = 256 };

typedef void lm__job_fn(void *argument, size_t job, int thread);

/* Calls fn(argument, job, thread) for every job in [0, jobs); `thread` < lm__team_threads() is unique among the
 * calls that this lm__parallel has running at the same time, for per-thread scratch. Returns when all are done.
 * Every job runs with flush-to-zero (below), on whatever thread. jobs <= 1: runs in place. */
void lm__parallel(size_t jobs, lm__job_fn *fn, void *argument);

int lm__team_threads(void);

/* Between the two the number of threads stays as it is: for runs whose memory is cut by it. They nest; each belongs
 * to the thread that called it. */
void lm__team_hold(void);
void lm__team_release(void);

/* Sets the number of threads, 1 to LM__MAX_THREADS; 0: the default again. LM_BUSY while the team works or is held. */
lm_status lm__team_resize(int threads);

/* Ends the team's threads (they start again when needed); waits for work in progress. */
void lm__team_stop(void);

/* Flush-to-zero and denormals-are-zero for the calling thread: returns the previous state for lm__fp_restore. Team
 * threads always run with it. */
unsigned lm__fp_fast(void);
void lm__fp_restore(unsigned state);

#endif
