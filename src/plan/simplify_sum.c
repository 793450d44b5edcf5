/* plan/simplify_sum.c: what is the same for all elements is taken out of a sum: sum(x b) = b sum(x). Gradients of
 * normalised values are full of such sums, which afterwards are one and the same. */
#include "plan/simplify.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "plan/pass.h"

/* Whether v, repeated to rank `rank`, is the same along all axes of the sum. */
static bool is_constant(const lm_value *v, int rank, const lm__reduce_attr *attr)
{
    for (int64_t i = 0; i < attr->naxes; i++) {
        int64_t d = attr->axes[i] - (rank - v->shape.rank);
        if (d >= 0 && v->shape.dim[d] != 1) return false;
    }
    return true;
}

/* The factor of a product x that may be taken out: its input number, or -1. */
static int factor_of(const lm_value *x, const lm__reduce_attr *attr)
{
    const lm__node *m = x->node;
    if (m->op != &lm__op_multiply || !lm__is_float(x->dtype)) return -1;
    for (int i = 0; i < 2; i++)
        if (is_constant(m->in[i], x->shape.rank, attr) && lm__same_shape(m->in[1 - i], x)) return i;
    return -1;
}

/* The sum itself is made without the axes: sums that differ only there become one. */
static lm_value *plain_sum(const lm__op *op, const lm__reduce_attr *attr, lm_value *x)
{
    lm__reduce_attr drop = *attr, keep = *attr;
    drop.keepdims = false, keep.keepdims = true;
    lm__shape shape = lm__reduce_shape(&x->shape, &keep);
    return lm__reshape_to(lm__apply1(op, &drop, x), &shape);
}

/* The sum of x with its axes kept, factors outside. */
static lm_value *sum_of(const lm__op *op, const lm__reduce_attr *attr, lm_value *x)
{
    if (x->node->op == &lm__op_negative && lm__is_float(x->dtype))
        return lm_op_negative(sum_of(op, attr, x->node->in[0]));
    int factor = factor_of(x, attr);
    if (factor < 0) return plain_sum(op, attr, x);
    return lm_op_multiply(sum_of(op, attr, x->node->in[1 - factor]), x->node->in[factor]);
}

static bool is_empty(const lm_value *x)
{
    for (int d = 0; d < x->shape.rank; d++)
        if (x->shape.dim[d] == 0) return true;
    return false;
}

/* The sum over a plane is not changed by where in it things lie. */
static lm_value *sum_of_scattered(const lm__node *n)
{
    const lm__node *scatter = n->in[0]->node;
    const lm__reduce_attr *attr = n->attr;
    int plane = 0;
    for (int i = 0; i < attr->naxes; i++) plane += attr->axes[i] == 1 || attr->axes[i] == 2;
    if (n->op != &lm__op_sum || scatter->op != &lm__op_max_pool2d_scatter || plane != 2) return NULL;
    return lm__apply1(n->op, attr, scatter->in[0]);
}

lm_value *lm__simplify_sum(const lm__node *n)
{
    const lm__reduce_attr *attr = n->attr;
    lm_value *x = n->in[0], *scattered = sum_of_scattered(n);
    if (scattered) return scattered;
    if (is_empty(x)) return NULL;       /* 0, whatever the factor; and 0 times infinity is not */
    if (factor_of(x, attr) < 0 && (x->node->op != &lm__op_negative || !lm__is_float(x->dtype)) && !attr->keepdims)
        return NULL;
    return lm__reshape_to(sum_of(n->op, attr, x), &n->out[0].shape);
}
