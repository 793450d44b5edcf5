/* plan/lower.c: nodes become steps, values become buffers.
 *
 * Outputs are written into the caller's memory and new versions of variables into the variables' where that is
 * possible, else by copies at the end: first all outputs, then the values that are themselves a variable's old
 * version (into temporary memory, so that a, b = b, a works), then the stores. */
#include "graph/special.h"
#include "ops/matmul_map.h"
#include "plan/internal.h"
#include <string.h>

typedef struct lowering {
    lm__plan *plan;
    lm_graph *graph;
    lm__arena *arena;                   /* of this stage alone */
    int *buffer;                        /* by value number */
    const lm__node **stores;
    int *source, *guard;                /* the buffers that each store takes its value and its guard (or -1) from */
    int nstores;
} lowering;

/* Values are numbered: node->mark is the number of the node's first. */
static int number(const lm_value *v) { return v->node->mark + v->index; }
static int buffer_of(const lowering *l, const lm_value *v) { return l->buffer[number(v)]; }

lm_status lm__desc_of(const lm_value *value, lm__desc *out)
{
    char text[160];
    memset(out, 0, sizeof *out);
    out->dtype = value->dtype;
    out->rank = value->shape.rank;
    out->size = 1;
    for (int d = 0; d < out->rank; d++) {
        if (!lm__dim_known(value->shape.dim[d]))
            return lm__fail(LM_INVALID, "%s: the shape %s of its output %d is not known when the plan is made",
                            value->node->op->name,
                            lm__shape_print(value->node->graph->dims, &value->shape, text, sizeof text),
                            value->index);
        out->dims[d] = value->shape.dim[d];
        out->size = lm__mul_size(out->size, (size_t)out->dims[d]);
    }
    if (lm__mul_size(out->size, lm_dtype_size(out->dtype)) > (size_t)PTRDIFF_MAX)
        return lm__fail(LM_NO_MEMORY, "%s: its output %s has more bytes than can be addressed", value->node->op->name,
                        lm__shape_print(value->node->graph->dims, &value->shape, text, sizeof text));
    return LM_OK;
}

int lm__plan_add_buffer(lm__plan *plan, lm__buffer buffer)
{
    if (lm__grow(&plan->buffers, (size_t)plan->nbuffers, &plan->buffers_capacity, sizeof *plan->buffers) != 0) {
        lm__no_memory(sizeof *plan->buffers * (unsigned long long)plan->nbuffers);
        return -1;
    }
    buffer.same = -1;
    plan->buffers[plan->nbuffers] = buffer;
    return plan->nbuffers++;
}

static int add_step(lm__plan *plan, const lm__node *node, int nin, int nout)
{
    size_t ints = sizeof(int) * (size_t)(nin + nout), descs = sizeof(lm__desc) * (size_t)(nin + nout);
    int *refs = lm__arena_alloc(plan->arena, ints);
    lm__desc *desc = lm__arena_alloc(plan->arena, descs);
    if (!refs || !desc ||
        lm__grow(&plan->steps, (size_t)plan->nsteps, &plan->steps_capacity, sizeof *plan->steps) != 0) {
        lm__no_memory(ints + descs + sizeof *plan->steps);
        return -1;
    }
    lm__step *s = &plan->steps[plan->nsteps];
    memset(s, 0, sizeof *s);
    s->node = node;
    s->in = refs, s->out = refs + nin;
    s->problem = (lm__problem){.op = node->op->name, .nin = nin, .nout = nout, .in = desc, .out = desc + nin,
                               .attr = node->attr, .isa = plan->isa};
    s->scratch = s->shared = s->wait = -1;
    return plan->nsteps++;
}

/* --- values to buffers ------------------------------------------------------------------------------------------ */

static lm_status set_buffer(lowering *l, const lm_value *v, lm__buffer buffer)
{
    buffer.node = v->node;
    buffer.what = "";
    buffer.last = -1;
    int b = lm__plan_add_buffer(l->plan, buffer);
    if (b < 0) return LM_NO_MEMORY;
    l->buffer[number(v)] = b;
    return LM_OK;
}

static lm_status value_bytes(const lm_value *v, size_t *bytes)
{
    lm__desc d;
    LM_TRY(lm__desc_of(v, &d));
    *bytes = lm__desc_bytes(&d);
    return LM_OK;
}

static lm_status lower_inputs(lowering *l)
{
    for (int i = 0; i < l->graph->ninputs; i++) {
        size_t bytes;
        LM_TRY(value_bytes(l->graph->inputs[i], &bytes));
        LM_TRY(set_buffer(l, l->graph->inputs[i],
                          (lm__buffer){.space = LM__SPACE_INPUT, .index = i, .bytes = bytes, .first = -1}));
    }
    return LM_OK;
}

