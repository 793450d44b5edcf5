/* ops/reduce.c: inference and building of reductions. */
#include "ops/reduce.h"

const lm__attr lm__reduce_attrs[] = {
    LM__ATTR_N(lm__reduce_attr, axes, LM__ATTR_INTS, LM_MAX_RANK),
    LM__ATTR(lm__reduce_attr, naxes, LM__ATTR_INT),
    LM__ATTR(lm__reduce_attr, keepdims, LM__ATTR_BOOL),
    {0},
};

lm_status lm__reduce_run(const lm__run *run, lm__reduce_fn *const *refs)
{
    const lm__desc *x = &run->problem->in[0];
    lm__reduce_loop l = lm__reduce_loop_of(x, run->problem->attr);
    refs[x->dtype](l.kept, l.kept_dim, l.kept_stride, l.reduced, l.reduced_dim, l.reduced_stride, run->in[0],
                   run->out[0]);
    return LM_OK;
}

static bool reduces(const lm__reduce_attr *attr, int axis)
{
    for (int64_t i = 0; i < attr->naxes; i++)
        if (attr->axes[i] == axis) return true;
    return false;
}

lm__shape lm__reduce_shape(const lm__shape *x, const lm__reduce_attr *attr)
{
    lm__shape out = {0};
    for (int d = 0; d < x->rank; d++) {
        if (!reduces(attr, d)) out.dim[out.rank++] = x->dim[d];
        else if (attr->keepdims) out.dim[out.rank++] = 1;
    }
    return out;
}

lm_status lm__infer_reduce(lm__infer *f)
{
    const lm__reduce_attr *attr = f->attr;
    if (f->in[0]->dtype == LM_BOOL) return lm__op_invalid(f, "takes numbers, not bool (cast first)");
    for (int64_t i = 0; i < attr->naxes; i++)
        if (attr->axes[i] < 0 || attr->axes[i] >= f->in[0]->shape.rank)
            return lm__op_invalid(f, "axis %lld is out of range", (long long)attr->axes[i]);
    f->dtype[0] = f->in[0]->dtype;
    f->shape[0] = lm__reduce_shape(&f->in[0]->shape, attr);
    return LM_OK;
}

/* The axes that the caller named, >= 0, sorted and distinct. */
static lm_status set_axes(const lm__op *op, const lm_value *x, int naxes, const int64_t *axes, lm__reduce_attr *attr)
{
    bool on[LM_MAX_RANK] = {false};
    int rank = x->shape.rank;
    LM_TRY(lm__op_list(op->name, naxes, axes));
    for (int i = 0; i < naxes; i++) {
        int64_t axis = axes[i] < 0 ? axes[i] + rank : axes[i];
        if (axis < 0 || axis >= rank)
            return lm__fail(LM_INVALID, "%s: axis %lld is out of range for a value of rank %d (-%d … %d)", op->name,
                            (long long)axes[i], rank, rank, rank - 1);
        if (on[axis]) return lm__fail(LM_INVALID, "%s: axis %lld is named twice", op->name, (long long)axes[i]);
        on[axis] = true;
    }
    for (int d = 0; d < rank; d++)
        if (on[d] || naxes == 0) attr->axes[attr->naxes++] = d;
    return LM_OK;
}

lm_value *lm__reduce_apply(const lm__op *op, lm_value *x, int naxes, const int64_t *axes, bool keepdims)
{
    lm__reduce_attr attr;
    memset(&attr, 0, sizeof attr);
    attr.keepdims = keepdims;
    if (!lm__bad(x) && set_axes(op, x, naxes, axes, &attr) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    return lm__apply1(op, &attr, x);
}

lm_value *lm__reduce_spread(lm_value *reduced, const lm_value *x, const lm__reduce_attr *attr)
{
    lm__reduce_attr keep = *attr;
    keep.keepdims = true;
    lm__shape shape = lm__reduce_shape(&x->shape, &keep);
    return lm__broadcast_to(lm__reshape_to(reduced, &shape), &x->shape);
}
