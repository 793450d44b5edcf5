/* plan/uniform.c: values that are one number everywhere. */
#include "graph/special.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "plan/pass.h"
#include "tensor/tensor.h"

#define EXACT 0x1p53

bool lm__value_uniform(const lm_value *value, double *number)
{
    for (;;) {
        const lm__node *n = value->node;
        if (n->op == &lm__op_fill) {
            *number = ((const lm__fill_attr *)n->attr)->value;
            /* What the array holds, not what was asked for: 0.1 in float32. */
            char bits[8];
            lm__store(value->dtype, bits, 0, *number);
            *number = lm__load(value->dtype, bits, 0);
            return true;
        }
        if (n->op == &lm__op_constant) {
            const lm_tensor *t = ((const lm__constant_attr *)n->attr)->tensor;
            if (t->size != 1) return false;
            *number = lm__load(t->dtype, t->data, 0);
            /* A double does not hold every int64. */
            return t->dtype != LM_I64 || (*number > -EXACT && *number < EXACT);
        }
        if (n->op->kind != LM__OP_VIEW && n->op != &lm__op_broadcast_to) return false;
        value = n->in[0];
    }
}
