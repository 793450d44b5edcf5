/* ops/sinh.c: y = sinh x.   dy/dx = cosh x */
#include "ops/support.h"

#ifdef LM_HEADER
/* The hyperbolic sine. x: a float type. */
lm_value *lm_op_sinh(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *x = v->in[0];
    v->grad_in[0] = lm_op_multiply(g, lm_op_cosh(x));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -2, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(sinh)

const lm__op lm__op_sinh = {
    .name = "sinh",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_sinh(lm_value *x)
{
    return lm__apply1(&lm__op_sinh, NULL, x);
}
