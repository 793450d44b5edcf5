/* nn/layers/subtract.c: the difference of two inputs. */
#include "nn/merge.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#ifdef LM_HEADER
/* Subtract: the first of two inputs minus the second, element by element. Sizes of 1 are repeated; an input of lower
 * rank gets such sizes behind the batch. No weights. */
typedef struct lm_subtract_args {
    LM_LAYER_FIELDS;
} lm_subtract_args;
#define LM_SUBTRACT_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_subtract_args lm_subtract_defaults(void);
lm_layer *lm_subtract_new(const lm_subtract_args *args);
#define lm_subtract(...) LM__WITH(lm_subtract_args, LM_SUBTRACT_DEFAULTS, lm_subtract_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    (void)layer, (void)x;
    return lm__merge(call, lm_op_subtract);
}

static const lm_subtract_args defaults = {.size = sizeof defaults, LM_SUBTRACT_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_subtract_args),
    {0},
};

const lm__layer_class lm__layer_subtract = {
    .base = LM__LAYER_CLASS("Subtract", defaults, fields),
    .min_inputs = 2,
    .max_inputs = 2,
    .build = lm__merge_build,
    .call = call,
};

lm_subtract_args lm_subtract_defaults(void) { return defaults; }
lm_layer *lm_subtract_new(const lm_subtract_args *args) { return lm__layer_new(&lm__layer_subtract, args); }
