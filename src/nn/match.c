/* nn/match.c: bringing targets and predictions to one rank and type, as Keras does. */
#include "nn/loss.h"
#include "ops/support.h"

#include <math.h>

static bool ends_in_one(const lm_value *v)
{
    return v->shape.rank && v->shape.dim[v->shape.rank - 1] == 1;
}

/* Without its last axis, of size 1. */
static lm_value *drop_last(lm_value *v)
{
    lm__shape shape = v->shape;
    shape.rank--;
    return lm__reshape_to(v, &shape);
}

lm_value *lm__add_last(lm_value *v)
{
    lm__shape shape = v->shape;
    if (shape.rank == LM_MAX_RANK) return v;
    shape.dim[shape.rank++] = 1;
    return lm__reshape_to(v, &shape);
}

void lm__same_rank(lm_value **a, lm_value **b)
{
    lm_value **more = (*a)->shape.rank > (*b)->shape.rank ? a : b, **less = more == a ? b : a;
    if ((*more)->shape.rank != (*less)->shape.rank + 1 || !ends_in_one(*more)) return;
    if ((*less)->shape.rank == 1) *less = lm__add_last(*less);
    else *more = drop_last(*more);
}

lm_value *lm__cast_to(lm_value *x, lm_dtype dtype)
{
    return lm__bad(x) || x->dtype == dtype ? x : lm_op_cast(x, dtype);
}

lm_value *lm__index_of(lm_value *x, lm_dtype dtype)
{
    if (!lm__bad(x) && lm__is_float(x->dtype) && !lm__is_float(dtype))
        x = lm_op_where(lm_op_isfinite(x), x, lm__like(x, HUGE_VAL));
    return lm__cast_to(x, dtype);
}

lm_value *lm__cast_out(lm_value *x)
{
    return !lm__bad(x) && (x->dtype == LM_BF16 || x->dtype == LM_F16) ? lm_op_cast(x, LM_F32) : x;
}

static lm_status refuse(const lm_value *y_true, const lm_value *y_pred, const char *fix)
{
    char a[128], b[128];
    const lm__dims *table = y_pred->node->graph->dims;
    return lm__fail(LM_INVALID, "targets of shape %s do not fit predictions of shape %s; %s",
                    lm__shape_print(table, &y_true->shape, a, sizeof a),
                    lm__shape_print(table, &y_pred->shape, b, sizeof b), fix);
}

/* Class indices: one rank lower than the predictions, any integer type (or whole floats), made int64. */
static lm_status match_classes(lm_value **y_true, lm_value *y_pred)
{
    lm__dims *table = y_pred->node->graph->dims;
    if ((*y_true)->shape.rank == y_pred->shape.rank && ends_in_one(*y_true)) *y_true = drop_last(*y_true);
    lm__shape want = y_pred->shape;
    want.rank--;
    if ((*y_true)->shape.rank != want.rank || lm__shape_equal(table, &(*y_true)->shape, &want) == 0)
        return refuse(*y_true, y_pred,
                      "class indices have the predictions' shape without the last axis (for one-hot targets use "
                      "\"categorical_crossentropy\" and \"categorical_accuracy\")");
    *y_true = lm__cast_to(*y_true, LM_I64);
    return LM_OK;
}

lm_status lm__match_targets(lm_value **y_true, lm_value **y_pred, bool integer_targets)
{
    if (lm__bad(*y_true) || lm__bad(*y_pred)) return LM_INVALID;
    if (integer_targets) return match_classes(y_true, *y_pred);
    lm__dims *table = (*y_pred)->node->graph->dims;
    lm__same_rank(y_true, y_pred);
    if ((*y_true)->shape.rank != (*y_pred)->shape.rank)
        return refuse(*y_true, *y_pred,
                      "they must have the same shape (for class indices use \"sparse_categorical_crossentropy\" and "
                      "\"sparse_categorical_accuracy\"; for one number an example the last layer must have 1 unit)");
    if (lm__shape_equal(table, &(*y_true)->shape, &(*y_pred)->shape) == 0)
        return refuse(*y_true, *y_pred, "the last layer must have as many units as a target has numbers");
    *y_true = lm__cast_to(*y_true, (*y_pred)->dtype);
    return LM_OK;
}
