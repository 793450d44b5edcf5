/* nn/metrics/binary_accuracy.c: how often y_pred is on y_true's side of the threshold. */
#include "nn/metric.h"
#include "nn/match.h"
#include "ops/support.h"
#include <lamina/metrics.h>

#ifdef LM_HEADER
/* BinaryAccuracy: how often y_pred is on y_true's side of the threshold. */
typedef struct lm_metric_binary_accuracy_args {
    size_t size;
    const char *name;
    double threshold;                         /* in (0, 1); 0.5 */
} lm_metric_binary_accuracy_args;
#define LM_METRIC_BINARY_ACCURACY_DEFAULTS LM__LIST(.threshold = 0.5)
lm_metric *lm_metric_binary_accuracy_new(const lm_metric_binary_accuracy_args *args);
#define lm_metric_binary_accuracy(...)                                                                               \
    LM__WITH(lm_metric_binary_accuracy_args, LM_METRIC_BINARY_ACCURACY_DEFAULTS,                                     \
             lm_metric_binary_accuracy_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *values(const lm_metric *self, lm_value *y_true, lm_value *y_pred)
{
    const lm_metric_binary_accuracy_args *a = self->base.args;
    lm_value *yes = lm_op_greater(y_pred, lm__like(y_pred, a->threshold));
    return lm_op_equal(y_true, lm_op_cast(yes, y_true->dtype));
}

static const lm_metric_binary_accuracy_args defaults = {.size = sizeof defaults, LM_METRIC_BINARY_ACCURACY_DEFAULTS};
static const lm__field fields[] = {
    LM__FIELD(lm_metric_binary_accuracy_args, threshold, LM__FIELD_FLOAT),
    {0},
};

const lm__metric_class lm__metric_binary_accuracy = {
    .base = LM__METRIC_CLASS("BinaryAccuracy", NULL, defaults, fields),
    .values = values,
    .direction = 1,
};

lm_metric *lm_metric_binary_accuracy_new(const lm_metric_binary_accuracy_args *args)
{
    return lm__metric_new(&lm__metric_binary_accuracy, args);
}
