/* ops/arcsinh.c: y = arsinh x.   dy/dx = 1 / sqrt(1 + x^2) */
#include "ops/support.h"

#ifdef LM_HEADER
/* The number whose hyperbolic sine is x. x: a float type. */
lm_value *lm_op_arcsinh(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *x = v->in[0];
    v->grad_in[0] = lm_op_multiply(g, lm_op_rsqrt(lm_op_add(lm_op_square(x), lm__like(x, 1))));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -2, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(arcsinh)

const lm__op lm__op_arcsinh = {
    .name = "arcsinh",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_arcsinh(lm_value *x)
{
    return lm__apply1(&lm__op_arcsinh, NULL, x);
}
