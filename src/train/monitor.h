/* train/monitor.h: what callbacks that watch one result share: which it is, whether less or more is better, the best
 * so far. */
#ifndef LM_TRAIN_MONITOR_H
#define LM_TRAIN_MONITOR_H

#include "train/callback.h"

typedef struct lm__monitor {
    const char *name, *mode;            /* of the arguments: "val_loss"; "auto", "min", "max" */
    double min_delta;
    int direction;                      /* 1: more is better, -1: less; 0: not known yet */
    bool any;                           /* there is a best */
    double best;
} lm__monitor;

/* The result at the end of an epoch. *found: whether the epoch has it; one that no epoch can have is an error. */
lm_status lm__monitor_value(lm__monitor *m, const lm_moment *moment, double *value, bool *found);
/* Whether the value is better than that other one by more than min_delta. In float32, as Keras has it, unless the
 * model is of float64. */
bool lm__monitor_better(const lm__monitor *m, const lm_moment *moment, double value, double than);
/* The same for the best so far: anything is better than nothing. */
bool lm__monitor_improves(const lm__monitor *m, const lm_moment *moment, double value);
void lm__monitor_set(lm__monitor *m, double best);

lm_status lm__monitor_save(const lm__monitor *m, lm__keep *keep);
lm_status lm__monitor_load(lm__monitor *m, const lm__keep *keep);

/* The field rows of the two arguments. */
#define LM__MONITOR_FIELD_ROWS(type)                                                                             \
    LM__FIELD(type, monitor, LM__FIELD_STRING), LM__FIELD(type, mode, LM__FIELD_STRING, .choices = "auto|min|max")

#endif
