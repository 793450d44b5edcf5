/* ops/variable.c: a variable's value as a run finds it. Made by lm__graph_read, once per variable and graph. */
#include "graph/special.h"
#include "ops/support.h"

static const lm__attr attrs[] = {
    LM__ATTR(lm__variable_attr, variable, LM__ATTR_OBJECT),
    {0},
};

static lm_status infer(lm__infer *f)
{
    const lm_tensor *value = ((const lm__variable_attr *)f->attr)->variable->value;
    f->dtype[0] = value->dtype;
    f->shape[0] = lm__shape_of(value->rank, value->dims);
    return LM_OK;
}

const lm__op lm__op_variable = {
    .name = "variable",
    .kind = LM__OP_SPECIAL,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .attr_size = sizeof(lm__variable_attr),
    .attrs = attrs,
    .infer = infer,
};
