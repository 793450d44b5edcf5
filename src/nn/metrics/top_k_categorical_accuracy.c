/* nn/metrics/top_k_categorical_accuracy.c: how often the class of the one-hot target is among the k greatest
 * predictions. */
#include "nn/classes.h"
#include "nn/metric.h"
#include "nn/match.h"
#include "ops/support.h"
#include <lamina/metrics.h>

#include <math.h>

#ifdef LM_HEADER
/* TopKCategoricalAccuracy: how often the class of the one-hot target is among the k greatest predictions. */
typedef struct lm_metric_top_k_categorical_accuracy_args {
    size_t size;
    const char *name;
    int64_t k;                                  /* 5 */
} lm_metric_top_k_categorical_accuracy_args;
#define LM_METRIC_TOP_K_CATEGORICAL_ACCURACY_DEFAULTS LM__LIST(.k = 5)
lm_metric *lm_metric_top_k_categorical_accuracy_new(const lm_metric_top_k_categorical_accuracy_args *args);
#define lm_metric_top_k_categorical_accuracy(...)                                                                    \
    LM__WITH(lm_metric_top_k_categorical_accuracy_args, LM_METRIC_TOP_K_CATEGORICAL_ACCURACY_DEFAULTS,               \
             lm_metric_top_k_categorical_accuracy_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *values(const lm_metric *self, lm_value *y_true, lm_value *y_pred)
{
    const lm_metric_top_k_categorical_accuracy_args *a = self->base.args;
    return lm__in_top_k(lm__cast_to(lm_op_argmax(y_true, -1), LM_I64), y_pred, a->k);
}

static const lm_metric_top_k_categorical_accuracy_args defaults = {.size = sizeof defaults,
                                                                   LM_METRIC_TOP_K_CATEGORICAL_ACCURACY_DEFAULTS};
static const lm__field fields[] = {
    LM__FIELD(lm_metric_top_k_categorical_accuracy_args, k, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    {0},
};

const lm__metric_class lm__metric_top_k_categorical_accuracy = {
    .base = LM__METRIC_CLASS("TopKCategoricalAccuracy", NULL, defaults, fields),
    .values = values,
    .direction = 1,
};

lm_metric *lm_metric_top_k_categorical_accuracy_new(const lm_metric_top_k_categorical_accuracy_args *args)
{
    return lm__metric_new(&lm__metric_top_k_categorical_accuracy, args);
}
