/* ops/input.c: what the caller of a run hands in. Made by lm__graph_input. */
#include "graph/special.h"
#include "ops/support.h"

static const lm__attr attrs[] = {
    LM__ATTR(lm__input_attr, name, LM__ATTR_NAME),
    LM__ATTR(lm__input_attr, dtype, LM__ATTR_DTYPE),
    LM__ATTR(lm__input_attr, shape, LM__ATTR_SHAPE),
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm__input_attr *attr = f->attr;
    f->dtype[0] = attr->dtype;
    f->shape[0] = attr->shape;
    return LM_OK;
}

const lm__op lm__op_input = {
    .name = "input",
    .kind = LM__OP_SPECIAL,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .attr_size = sizeof(lm__input_attr),
    .attrs = attrs,
    .infer = infer,
};
