/* plan/fuse_recompute.c: what is cheaper to compute again than to read.
 *
 * A map is as fast as its arrays come from memory. A value that a group takes from another group, made there by a few
 * cheap ops from arrays which the first group reads anyway, costs less if it is computed again: normalised
 * activations and the masks of relu on the way back. Nodes are copied, and the groups formed anew. */
#include "ops/registry.h"
#include "plan/fuse.h"
#include "plan/pass.h"
#include <stdlib.h>

enum {
    ARRAYS = 16,
    STEPS = 8,
    SMALL = 8,                          /* an operand of an eighth of the elements costs nothing */
    COPY = -1,                          /* the mark of a copy: of no unit yet */
};

/* The arrays that a group reads, or that a value is made of. */
typedef struct arrays {
    lm_value *value[ARRAYS];
    int n;
} arrays;

/* How a value is made within its unit; nodes by index. */
typedef struct recipe {
    int node[STEPS], n;
    arrays from;
} recipe;

static bool add_array(arrays *a, lm_value *v)
{
    for (int i = 0; i < a->n; i++)
        if (a->value[i] == v) return true;
    if (a->n == ARRAYS) return false;
    a->value[a->n++] = v;
    return true;
}

static int64_t elements(const lm_value *v)
{
    int64_t n = 1;
    for (int d = 0; d < v->shape.rank; d++) n *= v->shape.dim[d];
    return n;
}

static int by_index(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return x < y ? -1 : x > y;
}

static bool is_small(const lm_value *v, int64_t space) { return elements(v) * SMALL <= space; }

static bool is_cheap(const lm__op *op)
{
    static const lm__op *const cheap[] = {
        &lm__op_add,     &lm__op_subtract, &lm__op_multiply,      &lm__op_negative,   &lm__op_square,
        &lm__op_relu,    &lm__op_where,    &lm__op_greater,       &lm__op_less,       &lm__op_greater_equal,
        &lm__op_maximum, &lm__op_minimum,  &lm__op_less_equal,    &lm__op_absolute,   &lm__op_cast,
    };
    for (size_t i = 0; i < sizeof cheap / sizeof *cheap; i++)
        if (op == cheap[i]) return true;
    return false;
}

/* Adds what makes v, as far as that lies in unit b, to the recipe; false: too long, or nothing to be repeated. */
static bool find_recipe(const lm__fuse *f, int b, lm_value *v, int64_t space, recipe *r)
{
    int i = v->node->mark;
    if (i == COPY) return false;
    if (f->unit[i] != b || !lm__fuse_is_map(f, i)) {
        if (is_small(v, space)) return true;
        /* A weight's old version is not read again late: its new one is written over it. */
        return v->node->op != f->graph->table->variable && add_array(&r->from, v);
    }
    for (int k = 0; k < r->n; k++)
        if (r->node[k] == i) return true;
    if (r->n == STEPS || !is_cheap(v->node->op)) return false;
    r->node[r->n++] = i;
    for (int k = 0; k < v->node->nin; k++)
        if (!find_recipe(f, b, v->node->in[k], space, r)) return false;
    return true;
}

/* The arrays that unit a reads for v; false: too many. */
static bool add_reads(const lm__fuse *f, int a, lm_value *v, int64_t space, arrays *reads)
{
    int i = v->node->mark;
    if (i == COPY) {
        for (int k = 0; k < v->node->nin; k++)
            if (!add_reads(f, a, v->node->in[k], space, reads)) return false;
        return true;
    }
    return f->unit[i] == a || is_small(v, space) || add_array(reads, v);
}

static bool find_arrays(const lm__fuse *f, int a, int64_t space, arrays *reads)
{
    int m = a;
    reads->n = 0;
    do {
        for (int k = 0; k < f->node[m]->nin; k++)
            if (!add_reads(f, a, f->node[m]->in[k], space, reads)) return false;
        m = f->next[m];
    } while (m != a);
    return true;
}

