/* ops/reductions.c: see reductions.h. */
#include "ops/reductions.h"

/* How many elements of x make one result. */
static lm__dim elements(lm__dims *dims, const lm__shape *x, const lm__reduce_attr *attr)
{
    lm__dim n = 1;
    for (int64_t i = 0; i < attr->naxes; i++) n = lm__dim_mul(dims, n, x->dim[attr->axes[i]]);
    return n;
}

lm_status lm__infer_reduce_float(lm__infer *infer)
{
    LM_TRY(lm__need_float(infer, 0));
    return lm__infer_reduce(infer);
}

lm_status lm__infer_reduce_some(lm__infer *infer)
{
    LM_TRY(lm__infer_reduce(infer));
    const lm__reduce_attr *attr = infer->attr;
    for (int64_t i = 0; i < attr->naxes; i++)
        if (infer->in[0]->shape.dim[attr->axes[i]] == 0)
            return lm__op_invalid(infer, "axis %lld has no elements, so there is no %s of them",
                                  (long long)attr->axes[i], infer->op->name);
    return LM_OK;
}

lm_status lm__infer_reduce_some_float(lm__infer *infer)
{
    LM_TRY(lm__need_float(infer, 0));
    return lm__infer_reduce_some(infer);
}

lm_value *lm__reduce_share(lm_value *x, const lm__reduce_attr *attr)
{
    if (lm__bad(x)) return x;
    lm__dim n = elements(lm__dims_of(x), &x->shape, attr);
    if (lm__dim_known(n)) return lm__like(x, 1.0 / (double)n);
    return lm_op_reciprocal(lm__size_value(x->node->graph, x->dtype, n));
}

/* Equals share the gradient, as in TensorFlow and JAX. */
lm_status lm__extreme_gradient(lm__vjp *v)
{
    const lm__reduce_attr *attr = v->node->attr;
    lm_value *x = v->in[0], *y = lm__out(v, 0);
    lm_value *chosen = lm_op_cast(lm_op_equal(x, lm__reduce_spread(y, x, attr)), x->dtype);
    lm_value *equals = lm_op_sum_over(chosen, (int)attr->naxes, attr->axes, true);
    lm_value *each = lm_op_divide(lm__reshape_to(v->grad_out[0], &equals->shape), equals);
    v->grad_in[0] = lm_op_multiply(chosen, each);
    return LM_OK;
}
