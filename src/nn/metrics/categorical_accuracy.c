/* nn/metrics/categorical_accuracy.c: how often the greatest prediction is the class that is greatest in the one-hot
 * target. */
#include "nn/metric.h"
#include "nn/match.h"
#include "ops/support.h"
#include <lamina/metrics.h>

#ifdef LM_HEADER
/* CategoricalAccuracy: how often the greatest prediction is the class that is greatest in the one-hot target. */
typedef struct lm_metric_categorical_accuracy_args {
    size_t size;
    const char *name;
} lm_metric_categorical_accuracy_args;
lm_metric *lm_metric_categorical_accuracy_new(const lm_metric_categorical_accuracy_args *args);
#define lm_metric_categorical_accuracy(...)                                                                          \
    LM__WITH(lm_metric_categorical_accuracy_args, LM__LIST(.name = NULL),                                            \
             lm_metric_categorical_accuracy_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *values(const lm_metric *self, lm_value *y_true, lm_value *y_pred)
{
    (void)self;
    return lm_op_equal(lm_op_argmax(y_true, -1), lm_op_argmax(y_pred, -1));
}

static const lm_metric_categorical_accuracy_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    {0},
};

const lm__metric_class lm__metric_categorical_accuracy = {
    .base = LM__METRIC_CLASS("CategoricalAccuracy", NULL, defaults, fields),
    .values = values,
    .direction = 1,
};

lm_metric *lm_metric_categorical_accuracy_new(const lm_metric_categorical_accuracy_args *args)
{
    return lm__metric_new(&lm__metric_categorical_accuracy, args);
}
