/* plan/choose.c: a kernel for every step: the first fast one that takes the problem, else the op's reference; where
 * lm_set_tuning asks for it, the one that was measured to be faster. */
#include "base/team.h"
#include "plan/control.h"
#include "plan/internal.h"
#include "plan/tune.h"
#include <string.h>

/* Inputs that this plan never changes: constants, variables without a store, and what is made of them once. Steps
 * that run once pack nothing. */
static uint64_t stable_inputs(const lm__plan *plan, const lm__step *s)
{
    uint64_t stable = 0;
    if (!lm__plan_runs(plan, LM__PASS_INDEX_pack) || s->once) return 0;
    for (int i = 0; i < s->problem.nin && i < 64; i++) {
        const lm__buffer *b = &plan->buffers[lm__plan_root(plan, s->in[i])];
        if (b->space == LM__SPACE_CONSTANT || b->space == LM__SPACE_KEPT ||
            (b->space == LM__SPACE_VARIABLE && !plan->stored[b->index]))
            stable |= (uint64_t)1 << i;
    }
    return stable;
}

/* LM_UNSUPPORTED: the kernel declines. */
static lm_status prepare(lm__step *s, const lm__kernel *kernel)
{
    if (kernel->accepts && !kernel->accepts(&s->problem)) return LM_UNSUPPORTED;
    memset(&s->needs, 0, sizeof s->needs);
    s->state = NULL;
    if (kernel->prepare) LM_TRY(kernel->prepare(&s->problem, &s->needs, &s->state));
    s->kernel = kernel;
    return LM_OK;
}

static lm_status choose(const lm__plan *plan, lm__step *s)
{
    if (lm__plan_runs(plan, LM__PASS_INDEX_fast)) {
        const lm__kernel *tuned = NULL;
        if (plan->options.tune) LM_TRY(lm__tune(s->node->op, &s->problem, &tuned));
        if (tuned) {
            lm_status status = prepare(s, tuned);
            if (status != LM_UNSUPPORTED) return status;
        }
        for (const lm__kernel *const *k = lm__fast_kernels(s->node->op->name); *k; k++) {
            lm_status status = prepare(s, *k);
            if (status != LM_UNSUPPORTED) return status;
        }
    }
    if (!s->node->op->reference.run)
        return lm__fail(LM_UNSUPPORTED, "%s: no kernel for inputs of these types and shapes", s->node->op->name);
    lm_status status = prepare(s, &s->node->op->reference);
    if (status == LM_UNSUPPORTED)
        return lm__fail(status, "%s: no kernel takes inputs of type %s", s->node->op->name,
                        s->problem.nin ? lm_dtype_name(s->problem.in[0].dtype) : "?");
    return status;
}

const char *lm__fast_name(const lm__op *op, int nin, lm_value *const *in, int nout, const lm_value *out,
                          const void *attr)
{
    lm__desc from[LM__MAX_INPUTS], to[LM__MAX_OUTPUTS];
    for (int i = 0; i < nin; i++)
        if (lm__desc_of(in[i], &from[i]) != LM_OK) return NULL;
    for (int i = 0; i < nout; i++)
        if (lm__desc_of(&out[i], &to[i]) != LM_OK) return NULL;
    const lm__problem problem = {.op = op->name, .nin = nin, .nout = nout, .in = from, .out = to, .attr = attr,
                                 .out_used = ~(uint64_t)0, .isa = lm__isa_level()};
    for (const lm__kernel *const *k = lm__fast_kernels(op->name); *k; k++)
        if (!(*k)->accepts || (*k)->accepts(&problem)) return (*k)->name;
    return NULL;
}

bool lm__fast_takes(const lm__op *op, int nin, lm_value *const *in, int nout, const lm_value *out, const void *attr)
{
    return lm__fast_name(op, nin, in, nout, out, attr) != NULL;
}

/* Scratch memory lives for one step. */
static lm_status add_scratch(lm__plan *plan, int step, size_t bytes, const char *what, int *out)
{
    *out = -1;
    if (bytes == 0) return LM_OK;
    lm__buffer buffer = {.space = LM__SPACE_ARENA, .bytes = bytes, .first = step, .last = step, .what = what};
    *out = lm__plan_add_buffer(plan, buffer);
    return *out < 0 ? LM_NO_MEMORY : LM_OK;
}

lm_status lm__plan_choose(lm__plan *plan)
{
    for (int i = 0; i < plan->nsteps; i++) {
        lm__step *s = &plan->steps[i];
        s->problem.in_stable = stable_inputs(plan, s);
        if (s->node->op->kind == LM__OP_CONTROL && !s->kernel) LM_TRY(lm__control_prepare(plan, s));
        else if (!s->kernel) LM_TRY(choose(plan, s));
        size_t scratch = lm__mul_size(lm__round64(s->needs.scratch), (size_t)plan->threads);
        LM_TRY(add_scratch(plan, i, scratch, "scratch", &s->scratch));
        LM_TRY(add_scratch(plan, i, s->needs.shared, "shared", &s->shared));
        if (s->node->op->flops && s->kernel != &lm__copy_kernel) plan->flops += s->node->op->flops(&s->problem);
    }
    return LM_OK;
}