static lm_status lower_special(lowering *l, const lm__node *n)
{
    const lm__op_table *table = l->graph->table;
    lm__buffer buffer = {.first = -1};
    if (n->op == table->store) {
        l->stores[l->nstores++] = n;
        return LM_OK;
    }
    if (n->op == table->input) return LM_OK;
    LM_TRY(value_bytes(&n->out[0], &buffer.bytes));
    if (n->op == table->constant) {
        buffer.space = LM__SPACE_CONSTANT;
        buffer.data = ((const lm__constant_attr *)n->attr)->tensor->data;
        l->plan->constant_bytes += buffer.bytes;
    } else if (n->op == table->variable) {
        buffer.space = LM__SPACE_VARIABLE;
        buffer.index = l->plan->nvariables;
        l->plan->variables[l->plan->nvariables++] = ((const lm__variable_attr *)n->attr)->variable;
    } else {
        return lm__fail(LM_INTERNAL, "%s: no plan for this kind of op", n->op->name);
    }
    return set_buffer(l, &n->out[0], buffer);
}

static void read_buffer(lowering *l, int step, int slot, int buffer)
{
    l->plan->steps[step].in[slot] = buffer;
    l->plan->buffers[buffer].last = step;
}

static lm_status lower_step(lowering *l, const lm__node *n)
{
    int step = add_step(l->plan, n, n->nin, n->nout);
    if (step < 0) return LM_NO_MEMORY;
    for (int i = 0; i < n->nin; i++) {
        LM_TRY(lm__desc_of(n->in[i], (lm__desc *)&l->plan->steps[step].problem.in[i]));
        read_buffer(l, step, i, buffer_of(l, n->in[i]));
    }
    for (int i = 0; i < n->nout; i++) {
        lm__desc *d = (lm__desc *)&l->plan->steps[step].problem.out[i];
        LM_TRY(lm__desc_of(&n->out[i], d));
        LM_TRY(set_buffer(l, &n->out[i],
                          (lm__buffer){.space = LM__SPACE_ARENA, .bytes = lm__desc_bytes(d), .first = step}));
        l->plan->steps[step].out[i] = buffer_of(l, &n->out[i]);
    }
    return LM_OK;
}

static lm_status lower_nodes(lowering *l)
{
    LM_TRY(lower_inputs(l));
    for (lm__node *n = l->graph->first; n; n = n->next) {
        if (n->op->kind == LM__OP_SPECIAL) {
            LM_TRY(lower_special(l, n));
        } else if (n->op->kind == LM__OP_VIEW) {
            l->buffer[number(&n->out[0])] = buffer_of(l, n->in[0]);
        } else {
            LM_TRY(lower_step(l, n));
        }
    }
    return LM_OK;
}

/* --- outputs and stores ----------------------------------------------------------------------------------------- */

/* A step that copies `from`, which holds `value`, at the end; guard -1: always. */
static lm_status add_copy(lowering *l, const lm_value *value, int from, int to, int guard)
{
    int step = add_step(l->plan, value->node, guard < 0 ? 1 : 2, 1);
    if (step < 0) return LM_NO_MEMORY;
    lm__step *s = &l->plan->steps[step];
    s->kernel = &lm__copy_kernel;
    s->problem.op = lm__copy_kernel.op;
    s->problem.attr = NULL;
    LM_TRY(lm__desc_of(value, (lm__desc *)&s->problem.in[0]));
    *(lm__desc *)&s->problem.out[0] = s->problem.in[0];
    if (guard >= 0) {
        *(lm__desc *)&s->problem.in[1] = (lm__desc){.dtype = LM_BOOL, .size = 1};
        read_buffer(l, step, 1, guard);
    }
    read_buffer(l, step, 0, from);
    s->out[0] = to;
    if (l->plan->buffers[to].first < 0) l->plan->buffers[to].first = step;
    return LM_OK;
}

static lm_status lower_outputs(lowering *l)
{
    lm__plan *p = l->plan;
    for (int i = 0; i < l->graph->noutputs; i++) {
        const lm_value *v = l->graph->outputs[i];
        int b = buffer_of(l, v);
        if (p->buffers[b].space == LM__SPACE_ARENA) {
            p->buffers[b].space = LM__SPACE_OUTPUT;
            p->buffers[b].index = i;
            if (p->buffers[b].last < 0) p->buffers[b].last = p->buffers[b].first;
            continue;
        }
        lm__buffer out = {.space = LM__SPACE_OUTPUT, .index = i, .bytes = p->buffers[b].bytes, .first = -1,
                          .node = v->node, .what = ""};
        int to = lm__plan_add_buffer(p, out);
        if (to < 0) return LM_NO_MEMORY;
        LM_TRY(add_copy(l, v, b, to, -1));
        p->buffers[to].last = p->buffers[to].first;
    }
    return LM_OK;
}

