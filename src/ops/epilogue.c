/* ops/epilogue.c: a plain op, then bias and activation. */
#include "ops/epilogue.h"

static lm__problem plain_problem(const lm__problem *p, const lm__op *plain)
{
    lm__problem q = *p;
    q.op = plain->name;
    q.nin = 2;
    q.in_stable &= 3;
    return q;
}

lm_status lm__epilogue_infer(lm__infer *infer, const lm__op *plain)
{
    lm__infer inner = *infer;
    inner.op = plain;
    inner.nin = 2;
    LM_TRY(plain->infer(&inner));
    infer->dtype[0] = inner.dtype[0];
    infer->shape[0] = inner.shape[0];
    if (infer->nin == 2) return LM_OK;
    const lm__shape *out = &inner.shape[0], *bias = &infer->in[2]->shape;
    LM_TRY(lm__need_same(infer, 0, 2));
    return lm__need_equal(infer, lm__shape_product(infer->dims, bias), out->dim[out->rank - 1], "bias and last axis");
}

lm_status lm__epilogue_decompose(const lm__op *plain, int64_t activation, const lm__node *node, lm_value *const *in,
                                 lm_value **out)
{
    lm_value *x = lm__apply2(plain, node->attr, in[0], in[1]);
    if (node->nin == 3) {
        const lm__shape flat = {1, {node->out[0].shape.dim[node->out[0].shape.rank - 1]}};
        x = lm_op_add(x, lm__reshape_to(in[2], &flat));
    }
    switch (activation) {
#define LM__ACT(code, name) case code: x = lm_op_##name(x); break;
        LM__ACT_LIST(LM__ACT)
#undef LM__ACT
    default: break;
    }
    out[0] = x;
    return lm__bad(x) ? lm_last_status() : LM_OK;
}

typedef void bias_act_fn(void *y, const void *bias, size_t rows, size_t n, int act);
LM_REFS_FLOATS(bias_act_fn, bias_act)

lm_status lm__epilogue_run(const lm__run *run, const lm__op *plain, int64_t activation)
{
    const lm__problem problem = plain_problem(run->problem, plain);
    const lm__desc *out = &problem.out[0];
    lm__run inner = *run;
    inner.problem = &problem;
    LM_TRY(plain->reference.run(&inner));
    size_t n = (size_t)out->dims[out->rank - 1];
    if (out->size == 0) return LM_OK;
    refs[out->dtype](run->out[0], run->problem->nin == 3 ? run->in[2] : NULL, out->size / n, n, (int)activation);
    return LM_OK;
}

double lm__epilogue_flops(const lm__problem *problem, const lm__op *plain)
{
    const lm__problem inner = plain_problem(problem, plain);
    return plain->flops(&inner);
}
