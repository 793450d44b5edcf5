/* ops/tile.c: x repeated like tiles.   dx = dy summed over the repetitions */
#include "ops/structure.h"

#ifdef LM_HEADER
/* x repeated repeats[i] times along axis i: lm_op_tile(x, 2, 1). Fewer numbers than axes mean the last axes; more
 * give x new axes in front. x: any type. */
#define lm_op_tile(x, ...) lm_op_tile_by((x), LM__INTS(__VA_ARGS__))
lm_value *lm_op_tile_by(lm_value *x, int n, const int64_t *repeats);
#endif

typedef struct tile_attr {
    int64_t repeats[LM_MAX_RANK];
} tile_attr;

static const lm__attr attrs[] = {
    LM__ATTR_N(tile_attr, repeats, LM__ATTR_INTS, LM_MAX_RANK),
    {0},
};

static lm_status infer(lm__infer *infer)
{
    const tile_attr *attr = infer->attr;
    lm__shape out = infer->in[0]->shape;
    for (int i = 0; i < out.rank; i++) {
        if (attr->repeats[i] < 0)
            return lm__op_invalid(infer, "axis %d is to be repeated %lld times", i, (long long)attr->repeats[i]);
        out.dim[i] = lm__dim_mul(infer->dims, out.dim[i], attr->repeats[i]);
    }
    return lm__result(infer, 0, infer->in[0]->dtype, &out);
}

/* One axis after the other: dy seen as (before, repeats, rest), summed over the repeats. */
static lm_status gradient(lm__vjp *v)
{
    const tile_attr *attr = v->node->attr;
    const lm__shape *x = &v->in[0]->shape;
    lm__dims *dims = v->graph->dims;
    lm_value *g = v->grad_out[0];
    lm__dim before = 1, rest = lm__shape_product(dims, &v->node->out[0].shape);
    for (int i = 0; i < x->rank; i++) {
        int64_t repeats = attr->repeats[i];
        if (repeats == 0) {
            v->grad_in[0] = lm__fill(v->graph, g->dtype, x, 0);
            return LM_OK;
        }
        rest = lm__dim_div(dims, rest, repeats);
        if (repeats > 1) {
            lm__shape seen = {3, {before, repeats, rest}};
            g = lm_op_sum(lm__reshape_to(g, &seen), 1);
        }
        before = lm__dim_mul(dims, before, x->dim[i]);
        if (i + 1 < x->rank) rest = 1;
        for (int k = i + 1; k < x->rank; k++) rest = lm__dim_mul(dims, rest, v->node->out[0].shape.dim[k]);
    }
    v->grad_in[0] = lm__reshape_to(g, x);
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const tile_attr *attr = run->problem->attr;
    const lm__desc *x = &run->problem->in[0], *y = &run->problem->out[0];
    int64_t from[LM_MAX_RANK], to[LM_MAX_RANK];
    lm__move move = {.rank = 2 * x->rank};
    lm__move_dense(x->rank, x->dims, from);
    lm__move_dense(y->rank, y->dims, to);
    for (int i = 0; i < x->rank; i++) {
        move.dims[2 * i] = attr->repeats[i];
        move.to[2 * i] = x->dims[i] * to[i];
        move.dims[2 * i + 1] = x->dims[i];
        move.from[2 * i + 1] = from[i];
        move.to[2 * i + 1] = to[i];
    }
    lm__move_run(&move, lm_dtype_size(x->dtype), run->in[0], run->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 2}}}, .attr = &(const tile_attr){{2, 3}}},
    {.nin = 1, .in = {{.rank = 3, .dims = {2, 1, 3}}}, .attr = &(const tile_attr){{1, 4, 2}}},
    {0},
};

const lm__op lm__op_tile = {
    .name = "tile",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(tile_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "tile", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_tile_by(lm_value *x, int n, const int64_t *repeats)
{
    tile_attr attr = {{0}};
    if (lm__bad(x)) return lm__apply1(&lm__op_tile, NULL, x);
    if (lm__op_list("tile", n, repeats) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    int rank = n > x->shape.rank ? n : x->shape.rank;
    if (rank > LM_MAX_RANK) {
        lm__fail(LM_INVALID, "tile: %d repeats; a value has at most %d axes", n, LM_MAX_RANK);
        return lm__graph_fail(NULL, 1, &x);
    }
    lm__shape shape = {.rank = rank};
    for (int i = 0; i < rank; i++) {
        int own = i - (rank - x->shape.rank), given = i - (rank - n);
        shape.dim[i] = own >= 0 ? x->shape.dim[own] : 1;
        attr.repeats[i] = given >= 0 ? repeats[given] : 1;
    }
    return lm__apply1(&lm__op_tile, &attr, lm__reshape_to(x, &shape));
}