/* Whether input `i` of a map covers the whole space in the order of the results, so that a result of equal element
 * size may lie over it. */
static bool runs_along(const lm__step *s, int i, size_t element)
{
    const lm__desc *in = &s->problem.in[i];
    return lm_dtype_size(in->dtype) == element && in->size == s->problem.out[0].size;
}

/* The input that guards a map, alone or behind a product; -1: none. */
static int guard_of(const lm__step *s)
{
    int first;
    const lm__map *map = lm__map_of(s->node->op, s->problem.attr, &first);
    return map && map->guard >= 0 ? s->problem.nin - 1 : -1;
}

/* Whether the step may write a result of elements of that size over `buffer`: every input in that memory is read
 * along. */
static bool may_overwrite(const lm__plan *p, const lm__step *s, int buffer, size_t element)
{
    int first;
    const lm__map *map = lm__map_of(s->node->op, s->problem.attr, &first);
    if (!map) return false;
    for (int i = 0; i < s->problem.nin; i++) {
        if (lm__plan_root(p, s->in[i]) != buffer) continue;
        if (i < first || i == guard_of(s) || !runs_along(s, i, element)) return false;
    }
    return true;
}

/* Writes the new version straight into the variable if nobody reads the old one later and the guards agree. */
static bool store_in_place(lowering *l, const lm__node *store, int old)
{
    lm__plan *p = l->plan;
    const lm_value *value = store->in[1];
    lm__buffer *b = &p->buffers[buffer_of(l, value)];
    if (!lm__plan_runs(p, LM__PASS_INDEX_inplace) || b->space != LM__SPACE_ARENA) return false;
    const lm__step *maker = &p->steps[b->first];
    int guard = guard_of(maker);
    if (store->nin == 3 ? guard < 0 || maker->in[guard] != buffer_of(l, store->in[2]) : guard >= 0) return false;
    if (p->buffers[old].last > b->first) return false;
    if (p->buffers[old].last == b->first && !may_overwrite(p, maker, old, lm_dtype_size(value->dtype))) return false;
    b->space = LM__SPACE_VARIABLE;
    b->index = p->buffers[old].index;
    return true;
}

/* The buffer to take the value from once variables change: if it is the old version of one, a copy of that. */
static lm_status keep(lowering *l, const lm_value *value, int *buffer)
{
    lm__plan *p = l->plan;
    int from = *buffer = buffer_of(l, value);
    if (p->buffers[from].space != LM__SPACE_VARIABLE || !p->stored[p->buffers[from].index]) return LM_OK;
    lm__buffer saved = {.space = LM__SPACE_ARENA, .bytes = p->buffers[from].bytes, .first = -1, .last = -1,
                        .node = value->node, .what = "old version"};
    *buffer = lm__plan_add_buffer(p, saved);
    if (*buffer < 0) return LM_NO_MEMORY;
    return add_copy(l, value, from, *buffer, -1);
}

static lm_status keep_guard(lowering *l, int i)
{
    const lm__node *store = l->stores[i];
    l->guard[i] = -1;
    if (store->nin < 3) return LM_OK;
    for (int k = 0; k < i; k++) {
        if (l->stores[k]->nin < 3 || l->stores[k]->in[2] != store->in[2]) continue;
        l->guard[i] = l->guard[k];
        return LM_OK;
    }
    return keep(l, store->in[2], &l->guard[i]);
}

/* Where the stores take their values and guards from. The old version of a variable that this plan changes is saved
 * first. */
static lm_status find_sources(lowering *l)
{
    for (int i = 0; i < l->nstores; i++) {
        const lm__node *store = l->stores[i];
        l->source[i] = buffer_of(l, store->in[1]);
        if (l->source[i] != buffer_of(l, store->in[0])) LM_TRY(keep(l, store->in[1], &l->source[i]));
        LM_TRY(keep_guard(l, i));
    }
    return LM_OK;
}

