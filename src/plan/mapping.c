/* plan/mapping.c: from a group of map ops to the program that lm__map_run executes. */
#include "plan/mapping.h"
#include "graph/special.h"
#include "kernels/reduce.h"
#include "ops/map.h"
#include "ops/registry.h"
#include "tensor/tensor.h"
#include "plan/internal.h"
#include <string.h>

typedef struct making {
    lm_graph *graph;
    const lm__map_group *group;
    lm__map_attr attr;
    lm_value *in[LM__MAP_MAX_OPERANDS + 1];
    int step[LM__MAP_MAX_STEPS];        /* of each member */
    bool fast;
} making;

/* Whether a constant is one number everywhere; it is read as one then. */
static bool is_even(const lm_value *v)
{
    if (v->node->op != &lm__op_constant) return false;
    const lm_tensor *t = ((const lm__constant_attr *)v->node->attr)->tensor;
    size_t size = lm_dtype_size(t->dtype);
    return t->size > 1 && memcmp(t->data, (const char *)t->data + size, (t->size - 1) * size) == 0;
}

/* Strides of a value along the shape of the results; 0 where it is repeated. */
static void set_strides(const lm_value *v, const lm__shape *space, int64_t *stride)
{
    int64_t step = 1;
    int lead = space->rank - v->shape.rank;
    for (int d = 0; d < LM_MAX_RANK; d++) stride[d] = 0;
    if (is_even(v)) return;
    for (int d = v->shape.rank - 1; d >= 0; d--) {
        stride[lead + d] = v->shape.dim[d] == 1 ? 0 : step;
        step *= v->shape.dim[d];
    }
}

/* The register of a value: a member's result, or an operand, added if new. -1: too many operands. */
static int find_register(making *m, lm_value *v, int before)
{
    for (int k = 0; k < before; k++)
        if (m->group->nodes[k] == v->node) return LM__MAP_MAX_OPERANDS + m->step[k];
    lm__map *map = &m->attr.map;
    for (int k = 0; k < map->operands; k++)
        if (m->in[k] == v) return k;
    if (map->operands == LM__MAP_MAX_OPERANDS) return -1;
    m->in[map->operands] = v;
    map->operand[map->operands].dtype = v->dtype;
    set_strides(v, &m->attr.shape, map->operand[map->operands].stride);
    return map->operands++;
}

static lm_status set_row(making *m, const lm__node *n, lm__map_step *step)
{
    lm_dtype by = n->in[n->op->rows->by]->dtype, result = n->out[0].dtype;
    step->row = m->fast ? lm__simd_row(n->op->name, by, result, lm__isa_level()) : NULL;
    if (!step->row) step->row = lm__row_of(n->op->rows, by, result);
    if (step->row) return LM_OK;
    return lm__fail(LM_UNSUPPORTED, "%s: no kernel from %s to %s", n->op->name, lm_dtype_name(by),
                    lm_dtype_name(result));
}

/* The step before the last that computes the same as the last: copies of nodes meet again (fuse_recompute.c). */
static int same_step(const making *m)
{
    int last = m->attr.map.steps - 1, k = 0;
    const lm__map_step *a = &m->attr.map.step[last];
    for (; k < last; k++) {
        const lm__map_step *b = &m->attr.map.step[k];
        if (m->attr.op[k] != m->attr.op[last] || a->nin != b->nin || a->dtype != b->dtype) continue;
        if (memcmp(a->in, b->in, (size_t)a->nin * sizeof *a->in) != 0) continue;
        if (lm__attr_equal(m->attr.op[k], m->attr.attr[k], m->attr.attr[last])) break;
    }
    return k;
}

static lm_status add_step(making *m, int member)
{
    const lm__node *n = m->group->nodes[member];
    int k = m->attr.map.steps++;
    lm__map_step *step = &m->attr.map.step[k];
    memset(step, 0, sizeof *step);
    step->op = n->op->name;
    step->nin = n->nin;
    step->dtype = n->out[0].dtype;
    step->out = LM__MAP_MAX_OPERANDS + k;
    if (n->op->imm) n->op->imm(n->attr, step->imm);
    for (int i = 0; i < n->nin; i++) {
        step->in[i] = find_register(m, n->in[i], member);
        if (step->in[i] < 0) return lm__fail(LM_INTERNAL, "map: more than %d operands", LM__MAP_MAX_OPERANDS);
    }
    m->attr.op[k] = n->op;
    m->attr.attr[k] = n->attr;
    m->step[member] = same_step(m);
    if (m->step[member] < k) m->attr.map.steps--;
    return set_row(m, n, step);
}

