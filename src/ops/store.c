/* ops/store.c: at the end of a run a variable takes a new value, where the guard (if any) is true. Made by
 * lm__graph_commit. */
#include "graph/special.h"
#include "ops/support.h"

static const lm__attr attrs[] = {
    LM__ATTR(lm__variable_attr, variable, LM__ATTR_OBJECT),
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm_value *old = f->in[0], *value = f->in[1];
    if (value->dtype != old->dtype || lm__shape_equal(f->dims, &value->shape, &old->shape) != 1)
        return lm__op_invalid(f, "variable \"%s\" cannot take a value of another type or shape",
                              ((const lm__variable_attr *)f->attr)->variable->name);
    if (f->nin == 3 && (f->in[2]->dtype != LM_BOOL || f->in[2]->shape.rank != 0))
        return lm__op_invalid(f, "the guard must be a bool scalar");
    return LM_OK;
}

const lm__op lm__op_store = {
    .name = "store",
    .kind = LM__OP_SPECIAL,
    .min_inputs = 2,
    .max_inputs = 3,
    .outputs = 0,
    .flags = LM__OP_NO_GRADIENT | LM__OP_EFFECT,
    .attr_size = sizeof(lm__variable_attr),
    .attrs = attrs,
    .infer = infer,
};
