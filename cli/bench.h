/* cli/bench.h: workloads: steps of training and of inference that are measured. */
#ifndef LAMINA_CLI_BENCH_H
#define LAMINA_CLI_BENCH_H

#include "cli.h"

typedef struct bench_figures {
    bool bound;                         /* asked for: bound_ms too */
    lm_profile **profile;               /* asked for, if not NULL: this alone, no times of steps */
    double ms_per_step, flops_per_step, bound_ms;
    double loss_first, loss_last;       /* NaN for inference */
    int64_t items_per_step;
} bench_figures;

/* A workload: one file, one line in workloads.def. `about` is its lines in the help, up to 88 columns each, without a
 * newline at the end. `run` runs in a process of its own, and returns the exit status, after a message if not 0. */
typedef struct bench_workload {
    const char *name, *unit, *about;    /* unit: what items_per_second counts: "samples", "tokens" */
    int (*run)(bench_figures *out);
} bench_workload;

const bench_workload *bench_workload_at(int index);     /* in the order of workloads.def; NULL after the last */
const bench_workload *bench_find(const char *name);     /* or NULL */
bool bench_operand(int index, cli_operand *out);        /* workloads as a command's operands */

/* What a command is to measure: a workload, or the model in a file. */
typedef struct bench_job {
    const bench_workload *workload;
    const char *path;                   /* of the model's file */
    char name[256];                     /* the workload's, or the file's stem */
    int64_t batch;                      /* of a model */
    bool inference;
} bench_job;
/* From an operand, and --batch-size (0: not given) and --inference, which are for models alone. 0, or 2 after a
 * message. */
int bench_choose(const cli_command *command, const char *operand, int64_t batch, bool inference, bench_job *out);
int bench_run(const bench_job *job, bench_figures *out);
/* --without: plans leave these passes out. 0, or 2 after a message. */
int bench_without(const cli_command *command, const char *passes);
void bench_write_passes(FILE *to);      /* the passes, a line each, for help */

/* The training of a model on arrays: batches are taken in turn, from the beginning again at the end. Nothing is taken
 * over; a model or an array that failed is an error here. */
typedef struct bench_training {
    lm_model *model;                    /* compiled */
    lm_tensor *x, *y;                   /* one batch, or several */
    int64_t batch, items;               /* examples, and items of the unit, in a step; items 0: as many as examples */
    int steps;                          /* in a round; 0: as many as fill 0.4 s */
} bench_training;
int bench_train(const bench_training *training, bench_figures *out);

/* A model predicting all of x in one call on memory that is the caller's; steps as above. */
int bench_predict(lm_model *model, lm_tensor *x, int64_t items, int steps, bench_figures *out);

/* A function of a workload's own, run on the same inputs in every step. */
typedef struct bench_calls {
    lm_function *function;
    lm_tensor *const *inputs;           /* one each */
    int outputs;                        /* how many a run gives; the first is the loss */
    int64_t items;                      /* in a step */
    int steps;                          /* as above */
} bench_calls;
int bench_call(const bench_calls *calls, bench_figures *out);

/* The first training pictures of MNIST, from 0 to 1, and labels; at most `count`. */
int bench_mnist(int64_t count, lm_tensor **x, lm_tensor **y);

/* A model of the user's on made-up data, named by its file: training, or one call that predicts. */
int bench_model(const char *path, int64_t batch, bool inference, bench_figures *out);

/* For workloads of another kind: milliseconds per step of the best of three rounds: round(user, steps) makes that
 * many and returns 0, or a status, which is returned. steps as above. */
int bench_rounds(int (*round)(void *user, int steps), void *user, int steps, double *ms_per_step);

#endif
