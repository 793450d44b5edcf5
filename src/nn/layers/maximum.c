/* nn/layers/maximum.c: the largest of several inputs. */
#include "nn/merge.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#ifdef LM_HEADER
/* Maximum: the largest of any number of inputs, element by element. Sizes of 1 are repeated; inputs of lower rank
 * get such sizes behind the batch. No weights. */
typedef struct lm_maximum_args {
    LM_LAYER_FIELDS;
} lm_maximum_args;
#define LM_MAXIMUM_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_maximum_args lm_maximum_defaults(void);
lm_layer *lm_maximum_new(const lm_maximum_args *args);
#define lm_maximum(...) LM__WITH(lm_maximum_args, LM_MAXIMUM_DEFAULTS, lm_maximum_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    (void)layer, (void)x;
    return lm__merge(call, lm_op_maximum);
}

static const lm_maximum_args defaults = {.size = sizeof defaults, LM_MAXIMUM_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_maximum_args),
    {0},
};

const lm__layer_class lm__layer_maximum = {
    .base = LM__LAYER_CLASS("Maximum", defaults, fields),
    .min_inputs = 1,
    .max_inputs = LM_ANY,
    .build = lm__merge_build,
    .call = call,
};

lm_maximum_args lm_maximum_defaults(void) { return defaults; }
lm_layer *lm_maximum_new(const lm_maximum_args *args) { return lm__layer_new(&lm__layer_maximum, args); }
