/* plan/pass_cse.c: nodes of one op with equal attributes and inputs compute the same: the first stands for all. */
#include "graph/special.h"
#include "plan/pass.h"
#include <string.h>

typedef struct table {
    lm__node **slot;
    size_t size;                        /* a power of two */
} table;

/* Inputs in the order they count in: of an op that commutes the first two by node id. */
static void order_inputs(const lm__node *n, const lm_value **in)
{
    for (int i = 0; i < n->nin; i++) in[i] = n->in[i];
    if (!(n->op->flags & LM__OP_COMMUTES) || n->nin < 2) return;
    bool swap = in[0]->node->id > in[1]->node->id || (in[0]->node == in[1]->node && in[0]->index > in[1]->index);
    if (!swap) return;
    const lm_value *first = in[0];
    in[0] = in[1];
    in[1] = first;
}

/* A small constant's numbers, by which it is compared: passes make many scalars of the same number. NULL: no such
 * thing. */
static const lm_tensor *numbers_of(const lm__node *n)
{
    enum { SMALL = 256 };
    if (n->op != n->graph->table->constant) return NULL;
    const lm_tensor *t = ((const lm__constant_attr *)n->attr)->tensor;
    return lm_tensor_bytes(t) <= SMALL ? t : NULL;
}

static uint64_t hash_of(const lm__node *n)
{
    const lm_value *in[LM__MAX_INPUTS];
    const lm_tensor *t = numbers_of(n);
    uint64_t h = (uint64_t)n->op->kind + 1;
    for (size_t i = 0; t && i < lm_tensor_bytes(t); i++) h = (h ^ ((const uint8_t *)t->data)[i]) * 0x100000001B3u;
    if (t) return h;
    h = lm__attr_hash(n->op, n->attr) ^ (uint64_t)(uintptr_t)n->op;
    order_inputs(n, in);
    for (int i = 0; i < n->nin; i++) {
        h = (h ^ (uint64_t)(in[i]->node->id * 32 + in[i]->index)) * 0x9E3779B97F4A7C15u;
        h ^= h >> 29;
    }
    return h;
}

static bool same_numbers(const lm_tensor *s, const lm_tensor *t)
{
    return s->dtype == t->dtype && s->rank == t->rank &&
           !memcmp(s->dims, t->dims, sizeof *s->dims * (size_t)s->rank) &&
           !memcmp(s->data, t->data, lm_tensor_bytes(s));
}

static bool equal(const lm__node *a, const lm__node *b)
{
    const lm_value *x[LM__MAX_INPUTS], *y[LM__MAX_INPUTS];
    const lm_tensor *s = numbers_of(a), *t = numbers_of(b);
    if (s || t) return s && t && same_numbers(s, t);
    if (a->op != b->op || a->nin != b->nin || a->nout != b->nout) return false;
    if (!lm__attr_equal(a->op, a->attr, b->attr)) return false;
    order_inputs(a, x);
    order_inputs(b, y);
    return memcmp(x, y, sizeof *x * (size_t)a->nin) == 0;
}

/* Inputs, variables and effects are what they are; sub-graphs are not compared. */
static bool comparable(const lm__node *n)
{
    if (n->op->kind == LM__OP_CONTROL || n->op->flags & LM__OP_EFFECT) return false;
    return n->op->kind != LM__OP_SPECIAL || n->op == n->graph->table->constant;
}

static lm_status visit(lm__sweep *sweep, table *t, lm__node *n)
{
    size_t at = hash_of(n) & (t->size - 1);
    while (t->slot[at] && !equal(t->slot[at], n)) at = (at + 1) & (t->size - 1);
    if (!t->slot[at]) {
        t->slot[at] = n;
        return LM_OK;
    }
    for (int i = 0; i < n->nout; i++) LM_TRY(lm__sweep_replace(sweep, &n->out[i], &t->slot[at]->out[i]));
    return LM_OK;
}

lm_status lm__pass_cse(lm_graph *graph)
{
    lm__sweep sweep;
    table t = {.size = 16};
    lm_status status = LM_OK;
    size_t nodes = 0;
    for (lm__node *n = graph->first; n; n = n->next) nodes++;
    while (t.size < 2 * nodes) t.size *= 2;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    t.slot = lm__arena_alloc(sweep.arena, sizeof *t.slot * t.size);
    if (!t.slot) LM_GO(end, lm__no_memory(sizeof *t.slot * t.size));
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__sweep_enter(&sweep, n);
        if (comparable(n)) LM_GO(end, visit(&sweep, &t, n));
    }
end:
    return lm__sweep_end(&sweep, status);
}
