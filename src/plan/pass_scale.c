/* plan/pass_scale.c: factors and offsets behind a convolution or a product move into its weights.
 *
 * conv(x, k) f = conv(x, k f), where f has one number a channel; the same of products with their columns. Done where
 * weights and factors depend on variables alone that the plan does not change: then all of it is computed once a
 * version, and a layer of batch normalisation costs nothing in predictions. What is left is one offset, which
 * becomes the bias (pass_epilogue.c). */
#include "kernels/matmul.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "plan/pass.h"

enum { LOOK = 64 };                     /* nodes that are looked at before a value counts as changing */

typedef struct scaling {
    lm_graph *graph;
    bool *stored;                       /* by node id: a variable that gets a new version */
    int left;
} scaling;

/* Whether the value depends on constants and unchanged variables alone, and on one of these at least. */
static bool is_stable(scaling *s, const lm_value *v)
{
    const lm__node *n = v->node;
    const lm__op_table *table = s->graph->table;
    if (n->op == table->variable || n->op == table->constant) return !s->stored[n->id];
    if (n->op->kind == LM__OP_SPECIAL || n->op->kind == LM__OP_CONTROL || n->nin == 0 || s->left-- <= 0) return false;
    for (int i = 0; i < n->nin; i++)
        if (!is_stable(s, n->in[i])) return false;
    return true;
}

static bool is_stable_value(scaling *s, const lm_value *v)
{
    s->left = LOOK;
    return is_stable(s, v);
}

/* One number a channel of x, or a single one, as a vector along the last axis: v itself, without leading axes. */
static lm_value *channels(lm_value *v, const lm_value *x)
{
    lm__dim n = x->shape.dim[x->shape.rank - 1], size = 1;
    for (int d = 0; d < v->shape.rank; d++) size *= v->shape.dim[d];
    if (v->dtype != x->dtype) return NULL;
    if (size == 1) return lm__reshape_to(v, &(lm__shape){.rank = 0});
    if (size != n || v->shape.dim[v->shape.rank - 1] != n) return NULL;
    return lm__reshape_to(v, &(lm__shape){.rank = 1, .dim = {n}});
}

/* A convolution or product whose weights may take up a factor and which nobody else reads. */
static bool may_scale(scaling *s, const lm_value *x)
{
    const lm__node *m = x->node;
    if (m->mark != 1) return false;
    if (m->op == &lm__op_matmul) {
        if (((const lm__matmul *)m->attr)->transpose_b || m->in[1]->shape.rank != 2) return false;
    } else if (m->op != &lm__op_conv2d) {
        return false;
    }
    return is_stable_value(s, m->in[1]);
}

/* x = what + offset, or what alone. */
static lm_value *split(scaling *s, lm_value *x, lm_value **offset)
{
    const lm__node *m = x->node;
    *offset = NULL;
    if (may_scale(s, x)) return x;
    if (m->op != &lm__op_add || m->mark != 1) return NULL;
    for (int i = 0; i < 2; i++) {
        lm_value *what = m->in[i];
        if (!lm__same_shape(what, x) || !may_scale(s, what) || !is_stable_value(s, m->in[1 - i])) continue;
        *offset = channels(m->in[1 - i], x);
        return *offset ? what : NULL;
    }
    return NULL;
}

static lm_value *scaled(const lm_value *what, lm_value *factor)
{
    const lm__node *m = what->node;
    lm_value *in[2] = {m->in[0], lm_op_multiply(m->in[1], factor)};
    return lm__apply(m->graph, m->op, m->attr, 2, in);
}

/* what + offset, with as many readers as the node has. */
static lm_value *put_together(const lm__node *n, lm_value *what, lm_value *offset)
{
    lm_value *all = lm_op_add(what, offset);
    if (lm__bad(all)) return all;
    what->node->mark = 1;
    all->node->mark = n->mark;
    return all;
}

/* The node's operands as x and a vector: x op v; `at`: which is x. */
static lm_value *visit_operand(scaling *s, const lm__node *n, int at)
{
    lm_value *x = n->in[at], *offset, *what = split(s, x, &offset);
    if (!what || !lm__same_shape(x, &n->out[0]) || !is_stable_value(s, n->in[1 - at])) return NULL;
    lm_value *v = channels(n->in[1 - at], x);
    if (!v || lm__bad(v)) return NULL;
    if (n->op == &lm__op_multiply) {
        what = scaled(what, v);
        if (lm__bad(what)) return what;
        if (offset) return put_together(n, what, lm_op_multiply(offset, v));
        what->node->mark = n->mark;
        return what;
    }
    if (n->op == &lm__op_subtract) v = lm_op_negative(v);
    else if (!offset) return NULL;      /* it is what it shall be */
    return put_together(n, what, offset ? lm_op_add(offset, v) : v);
}

static lm_value *visit(scaling *s, const lm__node *n)
{
    bool either = n->op == &lm__op_add || n->op == &lm__op_multiply;
    if (!either && n->op != &lm__op_subtract) return NULL;
    lm_value *by = visit_operand(s, n, 0);
    return by || !either ? by : visit_operand(s, n, 1);
}

lm_status lm__pass_scale(lm_graph *graph)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    scaling s = {.graph = graph, .stored = lm__arena_alloc(sweep.arena, (size_t)graph->next_id)};
    if (!s.stored) LM_GO(end, lm__no_memory((size_t)graph->next_id));
    for (lm__node *n = graph->first; n; n = n->next)
        if (n->op == graph->table->store) s.stored[n->in[0]->node->id] = true;
    lm__count_readers(graph);
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__sweep_enter(&sweep, n);
        lm_value *by = visit(&s, n);
        if (by) LM_GO(end, lm__sweep_replace(&sweep, &n->out[0], by));
    }
end:
    return lm__sweep_end(&sweep, status);
}
