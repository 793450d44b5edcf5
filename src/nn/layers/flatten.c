/* nn/layers/flatten.c: all dimensions but the batch joined into one. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#ifdef LM_HEADER
/* Flatten: input (N, a, b, …), output (N, a·b·…). No weights; costs nothing. */
typedef struct lm_flatten_args {
    LM_LAYER_FIELDS;
} lm_flatten_args;
#define LM_FLATTEN_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_flatten_args lm_flatten_defaults(void);
lm_layer *lm_flatten_new(const lm_flatten_args *args);
#define lm_flatten(...) LM__WITH(lm_flatten_args, LM_FLATTEN_DEFAULTS, lm_flatten_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    lm__dims *table = call->graph->dims;
    lm__shape flat = {.rank = 2, .dim = {lm__bad(x) ? 0 : x->shape.dim[0], 1}};
    (void)layer;
    for (int i = 1; !lm__bad(x) && i < x->shape.rank; i++)
        flat.dim[1] = lm__dim_mul(table, flat.dim[1], x->shape.dim[i]);
    return lm__reshape_to(x, &flat);
}

static const lm_flatten_args defaults = {.size = sizeof defaults, LM_FLATTEN_DEFAULTS};
static const lm__field fields[] = {LM__LAYER_FIELD_ROWS(lm_flatten_args), {0}};

const lm__layer_class lm__layer_flatten = {.base = LM__LAYER_CLASS("Flatten", defaults, fields), .call = call};

lm_flatten_args lm_flatten_defaults(void) { return defaults; }
lm_layer *lm_flatten_new(const lm_flatten_args *args) { return lm__layer_new(&lm__layer_flatten, args); }
