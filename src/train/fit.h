/* train/fit.h: a fit under way. */
#ifndef LM_TRAIN_FIT_H
#define LM_TRAIN_FIT_H

#include "train/callback.h"
#include "train/model.h"

typedef struct lm__fit {
    lm_moment moment;                   /* the first: callbacks of ours find the fit by it */
    lm_model *model;
    const lm_fit_args *args;
    const lm__checkpoint_format *format;
    lm__callbacks callbacks;
    lm_logs logs;
    lm_dataset *train, *validation;     /* batched; owned */
    lm_iterator *it, *validation_it;    /* kept over the epochs: another pass takes no memory */
    int64_t validation_steps;
    int verbose;
    uint64_t seed;                      /* of the order of the data */
    int first_epoch;                    /* where this fit begins or goes on */
    int64_t first_step;
    double seconds_before;              /* which the first epoch took before it was interrupted */
    double begun;                       /* when the epoch, or the rest of it, began */
    uint64_t fingerprint;               /* of the data, where a callback writes backups */
    lm_tensor *class_weights;           /* one number for each example of a batch; NULL: none are asked for */
} lm__fit;

/* --- arguments and data (fit_data.c) --- */
lm_status lm__fit_check(const lm_fit_args *args);
/* Batches, shuffles and splits the data; no iterator yet. */
lm_status lm__fit_data(lm__fit *f, lm_dataset *data);
/* Iterators from the fit's first batch on. */
lm_status lm__fit_iterate(lm__fit *f);

/* --- factors of classes (class_weight.c) --- */
lm_status lm__fit_class_weights(lm__fit *f);
/* A batch's weights, from its labels: puts them behind the targets and counts them in. */
lm_status lm__fit_weigh(lm__fit *f, lm_tensor **batch, int *count);

/* --- a run that goes on (backup.c) --- */
/* Reads the backup of the first callback that has one, and looks at where it stands: before the data are made. */
typedef struct lm__backup {
    const char *path;                   /* NULL: no callback writes backups */
    lm_model *model;                    /* what it holds; NULL: there is none yet */
    lm__run_state state;
} lm__backup;
lm_status lm__backup_open(lm__fit *f, lm__backup *backup);
/* Checks it against model and data, and makes the run's state that of the backup. */
lm_status lm__backup_apply(lm__fit *f, const lm__backup *backup);
void lm__backup_close(lm__backup *backup);
/* Writes the run as it will go on at that step of that epoch. */
lm_status lm__backup_write(lm__fit *f, const char *path, int epoch, int64_t step);

/* One batch as a step takes it: kinds of arrays, and the step made for them. */
lm_status lm__fit_step(lm__fit *f, lm_tensor *const *batch, int count);

#endif
