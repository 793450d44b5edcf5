/* ops/gelu_backward.c: dx = dy times the slope of gelu at x: with the normal distribution function P and density p,
 * P(x)
 * + x p(x); approximate, with s = 1 / (1 + e^(-2u)), u = sqrt(2 / pi) (x + 0.044715 x^3): s + 2 x s (1 - s) du/dx */
#include "ops/gelu.h"

static lm_status decompose(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out)
{
    lm_value *x = in[0], *dy = in[1], *y = lm__gelu_of_parts(x, ((const lm__gelu *)node->attr)->approximate);
    return lm__graph_vjp(graph, 1, &y, &dy, 1, &x, out);
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.rank = 2, .dims = {3, 4}, .low = -3, .high = 3}, {.rank = 2, .dims = {3, 4}}},
     .attr = &(const lm__gelu){false}},
    {.nin = 2,
     .in = {{.rank = 2, .dims = {3, 4}, .low = -3, .high = 3}, {.rank = 2, .dims = {3, 4}}},
     .attr = &(const lm__gelu){true}},
    {0},
};

LM_ROWS_FLOATS(gelu_backward)

const lm__op lm__op_gelu_backward = {
    .name = "gelu_backward",
    .kind = LM__OP_MAP,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .attr_size = sizeof(lm__gelu),
    .attrs = lm__gelu_attrs,
    .infer = lm__infer_map_same,
    .gradient = lm__gradient_of_parts,
    .decompose = decompose,
    .rows = &rows,
    .imm = lm__gelu_imm,
    .samples = samples,
};
