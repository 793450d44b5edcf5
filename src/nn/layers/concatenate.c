/* nn/layers/concatenate.c: several inputs one behind the other. */
#include "nn/layer.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#include <stdio.h>

#ifdef LM_HEADER
/* Concatenate: any number of inputs one behind the other along an axis; their other sizes are the same. No weights.
 */
typedef struct lm_concatenate_args {
    LM_LAYER_FIELDS;
    int64_t axis;                               /* -1: the last; 0 would be the batch */
} lm_concatenate_args;
#define LM_CONCATENATE_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .axis = -1)
lm_concatenate_args lm_concatenate_defaults(void);
lm_layer *lm_concatenate_new(const lm_concatenate_args *args);
#define lm_concatenate(...)                                                                                      \
    LM__WITH(lm_concatenate_args, LM_CONCATENATE_DEFAULTS, lm_concatenate_new(&lm__a), __VA_ARGS__)
#endif

static int64_t axis_of(const lm_layer *layer, int rank)
{
    int64_t axis = ((const lm_concatenate_args *)layer->base.args)->axis;
    return axis < 0 ? axis + rank : axis;
}

static lm_status differ(const lm_layer *layer, const lm__shape *a, const lm__shape *b, const char *how)
{
    char first[128], second[128];
    return lm__fail(LM_INVALID, "Concatenate along axis %lld takes inputs that are the same but there, but %s and %s "
                                "came; they differ in %s",
                    (long long)((const lm_concatenate_args *)layer->base.args)->axis,
                    lm__layer_shape_text(a, first, sizeof first),
                    lm__layer_shape_text(b, second, sizeof second), how);
}

/* Sizes that are open now are compared when they are known, by the op. */
static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    int rank = input[0].rank;
    int64_t axis = axis_of(layer, rank);
    char how[32];
    (void)seed;
    if (axis < 1 || axis >= rank)
        return lm__fail(LM_INVALID, "Concatenate: axis = %lld, but for inputs of %d dimensions, batch included, it "
                                    "must be between 1 and %d, or negative to count from the end",
                        (long long)((const lm_concatenate_args *)layer->base.args)->axis, rank, rank - 1);
    for (int i = 1; i < layer->ninputs; i++) {
        if (input[i].rank != rank) return differ(layer, &input[0], &input[i], "their number of sizes");
        for (int k = 0; k < rank; k++) {
            lm__dim m = input[0].dim[k], n = input[i].dim[k];
            if (k == axis || m == n || !lm__dim_known(m) || !lm__dim_known(n)) continue;
            snprintf(how, sizeof how, "size %d", k);
            return differ(layer, &input[0], &input[i], how);
        }
    }
    return LM_OK;
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    if (call->nin == 1 || lm__bad(x)) return x;
    return lm_op_concatenate(call->nin, call->in, (int)axis_of(layer, x->shape.rank));
}

static const lm_concatenate_args defaults = {.size = sizeof defaults, LM_CONCATENATE_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_concatenate_args),
    LM__FIELD(lm_concatenate_args, axis, LM__FIELD_INT, .low = -LM_MAX_RANK, .high = LM_MAX_RANK),
    {0},
};

const lm__layer_class lm__layer_concatenate = {
    .base = LM__LAYER_CLASS("Concatenate", defaults, fields),
    .min_inputs = 1,
    .max_inputs = LM_ANY,
    .build = build,
    .call = call,
};

lm_concatenate_args lm_concatenate_defaults(void) { return defaults; }
lm_layer *lm_concatenate_new(const lm_concatenate_args *args) { return lm__layer_new(&lm__layer_concatenate, args); }