/* How many arrays more a group reads that makes v by the recipe instead of reading it. */
static int more_reads(const arrays *reads, const recipe *r)
{
    int more = -1;
    for (int i = 0; i < r->from.n; i++) {
        bool read = false;
        for (int k = 0; k < reads->n; k++) read |= reads->value[k] == r->from.value[i];
        more += !read;
    }
    return more;
}

/* Whether v need not be kept at all if all groups that read it make it themselves, at no higher cost. */
static bool is_spared(const lm__fuse *f, int b, const lm_value *v, int64_t space, const recipe *r)
{
    int i = v->node->mark;
    if (f->is_output[i]) return false;
    for (int k = f->user_start[i]; k < f->user_start[i + 1]; k++) {
        int user = f->unit[f->user[k]];
        arrays reads;
        if (user == b) continue;
        if (!lm__fuse_is_map(f, f->user[k]) || !find_arrays(f, user, space, &reads) || more_reads(&reads, r) > 0)
            return false;
    }
    return true;
}

static lm_value *copy_of(const lm__fuse *f, const recipe *r, lm_value *const *copy, int copies, lm_value *v)
{
    for (int i = 0; i < copies; i++)
        if (&f->node[r->node[i]]->out[0] == v) return copy[i];
    return v;
}

/* Copies the recipe's nodes before the first user of v in unit a, and gives the copy to all of its users there. */
static lm_status repeat(const lm__fuse *f, int a, const lm_value *v, const recipe *r)
{
    lm_graph *g = f->graph;
    lm_value *copy[STEPS];
    int first = f->n, m = a;
    do {
        for (int k = 0; k < f->node[m]->nin; k++)
            if (f->node[m]->in[k] == v && m < first) first = m;
        m = f->next[m];
    } while (m != a);
    g->before = f->node[first];
    for (int i = 0; i < r->n; i++) {
        const lm__node *n = f->node[r->node[i]];
        lm_value *in[LM__MAX_INPUTS];
        for (int k = 0; k < n->nin; k++) in[k] = copy_of(f, r, copy, i, n->in[k]);
        g->scope = f->node[first]->scope;
        lm__node *node = lm__apply_node(g, n->op, n->attr, n->nin, in, NULL);
        if (!node) return lm_last_status();
        node->mark = COPY;
        copy[i] = &node->out[0];
    }
    do {
        for (int k = 0; k < f->node[m]->nin; k++)
            if (f->node[m]->in[k] == v) f->node[m]->in[k] = copy[r->n - 1];
        m = f->next[m];
    } while (m != a);
    return LM_OK;
}

/* Whether unit a had better make v, and how. */
static bool is_worth_it(const lm__fuse *f, int a, lm_value *v, int64_t space, recipe *r)
{
    arrays reads;
    int b = v->node->mark < 0 ? a : f->unit[v->node->mark];
    *r = (recipe){.n = 0};
    if (b == a || !find_arrays(f, a, space, &reads) || !find_recipe(f, b, v, space, r)) return false;
    if (r->n == 0) return false;
    int more = more_reads(&reads, r);
    if (more > 0 || (more == 0 && !is_spared(f, b, v, space, r))) return false;
    qsort(r->node, (size_t)r->n, sizeof *r->node, by_index);
    return true;
}

static lm_status visit(const lm__fuse *f, int a, bool *changed)
{
    int64_t space = elements(lm__fuse_is_map(f, a) ? f->node[a]->out : f->node[a]->in[0]);
    recipe r;
    int m = a;
    do {
        for (int k = 0; k < f->node[m]->nin; k++) {
            lm_value *v = f->node[m]->in[k];
            if (elements(v) != space || !is_worth_it(f, a, v, space, &r)) continue;
            LM_TRY(repeat(f, a, v, &r));
            *changed = true;
        }
        m = f->next[m];
    } while (m != a);
    return LM_OK;
}

lm_status lm__fuse_recompute(lm__fuse *f, bool *changed)
{
    *changed = false;
    for (int a = 0; a < f->n; a++)
        if (f->unit[a] == a && lm__fuse_is_map(f, a)) LM_TRY(visit(f, a, changed));
    f->graph->before = NULL;
    return LM_OK;
}
