/* plan/pass_share.c: products and convolutions of the same thing but for a factor of each row are done once.
 *
 * A loss that ends in one number for each example flows back into the last layer as an outer product: row i of the
 * gradient is a number g[i] times something that does not depend on the loss. Everything on the way back is linear,
 * row by row, so that the factor may as well be multiplied at the end: f(g ⊙ t) = g ⊙ f(t). Where two losses flow
 * back through one network, as in a GAN, both ways meet in the same f(t).
 *
 * Numbers are the same up to rounding where factors are finite. */
#include "kernels/conv2d.h"
#include "kernels/matmul.h"
#include "ops/conv2d.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "plan/internal.h"
#include "plan/pass.h"
#include <stdlib.h>

enum { DEPTH = 32 };
static const double LEAST_FLOPS = 1e6;  /* of what is shared: more than the factors cost */

/* A node whose work another one does: the common part, and the factors of both. */
typedef struct later {
    const lm__node *node;
    lm_value *first, *factor, *common;
    const lm_value *result;             /* what stands for the other: first ⊙ common */
} later;

typedef struct share {
    lm_graph *graph;
    lm__sweep sweep;
    lm__node **candidate;               /* by weights, op and place; node->mark is its index, -1: it is none */
    int candidates;
    later *list;
    int count;
} share;

/* Two values that differ in their rows' factors only: what these are, once known. */
typedef struct pair {
    const share *s;
    lm_value *a, *b;                    /* (rows, 1) */
    int seen;
} pair;

static bool same_call(const lm__node *a, const lm__node *b)
{
    return a->op == b->op && a->nin == b->nin && lm__attr_equal(a->op, a->attr, b->attr) &&
           lm__same_shape(&a->out[0], &b->out[0]) && a->out[0].dtype == b->out[0].dtype;
}

/* A product or convolution whose rows are those of its first input. */
static bool keeps_rows(const lm__node *n)
{
    bool product = n->op == &lm__op_matmul;
    if (!product && n->op != &lm__op_conv2d && n->op != &lm__op_conv2d_backward_input) return false;
    if (n->in[0]->shape.rank < 2 || n->in[0]->shape.dim[0] < 2) return false;
    return !product || (n->in[1]->shape.rank == 2 && !((const lm__matmul *)n->attr)->transpose_a);
}

/* (rows, 1) by (1, n): row i is a number times the second. */
static bool is_outer(const lm__node *n)
{
    return n->op == &lm__op_matmul && keeps_rows(n) && n->in[0]->shape.rank == 2 && n->in[0]->shape.dim[1] == 1;
}

static bool is_sum(const lm__node *n) { return n->op == &lm__op_add || n->op == &lm__op_subtract; }

/* The entry whose result the value is; NULL: none. */
static const later *made_by(const share *s, const lm_value *v)
{
    for (int i = 0; i < s->count; i++)
        if (s->list[i].result == v) return &s->list[i];
    return NULL;
}

/* --- what two values have in common ----------------------------------------------------------------------------- */

static bool matches(pair *p, const lm_value *a, const lm_value *b);

static bool match_factors(pair *p, lm_value *a, lm_value *b)
{
    if (p->a) return p->a == a && p->b == b;
    p->a = a, p->b = b;
    return a != b;
}

/* The sides of x ⊙ y that are not in common, of which the first has all rows; false: both differ. */
static bool find_sides(const lm__node *m, const lm__node *n, int *i, int *k)
{
    for (*i = 0; *i < 2; ++*i)
        for (*k = 0; *k < 2; ++*k)
            if (m->in[1 - *i] == n->in[1 - *k] && lm__same_shape(m->in[*i], &m->out[0])) return true;
    return false;
}

/* x ⊙ y with one side in common, and the rows on the other. */
static bool match_product(pair *p, const lm__node *m, const lm__node *n)
{
    int i, k;
    return find_sides(m, n, &i, &k) && matches(p, m->in[i], n->in[k]);
}

static bool match_where(pair *p, const lm__node *m, const lm__node *n)
{
    if (m->in[0] != n->in[0]) return false;
    for (int i = 1; i < 3; i++)
        if (lm__value_is(m->in[3 - i], 0) && lm__value_is(n->in[3 - i], 0) &&
            lm__same_shape(m->in[i], &m->out[0]))
            return matches(p, m->in[i], n->in[i]);
    return false;
}

