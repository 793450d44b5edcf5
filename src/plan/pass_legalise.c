/* plan/pass_legalise.c: what no kernel computes in bfloat16 or float16 is computed in float32 between casts.
 *
 * A float32 result that is rounded only to be widened again is handed on as it is, which costs less and is nearer to
 * the truth. Products that are worth it (kernels/narrow.h) are the exception: what they multiply has been rounded,
 * whether the processor has bfloat16 instructions or not. */
#include "base/alloc.h"
#include "kernels/narrow.h"
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

/* Whether the factors of the node are to be rounded: products that are worth it. */
static bool takes_rounded(const lm__node *n)
{
    const bool matmul = n->op == &lm__op_matmul, forward = n->op == &lm__op_conv2d;
    const bool input = n->op == &lm__op_conv2d_backward_input;
    if (!matmul && !forward && !input && n->op != &lm__op_conv2d_backward_kernel) return false;
    lm__desc in[2], out;
    const lm__problem p = {.op = n->op->name, .nin = 2, .nout = 1, .in = in, .out = &out, .attr = n->attr};
    if (lm__desc_of(n->in[0], &in[0]) || lm__desc_of(n->in[1], &in[1]) || lm__desc_of(&n->out[0], &out)) return false;
    const lm__matmul_dims m = matmul ? lm__matmul_dims_of(&p) : (lm__matmul_dims){0};
    if (matmul) return lm__narrow_product(&m);
    const lm__conv2d_dims d = forward ? lm__conv2d_problem(&p)
                              : input ? lm__conv2d_backward_input_problem(&p)
                                      : lm__conv2d_backward_kernel_problem(&p);
    return lm__narrow_conv(&d);
}

/* x where the value is x, rounded, perhaps under another shape, and widened again; else the value. */
static lm_value *unrounded(lm_value *value)
{
    const lm__node *widened = value->node;
    if (widened->op != &lm__op_cast || value->dtype != LM_F32 || !is_half(widened->in[0]->dtype)) return value;
    const lm__node *rounded = widened->in[0]->node;
    bool view = rounded->op->kind == LM__OP_VIEW;
    if (view) rounded = rounded->in[0]->node;
    if (rounded->op != &lm__op_cast || rounded->in[0]->dtype != LM_F32) return value;
    return view ? lm__reshape_to(rounded->in[0], &value->shape) : rounded->in[0];
}

static void drop_roundings(lm_graph *graph)
{
    for (lm__node *n = graph->first; n; n = n->next) {
        if (takes_rounded(n) || (n->op->kind != LM__OP_PLAIN && n->op->kind != LM__OP_MAP)) continue;
        graph->before = n;
        for (int i = 0; i < n->nin; i++) {
            lm_value *x = unrounded(n->in[i]);
            if (!lm__bad(x)) n->in[i] = x;
        }
    }
    graph->before = NULL;
    lm__graph_prune(graph);
}

lm_status lm__pass_legalise(lm_graph *graph, bool fast)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    bool changed = false;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__node *wide;
        lm__sweep_enter(&sweep, n);
        bool plain = fast && n->op->kind == LM__OP_PLAIN;
        if (!touches_half(n)) continue;
        if (plain && lm__fast_takes(n->op, n->nin, n->in, n->nout, n->out, n->attr)) continue;
        LM_GO(end, widen(n, &wide));
        changed = true;
        for (int i = 0; i < n->nout; i++) {
            lm_value *by = is_half(n->out[i].dtype) ? lm_op_cast(&wide->out[i], n->out[i].dtype) : &wide->out[i];
            LM_GO(end, lm__sweep_replace(&sweep, &n->out[i], by));
        }
    }
end:
    status = lm__sweep_end(&sweep, status);
    if (!status && changed) drop_roundings(graph);
    return status;
}
