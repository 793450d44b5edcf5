/* plan/tune.c: times the kernels that can do a problem, and remembers which one won.
 *
 * What a program has set (lm_set_tuning) is here and not in base, which knows neither kernels nor JSON. One thread
 * tunes at a time: two at once would time each other. */
#include "plan/tune.h"
#include "base/bytes.h"
#include "base/team.h"
#include "plan/alone.h"
#include "plan/internal.h"
#include <lamina/runtime.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { ROUNDS = 3, MESSAGE = 512, MACHINE = 160 };
static const double budget = 0.005;     /* seconds for a kernel in a round */
static const double margin = 0.95;      /* what another one must need at most of the first one's time */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool on;
static lm__tune_file *file;
static char lost[MESSAGE];              /* why something could not be kept; "": nothing was lost */

bool lm__tuning(void) { return atomic_load(&on); }

static lm_status end_tuning(void)
{
    lm_status status = *lost ? lm__fail(LM_IO, "what was tuned could not be kept: %s", lost) : LM_OK;
    atomic_store(&on, false);
    lm__tune_file_close(file);
    file = NULL;
    *lost = 0;
    return status;
}

lm_status lm_set_tuning(const char *path)
{
    lm__tune_file *next = NULL;
    if (path && !*path) return lm__fail(LM_INVALID, "lm_set_tuning: the file's name is empty");
    pthread_mutex_lock(&lock);
    lm_status status = path ? lm__tune_file_open(path, &next) : LM_OK;
    if (!path) status = end_tuning();
    else if (status == LM_OK) {
        status = end_tuning();
        file = next;
        atomic_store(&on, true);
    }
    pthread_mutex_unlock(&lock);
    return status;
}

void lm__tune_save(void)
{
    pthread_mutex_lock(&lock);
    if (file && lm__tune_file_save(file)) snprintf(lost, sizeof lost, "%s", lm_last_error());
    pthread_mutex_unlock(&lock);
}

/* --- names ------------------------------------------------------------------------------------------------------ */

/* "AMD EPYC 9V45, v4, 2 threads, lamina 0.1.0". */
static void machine_text(char text[MACHINE])
{
    char model[LM__CPU_MODEL];
    lm__cpu_model(model);
    snprintf(text, MACHINE, "%s, %s, %d threads, lamina %s", model, lm__isa_name(lm__isa_level()), lm__team_threads(),
             lm_version());
}

static void put_array(lm__text *t, const lm__desc *d)
{
    char shape[160];
    lm__shape_text(d->rank, d->dims, shape, sizeof shape);
    lm__text_printf(t, " %s%s", lm_dtype_name(d->dtype), shape);
}

/* "matmul float32(32, 10) … -> …; attributes 9c…, stable 2, used 1". */
static void problem_text(lm__text *t, const lm__op *op, const lm__problem *p)
{
    lm__text_printf(t, "%s", op->name);
    for (int i = 0; i < p->nin; i++) put_array(t, &p->in[i]);
    lm__text_printf(t, " ->");
    for (int i = 0; i < p->nout; i++) put_array(t, &p->out[i]);
    lm__text_printf(t, "; attributes %016llx, stable %llx, used %llx",
                    (unsigned long long)lm__attr_hash(op, p->attr), (unsigned long long)p->in_stable,
                    (unsigned long long)p->out_used);
}

/* --- times ------------------------------------------------------------------------------------------------------ */

/* Kernels that take the problem, the first of each name. Made-up numbers stand for floats only. */
static int find_candidates(const lm__problem *p, const lm__kernel *out[LM__TUNE_CANDIDATES])
{
    int n = 0;
    for (int i = 0; i < p->nin; i++)
        if (p->in[i].dtype != LM_F32 && p->in[i].dtype != LM_F64) return 0;
    for (const lm__kernel *const *k = lm__fast_kernels(p->op); *k && n < LM__TUNE_CANDIDATES; k++) {
        bool known = false;
        for (int i = 0; i < n; i++) known |= !strcmp(out[i]->name, (*k)->name);
        if (!known && (!(*k)->accepts || (*k)->accepts(p))) out[n++] = *k;
    }
    return n;
}

lm_status lm__tune_measure(const lm__problem *p, int n, const lm__kernel *const *candidate, int *winner)
{
    lm__alone *alone;
    double best[LM__TUNE_CANDIDATES];
    bool faster[LM__TUNE_CANDIDATES];
    lm_status status = LM_OK;
    LM_TRY(lm__alone_new(p, &alone));
    for (int i = 0; i < n; i++) best[i] = INFINITY, faster[i] = true;
    for (int r = 0; r < ROUNDS && status == LM_OK; r++) {
        double first = INFINITY;
        for (int i = 0; i < n && status == LM_OK; i++) {
            double took = INFINITY;
            status = lm__alone_time(alone, candidate[i], budget, &took);
            if (status == LM_UNSUPPORTED) status = LM_OK;       /* it declines when it looks closer */
            if (i == 0) first = took;
            faster[i] &= took < margin * first;
            best[i] = fmin(best[i], took);
        }
    }
    *winner = 0;
    for (int i = 1; i < n; i++)
        if (faster[i] && best[i] < best[*winner]) *winner = i;
    lm__alone_free(alone);
    return status;
}

static lm_status find(const lm__problem *p, const char *problem, const lm__kernel **out)
{
    const lm__kernel *candidate[LM__TUNE_CANDIDATES];
    char machine[MACHINE];
    int n = find_candidates(p, candidate), winner;
    if (n < 2 || !file) return LM_OK;
    machine_text(machine);
    const char *known = lm__tune_file_get(file, machine, problem);
    for (int i = 0; known && i < n; i++)
        if (!strcmp(candidate[i]->name, known)) {
            *out = candidate[i];
            return LM_OK;
        }
    LM_TRY(lm__tune_measure(p, n, candidate, &winner));
    *out = candidate[winner];
    return lm__tune_file_set(file, machine, problem, candidate[winner]->name);
}

lm_status lm__tune(const lm__op *op, const lm__problem *problem, const lm__kernel **out)
{
    lm__text key = {0};
    *out = NULL;
    problem_text(&key, op, problem);
    lm_status status = key.bad ? lm__no_memory(key.size) : LM_OK;
    pthread_mutex_lock(&lock);
    lm__team_hold();
    if (status == LM_OK) status = find(problem, key.data, out);
    lm__team_release();
    pthread_mutex_unlock(&lock);
    lm__free(key.data);
    return status;
}
