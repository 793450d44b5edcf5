/* nn/merge.c: see merge.h. */
#include "nn/merge.h"

#include <lamina/ops.h>

static int largest_rank(int inputs, const lm__shape *input)
{
    int rank = 0;
    for (int i = 0; i < inputs; i++) rank = input[i].rank > rank ? input[i].rank : rank;
    return rank;
}

/* Size `axis` of a shape that was given `rank` sizes. */
static lm__dim size_at(const lm__shape *shape, int rank, int axis)
{
    int missing = rank - shape->rank;
    if (!axis || !shape->rank) return shape->rank ? shape->dim[0] : 1;
    return axis <= missing ? 1 : shape->dim[axis - missing];
}

/* Sizes that are open now are compared when they are known, by the op. */
static lm_status check_pair(const lm_layer *layer, const lm__shape *a, const lm__shape *b, int rank)
{
    char first[128], second[128];
    for (int axis = 0; axis < rank; axis++) {
        lm__dim m = size_at(a, rank, axis), n = size_at(b, rank, axis);
        if (m == n || !lm__dim_known(m) || !lm__dim_known(n) || (axis && (m == 1 || n == 1))) continue;
        return lm__fail(LM_INVALID,
                        "%s takes inputs of one shape (or with sizes of 1 to be repeated), but %s and %s came; they "
                        "differ in size %d",
                        layer->base.class->name, lm__layer_shape_text(a, first, sizeof first),
                        lm__layer_shape_text(b, second, sizeof second), axis);
    }
    return LM_OK;
}

lm_status lm__merge_build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    int rank = largest_rank(layer->ninputs, input);
    (void)seed;
    for (int i = 1; i < layer->ninputs; i++)
        for (int k = 0; k < i; k++) LM_TRY(check_pair(layer, &input[k], &input[i], rank));
    return LM_OK;
}

lm_value *lm__merge(const lm__layer_call *call, lm__merge_fn *merge)
{
    lm_value *y = NULL;
    int rank = 0;
    for (int i = 0; i < call->nin; i++) {
        if (lm__bad(call->in[i])) return call->in[i];
        rank = call->in[i]->shape.rank > rank ? call->in[i]->shape.rank : rank;
    }
    for (int i = 0; i < call->nin; i++) {
        lm_value *x = call->in[i];
        while (!lm__bad(x) && x->shape.rank < rank) x = lm_op_expand_dims(x, 1);
        y = y ? merge(y, x) : x;
    }
    return y;
}
