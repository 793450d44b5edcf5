/* ops/power.c: z = x^y.   dz/dx = y x^(y - 1), 0 where y = 0; dz/dy = z ln x where x > 0, else 0 (as in TensorFlow)
 * */
#include "ops/support.h"

#ifdef LM_HEADER
/* x to the power y with broadcasting. Floats: NaN for x < 0 unless y is whole. Integers: wraps around; a negative
 * power of anything but 1 and -1 is 0. x, y: the same numeric type. */
lm_value *lm_op_power(lm_value *x, lm_value *y);
#endif

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0], *x = v->in[0], *y = v->in[1];
    lm_value *zero = lm__like(x, 0), *one = lm__like(x, 1);
    if (v->needs[0]) { /* the exponent 1 where y = 0: 0 * x^-1 would be NaN at x = 0 */
        lm_value *exponent = lm_op_where(lm_op_equal(y, zero), one, lm_op_subtract(y, one));
        v->grad_in[0] = lm_op_multiply(g, lm_op_multiply(y, lm_op_power(x, exponent)));
    }
    if (v->needs[1]) {
        lm_value *positive = lm_op_greater(x, zero);
        lm_value *log = lm_op_where(positive, lm_op_log(lm_op_where(positive, x, one)), zero);
        v->grad_in[1] = lm_op_multiply(g, lm_op_multiply(lm__out(v, 0), log));
    }
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 2, .dims = {3, 4}, .low = 0.5, .high = 2}, {.rank = 2, .dims = {3, 4}, .low = -2, .high = 3}}},
    {.nin = 2, .in = {{.rank = 2, .dims = {3, 4}, .low = 0.5, .high = 2}, {.rank = 0, .low = 2, .high = 3}}},
    {.nin = 2,
     .in = {{.dtype = LM_I32, .rank = 2, .dims = {3, 4}, .low = -4, .high = 4},
            {.dtype = LM_I32, .rank = 1, .dims = {4}, .low = -2, .high = 5}}},
    {0},
};

LM_ROWS_NUMBERS(power)

const lm__op lm__op_power = {
    .name = "power",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .infer = lm__infer_map_same,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_power(lm_value *x, lm_value *y)
{
    return lm__apply2(&lm__op_power, NULL, x, y);
}
