/* ops/constant.c: fixed numbers. Made by lm__graph_constant. */
#include "graph/special.h"
#include "ops/support.h"

static const lm__attr attrs[] = {
    LM__ATTR(lm__constant_attr, tensor, LM__ATTR_OBJECT),
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm_tensor *tensor = ((const lm__constant_attr *)f->attr)->tensor;
    f->dtype[0] = tensor->dtype;
    f->shape[0] = lm__shape_of(tensor->rank, tensor->dims);
    return LM_OK;
}

const lm__op lm__op_constant = {
    .name = "constant",
    .kind = LM__OP_SPECIAL,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .attr_size = sizeof(lm__constant_attr),
    .attrs = attrs,
    .infer = infer,
};