/* While steps were added, operands could still come: results were numbered from LM__MAP_MAX_OPERANDS on. */
static void renumber(lm__map *map)
{
    int down = LM__MAP_MAX_OPERANDS - map->operands;
    for (int s = 0; s < map->steps; s++) {
        for (int i = 0; i < map->step[s].nin; i++)
            if (map->step[s].in[i] >= LM__MAP_MAX_OPERANDS) map->step[s].in[i] -= down;
        map->step[s].out -= down;
    }
    for (int r = 0; r < map->results; r++) map->result[r] -= down;
    for (int r = 0; r < map->sums; r++) map->sum[r] -= down;
    map->registers = map->operands + map->steps;
}

static bool joins(const lm__map *map, int d, int64_t inner)
{
    for (int k = 0; k < map->operands; k++)
        if (map->operand[k].stride[d] != map->operand[k].stride[d + 1] * inner) return false;
    return true;
}

static void remove_dim(lm__map *map, int d)
{
    for (int e = d; e + 1 < map->rank; e++) {
        map->dims[e] = map->dims[e + 1];
        for (int k = 0; k < map->operands; k++) map->operand[k].stride[e] = map->operand[k].stride[e + 1];
    }
    map->rank--;
    map->dims[map->rank] = 0;
    for (int k = 0; k < map->operands; k++) map->operand[k].stride[map->rank] = 0;
}

/* Drops dimensions of one element and joins neighbours that every operand runs through as one. */
static void join_dims(lm__map *map)
{
    for (int d = map->rank - 1; d >= 0; d--)
        if (map->dims[d] == 1) remove_dim(map, d);
    for (int d = map->rank - 2; d >= 0; d--) {
        if (!joins(map, d, map->dims[d + 1])) continue;
        map->dims[d + 1] *= map->dims[d];
        remove_dim(map, d);
    }
}

static bool sum_loop(const lm__node *node, lm__reduce_loop *loop)
{
    lm__desc x;
    if ((node->op != &lm__op_sum && node->op != &lm__op_mean) || node->in[0]->dtype != LM_F32) return false;
    if (lm__desc_of(node->in[0], &x) != LM_OK || x.size == 0) return false;
    *loop = lm__reduce_loop_of(&x, (const lm__reduce_attr *)node->attr);
    return loop->reduced == 1 && loop->reduced_stride[0] == loop->results && loop->results <= LM__MAP_BLOCK;
}

bool lm__mapping_sums(const lm__node *node, int64_t *keep)
{
    lm__reduce_loop loop;
    if (!sum_loop(node, &loop)) return false;
    *keep = loop.results;
    return true;
}

static void add_sums(making *m)
{
    lm__map *map = &m->attr.map;
    map->sums = m->group->nsums;
    for (int s = 0; s < map->sums; s++) {
        const lm__node *n = m->group->sums[s];
        lm__reduce_loop loop;
        if (sum_loop(n, &loop)) map->sum_keep = loop.results;
        map->sum_divisor[s] = n->op == &lm__op_mean ? (float)loop.count : 1;
        map->sum[s] = find_register(m, n->in[0], m->group->nnodes);
        m->attr.sum_shape[s] = n->out[0].shape;
        m->attr.sum_op[s] = n->op;
        m->attr.sum_attr[s] = n->attr;
    }
}

lm_status lm__mapping_make(lm_graph *graph, const lm__map_group *group, bool fast, lm__node **out)
{
    making m;
    memset(&m, 0, sizeof m);
    m.graph = graph;
    m.group = group;
    m.fast = fast;
    lm__map *map = &m.attr.map;
    m.attr.shape = group->nodes[0]->out[0].shape;
    map->rank = m.attr.shape.rank;
    for (int d = 0; d < map->rank; d++) map->dims[d] = m.attr.shape.dim[d];
    for (int k = 0; k < group->nnodes; k++) LM_TRY(add_step(&m, k));
    map->results = group->nresults;
    for (int r = 0; r < group->nresults; r++) map->result[r] = find_register(&m, group->results[r], group->nnodes);
    add_sums(&m);
    renumber(map);
    join_dims(map);
    map->guard = group->guard ? map->operands : -1;
    int nin = map->operands;
    if (group->guard) m.in[nin++] = group->guard;
    *out = lm__apply_node(graph, &lm__op_map, &m.attr, nin, m.in, NULL);
    return *out ? LM_OK : lm_last_status();
}