/* What one step of the sweep has shared is first ⊙ common here, and still the old node in what comes later. */
static bool match_shared(pair *p, const lm_value *a, const lm_value *b)
{
    for (int i = 0; i < p->s->count; i++) {
        const later *l = &p->s->list[i];
        if (l->result == a && &l->node->out[0] == b) return match_factors(p, l->first, l->factor);
    }
    return false;
}

/* Whether a = p->a ⊙ t and b = p->b ⊙ t with the same t. */
static bool matches(pair *p, const lm_value *a, const lm_value *b)
{
    const lm__node *m = a->node, *n = b->node;
    if (m == n || ++p->seen > DEPTH) return false;
    if (made_by(p->s, a)) return match_shared(p, a, b);
    if (!same_call(m, n)) return false;
    if (is_outer(m)) return m->in[1] == n->in[1] && match_factors(p, m->in[0], n->in[0]);
    if (keeps_rows(m)) return m->in[1] == n->in[1] && matches(p, m->in[0], n->in[0]);
    if (m->op == &lm__op_reshape)
        return m->in[0]->shape.rank > 0 && m->in[0]->shape.dim[0] == a->shape.dim[0] &&
               matches(p, m->in[0], n->in[0]);
    if (m->op == &lm__op_multiply) return match_product(p, m, n);
    if (m->op == &lm__op_where) return match_where(p, m, n);
    return is_sum(m) && lm__same_shape(m->in[0], a) && lm__same_shape(m->in[1], a) &&
           matches(p, m->in[0], n->in[0]) && matches(p, m->in[1], n->in[1]);
}

/* --- the common part -------------------------------------------------------------------------------------------- */

/* The convolution or product of t, which has as many rows as the factor, or one that stands for all. */
static lm_value *linear_of(const lm__node *m, lm_value *t)
{
    lm_value *in[] = {t, m->in[1]};
    if (lm__bad(t) || m->op != &lm__op_conv2d_backward_input) return lm__apply(m->graph, m->op, m->attr, 2, in);
    lm__conv2d_to to = *(const lm__conv2d_to *)m->attr;
    to.shape.dim[0] = t->shape.dim[0];
    return lm__apply(m->graph, m->op, &to, 2, in);
}

static lm_value *reshaped(const lm_value *like, lm_value *t)
{
    lm__shape shape = like->shape;
    if (lm__bad(t)) return t;
    shape.dim[0] = t->shape.dim[0];
    return lm__reshape_to(t, &shape);
}

/* t, where a = factor ⊙ t and b the same of another factor, as `matches` has found; built anew before the node at
 * hand. What both have in common stays, whatever it is made of. */
static lm_value *without(const share *s, const lm_value *a, const lm_value *b)
{
    const lm__node *m = a->node, *n = b->node;
    const later *made = made_by(s, a);
    lm_value *in[3] = {NULL};
    int side, other;
    if (made) return made->common;
    if (is_outer(m)) {
        lm__shape row = {.rank = 2, .dim = {1, a->shape.dim[1]}};
        return lm__reshape_to(m->in[1], &row);
    }
    if (keeps_rows(m)) return linear_of(m, without(s, m->in[0], n->in[0]));
    if (m->op == &lm__op_reshape) return reshaped(a, without(s, m->in[0], n->in[0]));
    for (int i = 0; i < m->nin; i++) in[i] = m->in[i];
    if (m->op == &lm__op_multiply && find_sides(m, n, &side, &other))
        in[side] = without(s, m->in[side], n->in[other]);
    for (int i = m->op == &lm__op_where; i < m->nin && m->op != &lm__op_multiply; i++)
        if (!lm__value_is(in[i], 0)) in[i] = without(s, in[i], n->in[i]);
    return lm__apply(m->graph, m->op, m->attr, m->nin, in);
}

/* factor ⊙ t, in the shape of `like`. */
static lm_value *with(lm_value *factor, lm_value *t, const lm_value *like)
{
    lm__shape shape = {.rank = like->shape.rank, .dim = {like->shape.dim[0]}};
    for (int d = 1; d < shape.rank; d++) shape.dim[d] = 1;
    return lm_op_multiply(t, lm__reshape_to(factor, &shape));
}

