/* ops/gelu.c: y = x times the normal distribution function; dx = gelu_backward(x, dy) */
#include "ops/gelu.h"

#include <math.h>

#ifdef LM_HEADER
/* The Gaussian error linear unit (Hendrycks and Gimpel, 2016): x / 2 (1 + erf(x / sqrt 2)), or, `approximate`,
 * x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))). x: a float type; the result has x's type and shape. */
lm_value *lm_op_gelu(lm_value *x, bool approximate);
#endif

const lm__attr lm__gelu_attrs[] = {
    LM__ATTR(lm__gelu, approximate, LM__ATTR_BOOL),
    {0},
};

void lm__gelu_imm(const void *attr, double imm[2])
{
    imm[0] = ((const lm__gelu *)attr)->approximate;
    imm[1] = 0;
}

lm_value *lm__gelu_of_parts(lm_value *x, bool approximate)
{
    lm_value *half = lm_op_multiply(x, lm__like(x, 0.5));
    if (!approximate) {
        lm_value *tail = lm_op_erf(lm_op_multiply(x, lm__like(x, M_SQRT1_2)));
        return lm_op_multiply(half, lm_op_add(tail, lm__like(x, 1)));
    }
    /* Beyond 10 tanh is 1 in every type; without the limit the cube overflows, and its gradient times 0 is NaN. */
    lm_value *near = lm_op_clip(x, -10, 10);
    lm_value *cube = lm_op_multiply(lm_op_multiply(lm_op_square(near), near), lm__like(x, 0.044715));
    lm_value *angle = lm_op_multiply(lm_op_add(near, cube), lm__like(x, sqrt(2 / M_PI)));
    return lm_op_multiply(half, lm_op_add(lm_op_tanh(angle), lm__like(x, 1)));
}

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm__apply2(&lm__op_gelu_backward, v->node->attr, v->in[0], v->grad_out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -3, .high = 3}}, .attr = &(const lm__gelu){false}},
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}, .low = -3, .high = 3}}, .attr = &(const lm__gelu){true}},
    {0},
};

LM_ROWS_FLOATS(gelu)

const lm__op lm__op_gelu = {
    .name = "gelu",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(lm__gelu),
    .attrs = lm__gelu_attrs,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .imm = lm__gelu_imm,
    .samples = samples,
};

lm_value *lm_op_gelu(lm_value *x, bool approximate)
{
    lm__gelu attr;
    memset(&attr, 0, sizeof attr);
    attr.approximate = approximate;
    return lm__apply1(&lm__op_gelu, &attr, x);
}
