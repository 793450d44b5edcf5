/* ops/narrow.c: see narrow.h. */
#include "ops/narrow.h"

#include "base/alloc.h"

lm_status lm__narrow_infer(lm__infer *infer, const lm__op *wide)
{
    lm_value copy[2];
    lm_value *in[3] = {&copy[0], &copy[1], infer->nin > 2 ? infer->in[2] : NULL};
    lm__infer inner = *infer;
    for (int i = 0; i < 2; i++) {
        if (infer->in[i]->dtype != LM_BF16) return lm__op_invalid(infer, "the factors must be bfloat16");
        copy[i] = *infer->in[i];
        copy[i].dtype = LM_F32;
    }
    inner.op = wide;
    inner.in = in;
    LM_TRY(wide->infer(&inner));
    return lm__result(infer, 0, LM_F32, &inner.shape[0]);
}

lm_status lm__narrow_decompose(lm_graph *graph, const lm__op *wide, const lm__node *node, lm_value *const *in,
                               lm_value **out)
{
    lm_value *cast[3] = {lm_op_cast(in[0], LM_F32), lm_op_cast(in[1], LM_F32), node->nin > 2 ? in[2] : NULL};
    if (wide->decompose) return wide->decompose(graph, node, cast, out);
    out[0] = lm__apply2(wide, node->attr, cast[0], cast[1]);
    return lm__bad(out[0]) ? lm_last_status() : LM_OK;
}

/* The reference computes on float32 copies. */
static size_t copy_bytes(const lm__desc *d)
{
    return (lm__mul_size(d->size, sizeof(float)) + 63) & ~(size_t)63;
}

lm_status lm__narrow_prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    (void)state;
    needs->shared = copy_bytes(&problem->in[0]) + copy_bytes(&problem->in[1]);
    return LM_OK;
}

lm__row_fn lm__ref_cast_to_f32_bf16;

lm_status lm__narrow_run(const lm__run *run, const lm__op *wide)
{
    const lm__problem *p = run->problem;
    lm__desc desc[3] = {p->in[0], p->in[1], p->nin > 2 ? p->in[2] : p->in[0]};
    float *copy[2] = {run->shared, (float *)((char *)run->shared + copy_bytes(&desc[0]))};
    const void *in[3] = {copy[0], copy[1], p->nin > 2 ? run->in[2] : NULL};
    for (int i = 0; i < 2; i++) {
        lm__ref_cast_to_f32_bf16(desc[i].size, &run->in[i], copy[i], NULL);
        desc[i].dtype = LM_F32;
    }
    lm__problem problem = *p;
    lm__run inner = *run;
    problem.op = wide->name, problem.in = desc;
    inner.problem = &problem, inner.in = in;
    return wide->reference.run(&inner);
}

double lm__narrow_flops(const lm__problem *problem, const lm__op *wide) { return wide->flops(problem); }
