/* nn/layers/reshape.c: the same numbers under another shape. */
#include "nn/layer.h"
#include "ops/support.h"
#include <lamina/layers.h>

#include <math.h>

#ifdef LM_HEADER
/* Reshape: the same numbers under another shape (without the batch); one size may be LM_ANY: what the others leave.
 * Input (N, …), output (N, target_shape…). No weights; costs nothing. */
typedef struct lm_reshape_args {
    LM_LAYER_FIELDS;
    int64_t target_shape[LM_MAX_RANK];        /* required */
} lm_reshape_args;
#define LM_RESHAPE_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS)
lm_reshape_args lm_reshape_defaults(void);
lm_layer *lm_reshape_new(const lm_reshape_args *args);
#define lm_reshape(...) LM__WITH(lm_reshape_args, LM_RESHAPE_DEFAULTS, lm_reshape_new(&lm__a), __VA_ARGS__)
#endif

static lm_status check(const lm__configured *self)
{
    const lm_reshape_args *a = self->args;
    int unknown = 0;
    for (int i = 0; i < LM_MAX_RANK; i++) unknown += a->target_shape[i] == LM_ANY;
    if (!a->target_shape[0]) return lm__fail(LM_INVALID, "Reshape: target_shape is missing, for example {28, 28, 1}");
    if (a->target_shape[LM_MAX_RANK - 1])
        return lm__fail(LM_INVALID, "Reshape: target_shape may have %d sizes at most", LM_MAX_RANK - 1);
    return unknown > 1 ? lm__fail(LM_INVALID, "Reshape: only one size of target_shape may be -1") : LM_OK;
}

/* What can be told without the batch: a symbolic batch might be 0, and then any shape would do. */
static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_reshape_args *a = layer->base.args;
    double have = 1, want = 1;
    bool open = false;
    (void)seed;
    for (int i = 1; i < input->rank; i++) {
        if (!lm__dim_known(input->dim[i])) return LM_OK;
        have *= (double)input->dim[i];
    }
    for (int i = 0; a->target_shape[i]; i++) {
        if (a->target_shape[i] == LM_ANY) open = true;
        else want *= (double)a->target_shape[i];
    }
    if (open ? fmod(have, want) == 0 : have == want) return LM_OK;
    return lm__fail(LM_INVALID,
                    "Reshape: an example of its input has %.0f numbers, which target_shape cannot hold: its sizes "
                    "multiply to %.0f",
                    have, want);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_reshape_args *a = layer->base.args;
    lm__dims *table = call->graph->dims;
    if (lm__bad(x)) return x;
    lm__shape rest = x->shape, shape = {.rank = 1, .dim = {x->shape.dim[0]}};
    int unknown = -1;
    lm__dim known = 1;
    for (; shape.rank < LM_MAX_RANK && a->target_shape[shape.rank - 1]; shape.rank++) {
        shape.dim[shape.rank] = a->target_shape[shape.rank - 1];
        if (shape.dim[shape.rank] == LM_ANY) unknown = shape.rank;
        else known = lm__dim_mul(table, known, shape.dim[shape.rank]);
    }
    rest.dim[0] = 1;
    if (unknown >= 0) shape.dim[unknown] = lm__dim_div(table, lm__shape_product(table, &rest), known);
    return lm__reshape_to(x, &shape);
}

static const lm_reshape_args defaults = {.size = sizeof defaults, LM_RESHAPE_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_reshape_args),
    LM__FIELD(lm_reshape_args, target_shape, LM__FIELD_SHAPE),
    {0},
};

const lm__layer_class lm__layer_reshape = {
    .base = LM__LAYER_CLASS("Reshape", defaults, fields, .check = check),
    .build = build,
    .call = call,
};

lm_reshape_args lm_reshape_defaults(void) { return defaults; }
lm_layer *lm_reshape_new(const lm_reshape_args *args) { return lm__layer_new(&lm__layer_reshape, args); }
