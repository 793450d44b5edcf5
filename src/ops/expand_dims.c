/* ops/expand_dims.c: axes of size 1 put in or taken out: builders on top of reshape, no op of their own. */
#include "ops/plain.h"

#ifdef LM_HEADER
/* x with a new axis of size 1 before axis `axis` (negative: counted from the end of the result). */
lm_value *lm_op_expand_dims(lm_value *x, int axis);

/* x without the axes named after it, which must have the size 1: lm_op_squeeze(x, -1); without axes: without all
 * that are known to have it. */
#define lm_op_squeeze(x, ...) lm_op_squeeze_by((x), LM__INTS(__VA_ARGS__))
lm_value *lm_op_squeeze_by(lm_value *x, int naxes, const int64_t *axes);
#endif

lm_value *lm_op_expand_dims(lm_value *x, int axis)
{
    if (lm__bad(x)) return lm__graph_fail(NULL, 1, &x);
    int rank = x->shape.rank, at = axis < 0 ? axis + rank + 1 : axis;
    if (at < 0 || at > rank || rank == LM_MAX_RANK) {
        lm__fail(LM_INVALID, "expand_dims: no room for axis %d in a value of rank %d (at most %d)", axis, rank,
                 LM_MAX_RANK);
        return lm__graph_fail(NULL, 1, &x);
    }
    lm__shape shape = {.rank = rank + 1};
    for (int i = 0; i <= rank; i++) shape.dim[i] = i == at ? 1 : x->shape.dim[i < at ? i : i - 1];
    return lm__reshape_to(x, &shape);
}

lm_value *lm_op_squeeze_by(lm_value *x, int naxes, const int64_t *axes)
{
    bool out[LM_MAX_RANK] = {false};
    if (lm__bad(x)) return lm__graph_fail(NULL, 1, &x);
    if (lm__op_list("squeeze", naxes, axes) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    int rank = x->shape.rank;
    for (int i = 0; i < rank && naxes == 0; i++) out[i] = x->shape.dim[i] == 1;
    for (int i = 0; i < naxes; i++) {
        int64_t axis = lm__front_axis(x, axes[i]);
        if (axis >= 0 && axis < rank && x->shape.dim[axis] == 1) {
            out[axis] = true;
            continue;
        }
        char text[160];
        lm__fail(LM_INVALID, "squeeze: axis %lld of shape %s %s", (long long)axes[i],
                 lm__shape_print(lm__dims_of(x), &x->shape, text, sizeof text),
                 axis < 0 || axis >= rank ? "does not exist" : "has not the size 1");
        return lm__graph_fail(NULL, 1, &x);
    }
    lm__shape shape = {.rank = 0};
    for (int i = 0; i < rank; i++)
        if (!out[i]) shape.dim[shape.rank++] = x->shape.dim[i];
    return lm__reshape_to(x, &shape);
}
