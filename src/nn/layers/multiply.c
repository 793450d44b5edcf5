/* nn/layers/multiply.c: the product of several inputs. */
#include "nn/merge.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#ifdef LM_HEADER
/* Multiply: the product of any number of inputs, element by element, such as gates. Sizes of 1 are repeated; inputs
 * of lower rank get such sizes behind the batch. No weights. */
typedef struct lm_multiply_args {
    LM_LAYER_FIELDS;
} lm_multiply_args;
#define LM_MULTIPLY_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_multiply_args lm_multiply_defaults(void);
lm_layer *lm_multiply_new(const lm_multiply_args *args);
#define lm_multiply(...) LM__WITH(lm_multiply_args, LM_MULTIPLY_DEFAULTS, lm_multiply_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    (void)layer, (void)x;
    return lm__merge(call, lm_op_multiply);
}

static const lm_multiply_args defaults = {.size = sizeof defaults, LM_MULTIPLY_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_multiply_args),
    {0},
};

const lm__layer_class lm__layer_multiply = {
    .base = LM__LAYER_CLASS("Multiply", defaults, fields),
    .min_inputs = 1,
    .max_inputs = LM_ANY,
    .build = lm__merge_build,
    .call = call,
};

lm_multiply_args lm_multiply_defaults(void) { return defaults; }
lm_layer *lm_multiply_new(const lm_multiply_args *args) { return lm__layer_new(&lm__layer_multiply, args); }
