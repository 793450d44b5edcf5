/* nn/metrics/accuracy.c: how often y_pred equals y_true. */
#include "nn/metric.h"
#include "nn/match.h"
#include "ops/support.h"
#include <lamina/metrics.h>

#ifdef LM_HEADER
/* Accuracy: how often y_pred equals y_true. */
typedef struct lm_metric_accuracy_args {
    size_t size;
    const char *name;
} lm_metric_accuracy_args;
lm_metric *lm_metric_accuracy_new(const lm_metric_accuracy_args *args);
#define lm_metric_accuracy(...) \
    LM__WITH(lm_metric_accuracy_args, LM__LIST(.name = NULL), lm_metric_accuracy_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *values(const lm_metric *self, lm_value *y_true, lm_value *y_pred)
{
    (void)self;
    return lm_op_equal(y_true, y_pred);
}

static const lm_metric_accuracy_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    {0},
};

const lm__metric_class lm__metric_accuracy = {
    .base = LM__METRIC_CLASS("Accuracy", NULL, defaults, fields),
    .values = values,
    .direction = 1,
};

lm_metric *lm_metric_accuracy_new(const lm_metric_accuracy_args *args)
{
    return lm__metric_new(&lm__metric_accuracy, args);
}
