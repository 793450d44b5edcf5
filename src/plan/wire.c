/* plan/wire.c: numbers the pointers that steps are run with.
 *
 * Every input, output and packed copy of every step is one slot of a context's table. Slots in the arena and of
 * constants are filled once a context; the rest (fixups) at every run. */
#include "plan/internal.h"

static bool is_external(const lm__plan *plan, int b)
{
    if (b < 0) return false;
    lm__space space = plan->buffers[lm__plan_root(plan, b)].space;
    return space == LM__SPACE_INPUT || space == LM__SPACE_OUTPUT || space == LM__SPACE_VARIABLE;
}

static int step_buffer(const lm__step *s, int i)
{
    return i < s->problem.nin ? s->in[i] : s->out[i - s->problem.nin];
}

static void count(lm__plan *plan)
{
    for (int i = 0; i < plan->nsteps; i++) {
        lm__step *s = &plan->steps[i];
        s->slot = plan->slots;
        plan->slots += s->problem.nin + s->problem.nout;
        for (int k = 0; k < s->problem.nin + s->problem.nout; k++)
            plan->nfixups += is_external(plan, step_buffer(s, k));
        for (int k = 0; k < 4 && k < s->problem.nin; k++) plan->npacks += s->needs.pack[k] > 0;
        plan->slots += s->problem.nin;  /* packed copies */
    }
}

static void add_packs(lm__plan *plan, int step, int *npacks)
{
    const lm__step *s = &plan->steps[step];
    for (int k = 0; k < 4 && k < s->problem.nin; k++) {
        if (s->needs.pack[k] == 0) continue;
        const lm__buffer *b = &plan->buffers[lm__plan_root(plan, s->in[k])];
        plan->packs[(*npacks)++] = (lm__pack){
            .step = step, .input = k, .slot = s->slot + s->problem.nin + s->problem.nout + k,
            .variable = b->space == LM__SPACE_VARIABLE ? b->index
                        : b->space == LM__SPACE_KEPT   ? LM__PACK_KEPT
                                                       : -1,
            .offset = plan->packed_bytes, .bytes = s->needs.pack[k]};
        plan->packed_bytes += lm__round64(s->needs.pack[k]);
    }
}

lm_status lm__plan_wire(lm__plan *plan)
{
    count(plan);
    plan->fixups = lm__arena_alloc(plan->arena, sizeof(lm__fixup) * (size_t)plan->nfixups);
    plan->packs = lm__arena_alloc(plan->arena, sizeof(lm__pack) * (size_t)plan->npacks);
    if (!plan->fixups || !plan->packs) return lm__no_memory(sizeof(lm__fixup) * (unsigned long long)plan->nfixups);
    int nfixups = 0, npacks = 0;
    for (int i = 0; i < plan->nsteps; i++) {
        const lm__step *s = &plan->steps[i];
        for (int k = 0; k < s->problem.nin + s->problem.nout; k++) {
            int b = step_buffer(s, k);
            if (is_external(plan, b)) plan->fixups[nfixups++] = (lm__fixup){s->slot + k, lm__plan_root(plan, b)};
        }
        add_packs(plan, i, &npacks);
    }
    return LM_OK;
}
