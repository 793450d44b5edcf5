/* ops/erf.c: y = 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.   dy/dx = 2 / sqrt(pi) e^(-x^2) */
#include "ops/support.h"

#include <math.h>

#ifdef LM_HEADER
/* The error function. x: a float type. */
lm_value *lm_op_erf(lm_value *x);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *x = v->in[0], *bell = lm_op_exp(lm_op_negative(lm_op_square(x)));
    v->grad_in[0] = lm_op_multiply(v->grad_out[0], lm_op_multiply(bell, lm__like(x, M_2_SQRTPI)));
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -2, .high = 2}}},
    {0},
};

LM_ROWS_FLOATS(erf)

const lm__op lm__op_erf = {
    .name = "erf",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_erf(lm_value *x)
{
    return lm__apply1(&lm__op_erf, NULL, x);
}
