/* plan/pass_product.c: a map that alone reads a product becomes part of it, where a fast kernel takes that: the
 * product's blocks go to the map while they are in the cache, and the product is never written. */
#include "ops/matmul_map.h"
#include "ops/registry.h"
#include "plan/internal.h"
#include "plan/pass.h"
#include <string.h>

/* The product that the value is, perhaps under another shape, if nobody else reads it; NULL: it is none. */
static const lm_value *product_of(const lm_value *v)
{
    while (v->node->op->kind == LM__OP_VIEW && v->node->mark == 1) v = v->node->in[0];
    bool product = v->node->op == &lm__op_matmul || v->node->op == &lm__op_matmul_fused;
    return product && v->node->mark == 1 ? v : NULL;
}

/* The map n with its operand i, a product, made part of it; NULL where no kernel takes it. */
static lm__node *join(const lm__node *n, int i, const lm_value *x)
{
    const lm__node *m = x->node;
    lm__matmul_map_attr attr;
    lm_value *in[LM__MAX_INPUTS];
    int nin = 0;
    memset(&attr, 0, sizeof attr);
    memcpy(&attr.product, m->attr, m->op->attr_size);
    attr.bias = m->nin == 3;
    attr.operand = i;
    attr.rank = x->shape.rank;
    for (int d = 0; d < x->shape.rank; d++) attr.dims[d] = x->shape.dim[d];
    memcpy(&attr.map, n->attr, sizeof attr.map);
    for (int k = 0; k < m->nin; k++) in[nin++] = m->in[k];
    for (int k = 0; k < n->nin; k++)
        if (k != i) in[nin++] = n->in[k];
    if (!lm__fast_takes(&lm__op_matmul_map, nin, in, n->nout, n->out, &attr)) return NULL;
    return lm__apply_node(n->graph, &lm__op_matmul_map, &attr, nin, in, NULL);
}

static lm_status visit(lm__sweep *sweep, const lm__node *n)
{
    const lm__map *map = &((const lm__map_attr *)n->attr)->map;
    for (int i = 0; i < map->operands; i++) {
        const lm_value *x = product_of(n->in[i]);
        lm__node *both = x ? join(n, i, x) : NULL;
        if (!both) continue;
        for (int r = 0; r < n->nout; r++) LM_TRY(lm__sweep_replace(sweep, (lm_value *)&n->out[r], &both->out[r]));
        return LM_OK;
    }
    return LM_OK;
}

lm_status lm__pass_product(lm_graph *graph)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    lm__count_readers(graph);
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__sweep_enter(&sweep, n);
        if (n->op == &lm__op_map) LM_GO(end, visit(&sweep, n));
    }
end:
    return lm__sweep_end(&sweep, status);
}
