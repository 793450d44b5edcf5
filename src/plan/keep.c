/* plan/keep.c: steps that depend on weights alone which the plan does not change run once a version. */
#include "plan/internal.h"

static bool is_stable(const lm__plan *p, int buffer)
{
    const lm__buffer *b = &p->buffers[lm__plan_root(p, buffer)];
    return b->space == LM__SPACE_CONSTANT || b->space == LM__SPACE_KEPT ||
           (b->space == LM__SPACE_VARIABLE && !p->stored[b->index]);
}

/* Whether the step may run once a version of the weights. Its results must not be much larger than what it reads:
 * they are kept. */
static bool may_keep(const lm__plan *p, const lm__step *s)
{
    size_t read = 4096, made = 0;
    if (s->kernel || s->node->op->kind == LM__OP_CONTROL || s->problem.nin == 0) return false;
    for (int i = 0; i < s->problem.nin; i++) {
        if (!is_stable(p, s->in[i])) return false;
        read += p->buffers[s->in[i]].bytes;
    }
    for (int i = 0; i < s->problem.nout; i++) {
        if (p->buffers[s->out[i]].space != LM__SPACE_ARENA) return false;
        made += p->buffers[s->out[i]].bytes;
    }
    return made <= 2 * read;
}

void lm__plan_keep(lm__plan *p)
{
    for (int i = 0; i < p->nsteps; i++) {
        lm__step *s = &p->steps[i];
        if (!may_keep(p, s)) continue;
        s->once = true;
        for (int k = 0; k < s->problem.nout; k++) {
            lm__buffer *b = &p->buffers[s->out[k]];
            b->space = LM__SPACE_KEPT;
            b->offset = p->kept_bytes;
            p->kept_bytes += lm__round64(b->bytes);
        }
    }
}