/* --- the pass --------------------------------------------------------------------------------------------------- */

static bool is_candidate(const lm__node *n)
{
    lm__desc in[2], out;
    lm__problem p = {.op = n->op->name, .nin = 2, .nout = 1, .in = in, .out = &out, .attr = n->attr};
    if (!keeps_rows(n) || is_outer(n)) return false;
    if (lm__desc_of(n->in[0], &in[0]) || lm__desc_of(n->in[1], &in[1]) || lm__desc_of(&n->out[0], &out)) return false;
    return n->op->flops(&p) >= LEAST_FLOPS;
}

static bool same_group(const lm__node *a, const lm__node *b) { return a->in[1] == b->in[1] && a->op == b->op; }

static int by_group(const void *a, const void *b)
{
    const lm__node *m = *(lm__node *const *)a, *n = *(lm__node *const *)b;
    const uintptr_t key[2][2] = {{(uintptr_t)m->in[1], (uintptr_t)m->op}, {(uintptr_t)n->in[1], (uintptr_t)n->op}};
    for (int i = 0; i < 2; i++)
        if (key[0][i] != key[1][i]) return key[0][i] < key[1][i] ? -1 : 1;
    return m->mark < n->mark ? -1 : m->mark > n->mark;
}

/* The candidates, those with the same weights together in the graph's order. */
static lm_status collect(share *s)
{
    int n = 0, place = 0;
    for (lm__node *node = s->graph->first; node; node = node->next) n += is_candidate(node);
    s->candidate = lm__arena_alloc(s->sweep.arena, sizeof *s->candidate * (size_t)(n + 1));
    s->list = lm__arena_alloc(s->sweep.arena, sizeof *s->list * (size_t)(n + 1));
    if (!s->candidate || !s->list) return lm__no_memory(sizeof *s->list * (size_t)n);
    for (lm__node *node = s->graph->first; node; node = node->next) {
        node->mark = place++;
        if (is_candidate(node)) s->candidate[s->candidates++] = node;
    }
    qsort(s->candidate, (size_t)s->candidates, sizeof *s->candidate, by_group);
    for (lm__node *node = s->graph->first; node; node = node->next) node->mark = -1;
    for (int i = 0; i < s->candidates; i++) s->candidate[i]->mark = i;
    return LM_OK;
}

/* Finds what shares the node's work further down, and builds the common part. */
static lm_status visit(share *s, lm__node *m)
{
    lm_value *common = NULL, *factor = NULL, *result = NULL;
    for (int i = m->mark + 1; i < s->candidates && same_group(m, s->candidate[i]); i++) {
        const lm__node *n = s->candidate[i];
        pair p = {.s = s};
        if (n->mark < 0 || !matches(&p, &m->out[0], &n->out[0]) || (factor && p.a != factor)) continue;
        if (!common) {
            factor = p.a;
            common = without(s, &m->out[0], &n->out[0]);
            result = with(factor, common, &m->out[0]);
            LM_TRY(lm__sweep_replace(&s->sweep, &m->out[0], result));
        }
        s->list[s->count++] = (later){n, factor, p.b, common, result};
        s->candidate[i]->mark = -1;
    }
    return LM_OK;
}

static lm_status replace(share *s, lm__node *n)
{
    for (int i = 0; i < s->count; i++) {
        const later *l = &s->list[i];
        if (l->node != n) continue;
        lm_value *factor = lm__sweep_value(&s->sweep, l->factor);
        return lm__sweep_replace(&s->sweep, &n->out[0], with(factor, l->common, &n->out[0]));
    }
    return LM_OK;
}

lm_status lm__pass_share(lm_graph *graph)
{
    share s = {.graph = graph};
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&s.sweep, graph));
    LM_GO(end, collect(&s));
    for (lm__node *n = graph->first; n && s.candidates; n = n->next) {
        lm__sweep_enter(&s.sweep, n);
        LM_GO(end, n->mark >= 0 ? visit(&s, n) : replace(&s, n));
    }
end:
    return lm__sweep_end(&s.sweep, status);
}
