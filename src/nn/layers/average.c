/* nn/layers/average.c: the mean of several inputs. */
#include "nn/merge.h"
#include "ops/support.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#ifdef LM_HEADER
/* Average: the mean of any number of inputs, element by element. Sizes of 1 are repeated; inputs of lower rank get
 * such sizes behind the batch. No weights. */
typedef struct lm_average_args {
    LM_LAYER_FIELDS;
} lm_average_args;
#define LM_AVERAGE_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_average_args lm_average_defaults(void);
lm_layer *lm_average_new(const lm_average_args *args);
#define lm_average(...) LM__WITH(lm_average_args, LM_AVERAGE_DEFAULTS, lm_average_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    lm_value *sum = lm__merge(call, lm_op_add);
    (void)layer, (void)x;
    return lm__bad(sum) ? sum : lm_op_multiply(sum, lm__like(sum, 1.0 / call->nin));
}

static const lm_average_args defaults = {.size = sizeof defaults, LM_AVERAGE_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_average_args),
    {0},
};

const lm__layer_class lm__layer_average = {
    .base = LM__LAYER_CLASS("Average", defaults, fields),
    .min_inputs = 1,
    .max_inputs = LM_ANY,
    .build = lm__merge_build,
    .call = call,
};

lm_average_args lm_average_defaults(void) { return defaults; }
lm_layer *lm_average_new(const lm_average_args *args) { return lm__layer_new(&lm__layer_average, args); }
