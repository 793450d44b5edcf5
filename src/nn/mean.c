/* nn/mean.c: a plain mean under a name, which compile makes for the loss. No user asks for it by name. */
#include "nn/metric.h"

static const lm__args_head defaults = {.size = sizeof defaults};
static const lm__field fields[] = {{0}};

const lm__metric_class lm__metric_mean_metric = {
    .base = LM__METRIC_CLASS("Mean", NULL, defaults, fields),
};
