/* ops/map.c: a chain of element-by-element ops run as one pass over memory. Inputs: the operands, then the guard
 * if there is one; outputs: the results, all of one shape, then the sums. */
#include "base/alloc.h"
#include "ops/map.h"
#include "ops/support.h"

static lm_status infer(lm__infer *f)
{
    const lm__map_attr *attr = f->attr;
    const lm__map *map = &attr->map;
    if (f->nin != map->operands + (map->guard >= 0))
        return lm__op_invalid(f, "has %d inputs for %d operands", f->nin, map->operands);
    f->nout = map->results + map->sums;
    for (int r = 0; r < map->results; r++) {
        int reg = map->result[r];
        f->dtype[r] = reg < map->operands ? map->operand[reg].dtype : map->step[reg - map->operands].dtype;
        f->shape[r] = attr->shape;
    }
    for (int s = 0; s < map->sums; s++) {
        f->dtype[map->results + s] = LM_F32;
        f->shape[map->results + s] = attr->sum_shape[s];
    }
    return LM_OK;
}

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    const lm__map_attr *attr = node->attr;
    lm_value *reg[LM__MAP_MAX_OPERANDS + LM__MAP_MAX_STEPS];
    for (int i = 0; i < attr->map.operands; i++) reg[i] = in[i];
    for (int s = 0; s < attr->map.steps; s++) {
        const lm__map_step *step = &attr->map.step[s];
        lm_value *args[LM__MAP_MAX_ARGS];
        for (int i = 0; i < step->nin; i++) args[i] = reg[step->in[i]];
        reg[step->out] = lm__apply(graph, attr->op[s], attr->attr[s], step->nin, args);
        if (lm__bad(reg[step->out])) return lm_last_status();
    }
    for (int r = 0; r < attr->map.results; r++) out[r] = reg[attr->map.result[r]];
    for (int s = 0; s < attr->map.sums; s++) {
        lm_value *sum = lm__apply1(attr->sum_op[s], attr->sum_attr[s], reg[attr->map.sum[s]]);
        if (lm__bad(sum)) return lm_last_status();
        out[attr->map.results + s] = sum;
    }
    return LM_OK;
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    const lm__map_attr *attr = problem->attr;
    lm__map *map = lm__alloc(sizeof *map);
    if (!map) return lm__no_memory(sizeof *map);
    *map = attr->map;
    lm__map_combine(map, problem->isa);
    needs->scratch = lm__map_scratch(map);
    needs->shared = lm__map_shared(map);
    *state = map;
    return LM_OK;
}

static lm_status run(const lm__run *r)
{
    lm__map_run(r->state, r->in, r->out, r->scratch, r->scratch_stride, r->shared);
    return LM_OK;
}

const lm__op lm__op_map = {
    .name = "map",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = LM__MAP_MAX_OPERANDS + 1,
    .outputs = 1,
    .flags = LM__OP_FUSED,
    .attr_size = sizeof(lm__map_attr),
    .infer = infer,
    .reference = {.op = "map", .name = "rows", .prepare = prepare, .release = lm__free, .run = run},
    .decompose = decompose,
};
