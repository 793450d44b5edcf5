/* plan/pass_simplify.c: algebra on single nodes, once over the graph.
 *
 * A rule returns what may stand in the node's place, NULL if it has nothing to say. Rules see inputs that have
 * been through the pass already. They keep values up to rounding, and keep NaN and infinity where they are: x * 0
 * stays. */
#include "kernels/matmul.h"
#include "ops/pool2d.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "plan/pass.h"
#include "plan/simplify.h"
#include "tensor/tensor.h"
#include <math.h>

typedef lm_value *rule_fn(const lm__node *n);

/* x, if it has the type and shape of the node's result. */
static lm_value *if_fits(const lm__node *n, lm_value *x)
{
    return x->dtype == n->out[0].dtype && lm__same_shape(x, &n->out[0]) ? x : NULL;
}

static lm_value *add(const lm__node *n)
{
    if (lm__value_is(n->in[1], 0)) return if_fits(n, n->in[0]);
    return lm__value_is(n->in[0], 0) ? if_fits(n, n->in[1]) : NULL;
}

static lm_value *subtract(const lm__node *n) { return lm__value_is(n->in[1], 0) ? if_fits(n, n->in[0]) : NULL; }

static lm_value *divide(const lm__node *n) { return lm__value_is(n->in[1], 1) ? if_fits(n, n->in[0]) : NULL; }

/* Whether the type holds the number to full precision: no overflow, and no underflow. */
static bool holds(lm_dtype dtype, double number)
{
    return dtype == LM_F64 ? isnormal(number) : dtype == LM_F32 && isnormal((float)number);
}

/* x * a where x = y * b, nobody else reads x, and a, b are numbers: y * (a b). node->mark counts readers. */
static lm_value *merge_factors(const lm__node *n, lm_value *x, double a)
{
    double b;
    const lm__node *m = x->node;
    if (m->op != &lm__op_multiply || m->mark != 1 || !lm__is_float(x->dtype)) return NULL;
    for (int i = 0; i < 2; i++) {
        if (!lm__value_uniform(m->in[i], &b) || !holds(x->dtype, a * b)) continue;
        lm_value *y = m->in[1 - i];
        if (!lm__same_shape(y, &n->out[0])) continue;
        return lm_op_multiply(y, lm__like(y, a * b));
    }
    return NULL;
}

static lm_value *multiply(const lm__node *n)
{
    double a;
    for (int i = 0; i < 2; i++) {
        lm_value *x = n->in[1 - i];
        if (!lm__value_uniform(n->in[i], &a)) continue;
        lm_value *same = a == 1 ? if_fits(n, x) : NULL;
        if (!same) same = merge_factors(n, x, a);
        if (same) return same;
    }
    return NULL;
}

/* f(f(x)) = x. */
static lm_value *undo(const lm__node *n)
{
    const lm__node *m = n->in[0]->node;
    return m->op == n->op ? if_fits(n, m->in[0]) : NULL;
}

static lm_value *same_where(const lm__node *n)
{
    double condition;
    if (n->in[1] == n->in[2]) return if_fits(n, n->in[1]);
    return lm__value_uniform(n->in[0], &condition) ? if_fits(n, n->in[condition != 0 ? 1 : 2]) : NULL;
}

/* where(h > 0, scatter(dy, places), 0), where the places are those of the maxima of h: the maxima tell as well,
 * before anything is put back: scatter(where(max > 0, dy, 0), places). A quarter of the work, and h is not needed
 * any more. */
static lm_value *mask_before_scatter(const lm__node *n)
{
    const lm__node *greater = n->in[0]->node, *scatter = n->in[1]->node;
    if (greater->op != &lm__op_greater || scatter->op != &lm__op_max_pool2d_scatter || !lm__value_is(n->in[2], 0) ||
        !lm__value_is(greater->in[1], 0))
        return NULL;
    const lm__node *pool = scatter->in[1]->node;
    if (pool->op != &lm__op_max_pool2d || scatter->in[1]->index != 1 || pool->in[0] != greater->in[0]) return NULL;
    if (!lm__same_shape(&scatter->out[0], &n->out[0])) return NULL;     /* the mask may repeat it */
    lm_value *max = &pool->out[0], *dy = scatter->in[0];
    lm_value *masked = lm_op_where(lm_op_greater(max, lm__like(max, 0)), dy, lm__like(dy, 0));
    return lm__max_pool2d_scatter(masked, scatter->in[1], &n->out[0].shape);
}

static lm_value *where(const lm__node *n)
{
    lm_value *same = same_where(n);
    return same ? same : mask_before_scatter(n);
}

static lm_value *cast(const lm__node *n) { return if_fits(n, n->in[0]); }

static lm_value *broadcast_to(const lm__node *n)
{
    double number;
    lm_value *same = if_fits(n, n->in[0]);
    if (!same && lm__value_uniform(n->in[0], &number))
        same = lm__fill(n->graph, n->out[0].dtype, &n->out[0].shape, number);
    return same;
}

