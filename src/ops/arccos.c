/* ops/arccos.c: y = arccos x.   dy/dx = -1 / sqrt(1 - x^2) */
#include "ops/support.h"

#ifdef LM_HEADER
/* The angle in [0, pi] whose cosine is x; NaN outside [-1, 1]. x: a float type. */
lm_value *lm_op_arccos(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *x = v->in[0];
    v->grad_in[0] = lm_op_negative(lm_op_multiply(g, lm_op_rsqrt(lm_op_subtract(lm__like(x, 1), lm_op_square(x)))));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -0.8, .high = 0.8}}},
    {0},
};

LM_ROWS_FLOATS(arccos)

const lm__op lm__op_arccos = {
    .name = "arccos",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_arccos(lm_value *x)
{
    return lm__apply1(&lm__op_arccos, NULL, x);
}
