/* ops/support.c: inference and builders that ops share. */
#include "ops/support.h"
#include "ops/reduce.h"
#include <stdio.h>

/* The types and shapes of all inputs, "float32 (N, 3), float32 (3)", cut to fit. */
static void describe(const lm__infer *f, char *text, size_t bytes)
{
    size_t at = 0;
    text[0] = 0;
    for (int i = 0; i < f->nin && at + 1 < bytes; i++) {
        char shape[160];
        int n = snprintf(text + at, bytes - at, "%s%s %s", i ? ", " : "", lm_dtype_name(f->in[i]->dtype),
                         lm__shape_print(f->dims, &f->in[i]->shape, shape, sizeof shape));
        at += n > 0 ? (size_t)n : 0;
    }
}

lm_status lm__op_invalid(const lm__infer *f, const char *format, ...)
{
    char message[512], inputs[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    describe(f, inputs, sizeof inputs);
    if (f->nin == 0) return lm__fail(LM_INVALID, "%s", message);
    return lm__fail(LM_INVALID, "%s; %s: %s", message, f->nin == 1 ? "the input is" : "the inputs are", inputs);
}

lm_status lm__op_axis(const lm__infer *f, int rank, int64_t *axis)
{
    if (*axis < -rank || *axis >= rank)
        return lm__op_invalid(f, "axis %lld is out of range (-%d … %d)", (long long)*axis, rank, rank - 1);
    if (*axis < 0) *axis += rank;
    return LM_OK;
}

lm_status lm__op_args(const char *op, const void *args)
{
    return args ? LM_OK : lm__fail(LM_INVALID, "%s: its arguments are NULL; lm_op_%s(…) fills them in", op, op);
}

lm_status lm__op_list(const char *op, int n, const int64_t *list)
{
    if (n >= 0 && n <= LM_MAX_RANK && (n == 0 || list)) return LM_OK;
    return lm__fail(LM_INVALID, "%s: a list of %d numbers%s; 0 to %d are possible", op, n, list ? "" : " at NULL",
                    LM_MAX_RANK);
}

lm_status lm__op_dims(const char *op, int rank, const int64_t *dims, bool any, lm__shape *out)
{
    memset(out, 0, sizeof *out);
    if (rank < 0 || rank > LM_MAX_RANK)
        return lm__fail(LM_INVALID, "%s: a shape of rank %d (at most %d)", op, rank, LM_MAX_RANK);
    if (rank && !dims) return lm__fail(LM_INVALID, "%s: the sizes are NULL", op);
    for (int i = 0; i < rank; i++)
        if (dims[i] < 0 && !(any && dims[i] == LM_ANY))
            return lm__fail(LM_INVALID, "%s: dimension %d of the shape is %lld", op, i, (long long)dims[i]);
    *out = lm__shape_of(rank, dims);
    return LM_OK;
}

/* --- inference ---------------------------------------------------------------------------------------------- */

static lm_status infer_map(lm__infer *f)
{
    lm_dtype type = f->in[0]->dtype, row = type == LM_BF16 || type == LM_F16 ? LM_F32 : type;
    f->shape[0] = f->in[0]->shape;
    for (int i = 1; i < f->nin; i++) {
        if (f->in[i]->dtype != type) return lm__op_invalid(f, "takes inputs of one type (cast one of them)");
        if (lm__shape_broadcast(f->dims, &f->shape[0], &f->in[i]->shape, &f->shape[0]) != LM_OK)
            return lm__fail_in("the shapes of inputs 0 and %d do not fit", i);
    }
    if (!f->op->rows || !f->op->rows->of[row]) return lm__op_invalid(f, "does not take %s", lm_dtype_name(type));
    f->dtype[0] = type;
    return LM_OK;
}

lm_status lm__infer_map_same(lm__infer *f)
{
    return infer_map(f);
}

lm_status lm__infer_map_compare(lm__infer *f)
{
    LM_TRY(infer_map(f));
    f->dtype[0] = LM_BOOL;
    return LM_OK;
}

lm_status lm__infer_same(lm__infer *f)
{
    f->dtype[0] = f->in[0]->dtype;
    f->shape[0] = f->in[0]->shape;
    return LM_OK;
}

/* --- builders for gradients ----------------------------------------------------------------------------------- */

lm_value *lm__like(lm_value *x, double value)
{
    const lm__shape scalar = {0};
    if (lm__bad(x)) return x;
    return lm__fill(x->node->graph, x->dtype, &scalar, value);
}

lm_value *lm__sum_to(lm_value *x, const lm__shape *shape)
{
    if (lm__bad(x)) return x;
    lm__dims *table = x->node->graph->dims;
    int lead = x->shape.rank - shape->rank;
    int64_t axes[LM_MAX_RANK];
    int naxes = 0;
    for (int d = 0; d < x->shape.rank; d++) {
        if (d < lead || (shape->dim[d - lead] == 1 && lm__dim_equal(table, x->shape.dim[d], 1) != 1))
            axes[naxes++] = d;
    }
    if (naxes) x = lm__reduce_apply(&lm__op_sum, x, naxes, axes, true);
    return lm__reshape_to(x, shape);
}

lm_status lm__gradient_of_parts(lm__vjp *v)
{
    lm_value *in[LM__MAX_INPUTS], *out[LM__MAX_OUTPUTS], *some[LM__MAX_OUTPUTS], *upstream[LM__MAX_OUTPUTS];
    lm_value *wrt[LM__MAX_INPUTS], *grads[LM__MAX_INPUTS];
    int n = 0, wanted = 0, place[LM__MAX_INPUTS];
    for (int i = 0; i < v->node->nin; i++) {
        lm__shape_attr same;
        memset(&same, 0, sizeof same);
        same.shape = v->in[i]->shape;
        in[i] = lm__apply1(&lm__op_reshape, &same, v->in[i]);   /* one of its own: an input may come in twice */
        if (v->needs[i]) wrt[n] = in[i], place[n++] = i;
    }
    LM_TRY(v->node->op->decompose(v->graph, v->node, in, out));
    for (int i = 0; i < v->node->nout; i++)
        if (v->grad_out[i]) some[wanted] = out[i], upstream[wanted++] = v->grad_out[i];
    LM_TRY(lm__graph_vjp(v->graph, wanted, some, upstream, n, wrt, grads));
    for (int i = 0; i < n; i++) v->grad_in[place[i]] = grads[i];
    return LM_OK;
}
