/* nn/layers/minimum.c: the smallest of several inputs. */
#include "nn/merge.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#ifdef LM_HEADER
/* Minimum: the smallest of any number of inputs, element by element. Sizes of 1 are repeated; inputs of lower rank
 * get such sizes behind the batch. No weights. */
typedef struct lm_minimum_args {
    LM_LAYER_FIELDS;
} lm_minimum_args;
#define LM_MINIMUM_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_minimum_args lm_minimum_defaults(void);
lm_layer *lm_minimum_new(const lm_minimum_args *args);
#define lm_minimum(...) LM__WITH(lm_minimum_args, LM_MINIMUM_DEFAULTS, lm_minimum_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    (void)layer, (void)x;
    return lm__merge(call, lm_op_minimum);
}

static const lm_minimum_args defaults = {.size = sizeof defaults, LM_MINIMUM_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_minimum_args),
    {0},
};

const lm__layer_class lm__layer_minimum = {
    .base = LM__LAYER_CLASS("Minimum", defaults, fields),
    .min_inputs = 1,
    .max_inputs = LM_ANY,
    .build = lm__merge_build,
    .call = call,
};

lm_minimum_args lm_minimum_defaults(void) { return defaults; }
lm_layer *lm_minimum_new(const lm_minimum_args *args) { return lm__layer_new(&lm__layer_minimum, args); }
