/* nn/layers/add.c: the sum of several inputs. */
#include "nn/merge.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#ifdef LM_HEADER
/* Add: the sum of any number of inputs, element by element: the join of residual networks. Sizes of 1 are repeated;
 * inputs of lower rank get such sizes behind the batch. No weights. */
typedef struct lm_add_args {
    LM_LAYER_FIELDS;
} lm_add_args;
#define LM_ADD_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_add_args lm_add_defaults(void);
lm_layer *lm_add_new(const lm_add_args *args);
#define lm_add(...) LM__WITH(lm_add_args, LM_ADD_DEFAULTS, lm_add_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    (void)layer, (void)x;
    return lm__merge(call, lm_op_add);
}

static const lm_add_args defaults = {.size = sizeof defaults, LM_ADD_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_add_args),
    {0},
};

const lm__layer_class lm__layer_add = {
    .base = LM__LAYER_CLASS("Add", defaults, fields),
    .min_inputs = 1,
    .max_inputs = LM_ANY,
    .build = lm__merge_build,
    .call = call,
};

lm_add_args lm_add_defaults(void) { return defaults; }
lm_layer *lm_add_new(const lm_add_args *args) { return lm__layer_new(&lm__layer_add, args); }
