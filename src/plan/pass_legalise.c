/* plan/pass_legalise.c: what no kernel computes in bfloat16 or float16 is computed in float32 between casts. */
#include "base/alloc.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "plan/internal.h"
#include "plan/pass.h"
#include <string.h>

static bool is_half(lm_dtype dtype) { return dtype == LM_BF16 || dtype == LM_F16; }

static bool touches_half(const lm__node *n)
{
    if (n->op->kind != LM__OP_PLAIN && n->op->kind != LM__OP_MAP) return false;
    if (n->op == &lm__op_cast) return false;
    for (int i = 0; i < n->nin; i++)
        if (is_half(n->in[i]->dtype)) return true;
    for (int i = 0; i < n->nout; i++)
        if (is_half(n->out[i].dtype)) return true;
    return false;
}

/* The same node on float32, its attributes naming float32 too. */
static lm_status widen(const lm__node *n, lm__node **out)
{
    lm_value *in[LM__MAX_INPUTS];
    char *attr = NULL;
    for (int i = 0; i < n->nin; i++) in[i] = is_half(n->in[i]->dtype) ? lm_op_cast(n->in[i], LM_F32) : n->in[i];
    if (n->op->attr_size) {
        attr = lm__alloc(n->op->attr_size);
        if (!attr) return lm__no_memory(n->op->attr_size);
        memcpy(attr, n->attr, n->op->attr_size);
        for (const lm__attr *f = n->op->attrs; f && f->name; f++) {
            lm_dtype *dtype = (lm_dtype *)(attr + f->offset);
            if (f->kind == LM__ATTR_DTYPE && is_half(*dtype)) *dtype = LM_F32;
        }
    }
    *out = lm__apply_node(n->graph, n->op, attr, n->nin, in, NULL);
    lm__free(attr);
    return *out ? LM_OK : lm_last_status();
}

lm_status lm__pass_legalise(lm_graph *graph, bool fast)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__node *wide;
        lm__sweep_enter(&sweep, n);
        bool plain = fast && n->op->kind == LM__OP_PLAIN;
        if (!touches_half(n)) continue;
        if (plain && lm__fast_takes(n->op, n->nin, n->in, n->nout, n->out, n->attr)) continue;
        LM_GO(end, widen(n, &wide));
        for (int i = 0; i < n->nout; i++) {
            lm_value *by = is_half(n->out[i].dtype) ? lm_op_cast(&wide->out[i], n->out[i].dtype) : &wide->out[i];
            LM_GO(end, lm__sweep_replace(&sweep, &n->out[i], by));
        }
    }
end:
    return lm__sweep_end(&sweep, status);
}
