/* ops/flip.c: axes turned round.   dx = dy turned round again */
#include "ops/structure.h"

#ifdef LM_HEADER
/* x with the elements of the axes named after it in reverse order: lm_op_flip(x, 1); without axes: of all.
 * Negative axes count from the end. x: any type. */
#define lm_op_flip(x, ...) lm_op_flip_by((x), LM__INTS(__VA_ARGS__))
lm_value *lm_op_flip_by(lm_value *x, int naxes, const int64_t *axes);
#endif

typedef struct flip_attr {
    int64_t flip[LM_MAX_RANK];          /* 1: this axis */
} flip_attr;

static const lm__attr attrs[] = {
    LM__ATTR_N(flip_attr, flip, LM__ATTR_INTS, LM_MAX_RANK),
    {0},
};

static lm_status gradient(lm__vjp *v)
{
    v->grad_in[0] = lm__apply1(&lm__op_flip, v->node->attr, v->grad_out[0]);
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const flip_attr *attr = run->problem->attr;
    const lm__desc *x = &run->problem->in[0];
    lm__move move = {.rank = x->rank};
    lm__move_dense(x->rank, x->dims, move.from);
    lm__move_dense(x->rank, x->dims, move.to);
    for (int i = 0; i < x->rank; i++) {
        move.dims[i] = x->dims[i];
        if (!attr->flip[i]) continue;
        move.from_at += (x->dims[i] - 1) * move.from[i];
        move.from[i] = -move.from[i];
    }
    lm__move_run(&move, lm_dtype_size(x->dtype), run->in[0], run->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(const flip_attr){{0, 1}}},
    {.nin = 1, .in = {{.rank = 3, .dims = {3, 2, 4}}}, .attr = &(const flip_attr){{1, 0, 1}}},
    {0},
};

const lm__op lm__op_flip = {
    .name = "flip",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(flip_attr),
    .attrs = attrs,
    .infer = lm__infer_same,
    .gradient = gradient,
    .reference = {.op = "flip", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_flip_by(lm_value *x, int naxes, const int64_t *axes)
{
    flip_attr attr = {{0}};
    if (lm__bad(x)) return lm__apply1(&lm__op_flip, NULL, x);
    if (lm__op_list("flip", naxes, axes) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    for (int i = 0; i < x->shape.rank && naxes == 0; i++) attr.flip[i] = 1;
    for (int i = 0; i < naxes; i++) {
        int64_t axis = lm__front_axis(x, axes[i]);
        if (axis >= 0 && axis < x->shape.rank) {
            attr.flip[axis] = 1;
            continue;
        }
        lm__fail(LM_INVALID, "flip: axis %lld is out of range for a value of rank %d", (long long)axes[i],
                 x->shape.rank);
        return lm__graph_fail(NULL, 1, &x);
    }
    return lm__apply1(&lm__op_flip, &attr, x);
}
