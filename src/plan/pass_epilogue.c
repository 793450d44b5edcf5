/* plan/pass_epilogue.c: the bias and the activation behind a product or a convolution become part of it, where nobody
 * else reads what lies between. */
#include "kernels/epilogue.h"
#include "ops/registry.h"
#include "plan/internal.h"
#include "plan/pass.h"
#include <string.h>

typedef struct pair {
    const lm__op *plain, *fused;
    size_t activation;                  /* where in the fused op's attribute */
} pair;

static const pair pairs[] = {
    {&lm__op_matmul, &lm__op_matmul_fused, offsetof(lm__matmul_fused, activation)},
    {&lm__op_conv2d, &lm__op_conv2d_fused, offsetof(lm__conv2d_fused, activation)},
};

static const pair *pair_of(const lm__op *op)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
        if (op == pairs[i].plain || op == pairs[i].fused) return &pairs[i];
    return NULL;
}

static int64_t activation_of(const lm__op *op)
{
#define LM__ACT(code, name) if (op == &lm__op_##name) return code;
    LM__ACT_LIST(LM__ACT)
#undef LM__ACT
    return LM__ACT_NONE;
}

/* The value's node with `bias` (or NULL) and `activation` added, NULL if there is no kernel for that. */
static lm_value *extend(const lm__node *n, const pair *p, lm_value *x, lm_value *bias, int64_t activation,
                        bool fast)
{
    char attr[sizeof(lm__conv2d_fused) + sizeof(lm__matmul_fused)] __attribute__((aligned(16)));
    const lm__node *m = x->node;
    lm_value *in[3] = {m->in[0], m->in[1], bias ? bias : m->nin == 3 ? m->in[2] : NULL};
    int nin = in[2] ? 3 : 2;
    memset(attr, 0, sizeof attr);
    memcpy(attr, m->attr, m->op->attr_size);
    memcpy(attr + p->activation, &activation, sizeof activation);
    /* Where the plain op may have a fast kernel, one must take the fused problem. */
    if (fast && !lm__fast_takes(p->fused, nin, in, 1, n->out, attr)) return NULL;
    lm_value *result = lm__apply(n->graph, p->fused, attr, nin, in);
    if (!lm__bad(result)) result->node->mark = n->mark;
    return result;
}

static int64_t present_activation(const pair *p, const lm__node *m)
{
    int64_t activation = LM__ACT_NONE;
    if (m->op == p->fused) memcpy(&activation, (const char *)m->attr + p->activation, sizeof activation);
    return activation;
}

/* x has one reader, nothing behind it yet, and the shape of the node's result. */
static const pair *may_extend(const lm__node *n, const lm_value *x)
{
    const pair *p = pair_of(x->node->op);
    if (!p || x->node->mark != 1 || present_activation(p, x->node) != LM__ACT_NONE) return NULL;
    return lm__same_shape(x, &n->out[0]) ? p : NULL;
}

static bool is_bias(const lm_value *v, const lm_value *x)
{
    lm__dim n = x->shape.dim[x->shape.rank - 1], size = 1;
    for (int d = 0; d < v->shape.rank; d++) size *= v->shape.dim[d];
    return v->dtype == x->dtype && v->shape.rank > 0 && size == n && v->shape.dim[v->shape.rank - 1] == n;
}

static lm_value *visit(const lm__node *n, bool fast)
{
    int64_t activation = activation_of(n->op);
    if (activation != LM__ACT_NONE) {
        const pair *p = may_extend(n, n->in[0]);
        return p ? extend(n, p, n->in[0], NULL, activation, fast) : NULL;
    }
    if (n->op != &lm__op_add) return NULL;
    for (int i = 0; i < 2; i++) {
        lm_value *x = n->in[i], *bias = n->in[1 - i];
        const pair *p = may_extend(n, x);
        if (p && x->node->nin == 2 && is_bias(bias, x)) return extend(n, p, x, bias, LM__ACT_NONE, fast);
    }
    return NULL;
}

lm_status lm__pass_epilogue(lm_graph *graph, bool fast)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    lm__count_readers(graph);
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__sweep_enter(&sweep, n);
        lm_value *by = visit(n, fast);
        if (by) LM_GO(end, lm__sweep_replace(&sweep, &n->out[0], by));
    }
end:
    return lm__sweep_end(&sweep, status);
}
