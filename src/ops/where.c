/* ops/where.c: z = x where the condition holds, else y.   dz/dx = 1 where it holds, dz/dy = 1 where it does not; the
 * other side's gradient is 0 even if what flows back is infinite */
#include "ops/support.h"

#ifdef LM_HEADER
/* x where `condition` is true, else y; all three broadcast together. condition: bool; x, y: the same type. */
lm_value *lm_op_where(lm_value *condition, lm_value *x, lm_value *y);
#endif

static lm_status infer(lm__infer *f)
{
    lm_value *condition = f->in[0], *x = f->in[1], *y = f->in[2];
    if (condition->dtype != LM_BOOL)
        return lm__op_invalid(f, "the condition is %s and must be bool: compare it with something, as in "
                              "lm_op_not_equal(condition, zero)", lm_dtype_name(condition->dtype));
    if (x->dtype != y->dtype)
        return lm__op_invalid(f, "x is %s and y is %s: lm_op_cast one of them", lm_dtype_name(x->dtype),
                              lm_dtype_name(y->dtype));
    lm__shape both;
    LM_TRY(lm__shape_broadcast(f->dims, &x->shape, &y->shape, &both));
    LM_TRY(lm__shape_broadcast(f->dims, &condition->shape, &both, &f->shape[0]));
    f->dtype[0] = x->dtype;
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0];
    if (v->needs[1]) v->grad_in[1] = lm_op_where(v->in[0], g, lm__like(g, 0));
    if (v->needs[2]) v->grad_in[2] = lm_op_where(v->in[0], lm__like(g, 0), g);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 3,
     .in = {{.dtype = LM_BOOL, .rank = 2, .dims = {3, 4}, .low = 0, .high = 2},
            {.rank = 2, .dims = {3, 4}},
            {.rank = 2, .dims = {3, 4}}}},
    {.nin = 3,
     .in = {{.dtype = LM_BOOL, .rank = 2, .dims = {3, 1}, .low = 0, .high = 2},
            {.rank = 3, .dims = {2, 1, 4}},
            {.rank = 1, .dims = {1}}}},
    {.nin = 3,
     .in = {{.dtype = LM_BOOL, .rank = 1, .dims = {4}, .low = 0, .high = 2},
            {.dtype = LM_BOOL, .rank = 2, .dims = {3, 4}, .low = 0, .high = 2},
            {.dtype = LM_BOOL, .rank = 0, .low = 0, .high = 2}}},
    {0},
};

LM__ROW_NUMBERS_DECLARE(where)
lm__row_fn lm__ref_where_bool;
static const lm__rows rows = {.of = {LM__ROW_NUMBERS(where), [LM_BOOL] = lm__ref_where_bool}, .by = 1};

const lm__op lm__op_where = {
    .name = "where",
    .kind = LM__OP_MAP,
    .min_inputs = 3,
    .max_inputs = 3,
    .outputs = 1,
    .infer = infer,
    .gradient = gradient,
    .rows = &rows,
    .samples = samples,
};

lm_value *lm_op_where(lm_value *condition, lm_value *x, lm_value *y)
{
    return lm__apply3(&lm__op_where, NULL, condition, x, y);
}
