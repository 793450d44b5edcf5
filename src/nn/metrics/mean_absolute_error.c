/* nn/metrics/mean_absolute_error.c: the mean of |y_true - y_pred|. */
#include "nn/metric.h"
#include "nn/match.h"
#include "ops/support.h"
#include <lamina/metrics.h>

#ifdef LM_HEADER
/* MeanAbsoluteError: the mean of |y_true - y_pred|. */
typedef struct lm_metric_mean_absolute_error_args {
    size_t size;
    const char *name;
} lm_metric_mean_absolute_error_args;
lm_metric *lm_metric_mean_absolute_error_new(const lm_metric_mean_absolute_error_args *args);
#define lm_metric_mean_absolute_error(...)                                                                           \
    LM__WITH(lm_metric_mean_absolute_error_args, LM__LIST(.name = NULL), lm_metric_mean_absolute_error_new(&lm__a),  \
             __VA_ARGS__)
#endif

static lm_value *values(const lm_metric *self, lm_value *y_true, lm_value *y_pred)
{
    (void)self;
    return lm_op_mean(lm_op_absolute(lm_op_subtract(y_true, y_pred)), -1);
}

static const lm_metric_mean_absolute_error_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    {0},
};

const lm__metric_class lm__metric_mean_absolute_error = {
    .base = LM__METRIC_CLASS("MeanAbsoluteError", "mae|MAE", defaults, fields),
    .values = values,
    .direction = -1,
};

lm_metric *lm_metric_mean_absolute_error_new(const lm_metric_mean_absolute_error_args *args)
{
    return lm__metric_new(&lm__metric_mean_absolute_error, args);
}