/* Views of the same shape are nothing; the view of a view is one of the first. */
static lm_value *view(const lm__node *n)
{
    lm_value *same = if_fits(n, n->in[0]);
    if (same || n->in[0]->node->op->kind != LM__OP_VIEW) return same;
    lm_value *first = n->in[0]->node->in[0];
    same = if_fits(n, first);
    return same || first->dtype != n->out[0].dtype ? same : lm__reshape_to(first, &n->out[0].shape);
}

/* Of transpose: the axis of the input that each axis of the result is. */
static const int64_t *axes_of(const lm__node *n) { return n->attr; }

/* Transposing twice is once or not at all; moving only axes of one element is a view. */
static lm_value *transpose(const lm__node *n)
{
    int64_t axes[LM_MAX_RANK];
    lm_value *x = n->in[0];
    int rank = x->shape.rank;
    for (int d = 0; d < rank; d++) axes[d] = axes_of(n)[d];
    if (x->node->op == n->op) {
        for (int d = 0; d < rank; d++) axes[d] = axes_of(x->node)[axes[d]];
        x = x->node->in[0];
    }
    bool moves = false;
    int64_t last = -1;
    for (int d = 0; d < rank; d++) {
        if (x->shape.dim[axes[d]] == 1) continue;
        moves |= axes[d] < last;
        last = axes[d];
    }
    if (!moves) return lm__reshape_to(x, &n->out[0].shape);
    return x == n->in[0] ? NULL : lm_op_transpose_by(x, rank, axes);
}

static bool swaps_last(const lm__node *n)
{
    int rank = n->in[0]->shape.rank;
    for (int d = 0; d + 2 < rank; d++)
        if (axes_of(n)[d] != d) return false;
    return rank >= 2 && axes_of(n)[rank - 1] == rank - 2;
}

/* A matrix that was only transposed for the product is read as it was. */
static lm_value *matmul(const lm__node *n)
{
    lm__matmul attr = *(const lm__matmul *)n->attr;
    lm_value *in[2] = {n->in[0], n->in[1]};
    for (int i = 0; i < 2; i++) {
        if (in[i]->node->op != &lm__op_transpose || !swaps_last(in[i]->node)) continue;
        in[i] = in[i]->node->in[0];
        if (i == 0) attr.transpose_a = !attr.transpose_a;
        else attr.transpose_b = !attr.transpose_b;
    }
    if (in[0] == n->in[0] && in[1] == n->in[1]) return NULL;
    return lm__apply2(n->op, &attr, in[0], in[1]);
}

/* Map ops repeat their inputs themselves: what was repeated for them is taken from before, as long as the other
 * inputs still give the result its shape. */
static void take_unrepeated(lm__node *n)
{
    for (int i = 0; i < n->nin; i++) {
        lm_value *was = n->in[i], *now = was;
        double number;
        if (was->node->op == &lm__op_broadcast_to) now = was->node->in[0];
        else if (was->shape.rank > 0 && was->node->op == &lm__op_fill && lm__value_uniform(was, &number))
            now = lm__like(was, number);
        if (now == was || lm__bad(now)) continue;
        lm__shape all = now->shape;
        bool fits = true;
        for (int k = 0; k < n->nin && fits; k++)
            fits = k == i || lm__shape_broadcast(n->graph->dims, &all, &n->in[k]->shape, &all) == LM_OK;
        if (fits && lm__shape_equal(n->graph->dims, &all, &n->out[0].shape) == 1) n->in[i] = now;
    }
}

static rule_fn *rule_of(const lm__op *op)
{
    static const struct {
        const lm__op *op;
        rule_fn *rule;
    } rules[] = {
        {&lm__op_add, add},           {&lm__op_subtract, subtract}, {&lm__op_multiply, multiply},
        {&lm__op_divide, divide},     {&lm__op_negative, undo},     {&lm__op_reciprocal, undo},
        {&lm__op_logical_not, undo},  {&lm__op_where, where},       {&lm__op_cast, cast},
        {&lm__op_broadcast_to, broadcast_to}, {&lm__op_transpose, transpose}, {&lm__op_matmul, matmul},
        {&lm__op_sum, lm__simplify_sum},    {&lm__op_mean, lm__simplify_sum},
    };
    if (op->kind == LM__OP_VIEW) return view;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].op == op) return rules[i].rule;
    return NULL;
}

lm_status lm__pass_simplify(lm_graph *graph)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    lm__count_readers(graph);
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__sweep_enter(&sweep, n);
        rule_fn *rule = rule_of(n->op);
        lm_value *by = rule ? rule(n) : NULL;
        if (by) LM_GO(end, lm__sweep_replace(&sweep, &n->out[0], by));
        else if (n->op->kind == LM__OP_MAP) take_unrepeated(n);
    }
end:
    return lm__sweep_end(&sweep, status);
}