static lm_status lower_stores(lowering *l)
{
    lm__plan *p = l->plan;
    if (p->options.watch) return LM_OK;
    for (int i = 0; i < l->nstores; i++)
        p->stored[p->buffers[buffer_of(l, l->stores[i]->in[0])].index] = p->stores = true;
    LM_TRY(find_sources(l));
    for (int i = 0; i < l->nstores; i++)
        if (store_in_place(l, l->stores[i], buffer_of(l, l->stores[i]->in[0]))) l->source[i] = -1;
    for (int i = 0; i < l->nstores; i++) {
        const lm__node *store = l->stores[i];
        int old = buffer_of(l, store->in[0]);
        if (l->source[i] < 0 || l->source[i] == old) continue;
        LM_TRY(add_copy(l, store->in[1], l->source[i], old, l->guard[i]));
    }
    return LM_OK;
}

/* --- results over inputs that die ------------------------------------------------------------------------------- */

static bool taken(const lm__plan *p, const lm__step *s, int result, int buffer)
{
    for (int i = 0; i < result; i++)
        if (s->out[i] >= 0 && lm__plan_root(p, s->out[i]) == buffer) return true;
    return false;
}

/* Puts result r of map step i over an input of the same size that is read there for the last time. */
static void reuse_input(lm__plan *p, int i, int r)
{
    const lm__step *s = &p->steps[i];
    int out = s->out[r];
    if (p->buffers[out].space != LM__SPACE_ARENA) return;
    for (int k = 0; k < s->problem.nin; k++) {
        int in = lm__plan_root(p, s->in[k]);
        lm__buffer *b = &p->buffers[in];
        if (b->space != LM__SPACE_ARENA || b->last != i || b->bytes != p->buffers[out].bytes) continue;
        if (taken(p, s, r, in) || !may_overwrite(p, s, in, lm_dtype_size(s->problem.out[r].dtype))) continue;
        p->buffers[out].same = in;
        if (p->buffers[out].last > i) b->last = p->buffers[out].last;
        return;
    }
}

static void reuse_inputs(lm__plan *p)
{
    for (int i = 0; i < p->nsteps; i++) {
        int first;
        if (p->steps[i].kernel) continue;
        const lm__map *map = lm__map_of(p->steps[i].node->op, p->steps[i].problem.attr, &first);
        for (int r = 0; map && r < map->results; r++) reuse_input(p, i, r);
    }
}

/* Outputs that nobody reads get no memory. */
static void drop_unread(lm__plan *p)
{
    for (int i = 0; i < p->nsteps; i++) {
        lm__step *s = &p->steps[i];
        for (int r = 0; r < s->problem.nout && r < 64; r++) {
            const lm__buffer *b = &p->buffers[s->out[r]];
            if (b->space == LM__SPACE_ARENA && b->last < 0 && s->problem.nout > 1)
                s->out[r] = -1;
            else
                s->problem.out_used |= (uint64_t)1 << r;
        }
    }
}

static lm_status begin(lowering *l)
{
    int values = 0, stores = 0, variables = 0;
    for (lm__node *n = l->graph->first; n; n = n->next) {
        n->mark = values;
        values += n->nout;
        stores += n->op == l->graph->table->store;
        variables += n->op == l->graph->table->variable;
    }
    l->buffer = lm__arena_alloc(l->arena, sizeof(int) * (size_t)values);
    l->stores = lm__arena_alloc(l->arena, sizeof(void *) * (size_t)stores);
    l->source = lm__arena_alloc(l->arena, sizeof(int) * (size_t)stores);
    l->guard = lm__arena_alloc(l->arena, sizeof(int) * (size_t)stores);
    l->plan->variables = lm__arena_alloc(l->plan->arena, sizeof(void *) * (size_t)variables);
    l->plan->stored = lm__arena_alloc(l->plan->arena, (size_t)variables);
    if (!l->buffer || !l->stores || !l->source || !l->guard || !l->plan->variables || !l->plan->stored)
        return lm__no_memory(sizeof(int) * (unsigned long long)values);
    return LM_OK;
}

lm_status lm__plan_lower(lm__plan *plan)
{
    lowering l = {.plan = plan, .graph = plan->graph, .arena = lm__arena_new()};
    lm_status status = LM_OK;
    if (!l.arena) return lm__no_memory(4096);
    LM_GO(end, begin(&l));
    LM_GO(end, lower_nodes(&l));
    LM_GO(end, lower_outputs(&l));
    LM_GO(end, lower_stores(&l));
    if (lm__plan_runs(plan, LM__PASS_INDEX_pack)) lm__plan_keep(plan);
    if (lm__plan_runs(plan, LM__PASS_INDEX_inplace)) reuse_inputs(plan);
    drop_unread(plan);
end:
    lm__arena_free(l.arena);
    return status;
}
