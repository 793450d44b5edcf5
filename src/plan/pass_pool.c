/* plan/pass_pool.c: max pooling becomes part of the convolution before it, and the kernel's gradient is taken from
 * the pooled gradient and the places of the maxima, where nobody else reads what lies between. */
#include "kernels/conv2d_pool.h"
#include "ops/conv2d.h"
#include "ops/registry.h"
#include "plan/internal.h"
#include "plan/pass.h"
#include <string.h>

static void between_dims(const lm_value *v, int64_t dims[4])
{
    for (int d = 0; d < 4; d++) dims[d] = v->shape.dim[d];
}

/* max_pool2d(conv2d…(…)): the node that does both, NULL if there is no such thing. */
static lm_status join_forward(lm__sweep *sweep, const lm__node *n, bool fast)
{
    const lm__node *conv = n->in[0]->node;
    lm__conv2d_pool attr;
    if (conv->mark != 1 || (conv->op != &lm__op_conv2d && conv->op != &lm__op_conv2d_fused)) return LM_OK;
    memset(&attr, 0, sizeof attr);
    memcpy(&attr.conv, conv->attr, conv->op->attr_size);
    attr.pool = *(const lm__pool2d *)n->attr;
    between_dims(n->in[0], attr.between);
    if (fast && !lm__fast_takes(&lm__op_conv2d_pool, conv->nin, conv->in, 2, n->out, &attr)) return LM_OK;
    lm__node *both = lm__apply_node(n->graph, &lm__op_conv2d_pool, &attr, conv->nin, conv->in, NULL);
    if (!both) return lm_last_status();
    both->mark = n->mark;
    LM_TRY(lm__sweep_replace(sweep, &n->out[0], &both->out[0]));
    return lm__sweep_replace(sweep, &n->out[1], &both->out[1]);
}

/* The pooling that found the places, NULL if they come from elsewhere. */
static const lm__pool2d *pooling_of(const lm_value *index)
{
    if (index->index != 1) return NULL;
    if (index->node->op == &lm__op_max_pool2d) return index->node->attr;
    return index->node->op == &lm__op_conv2d_pool ? &((const lm__conv2d_pool *)index->node->attr)->pool : NULL;
}

/* conv2d_backward_kernel(x, max_pool2d_scatter(dy, places)). */
static lm_status join_backward(lm__sweep *sweep, const lm__node *n, bool fast)
{
    const lm__node *scatter = n->in[1]->node;
    const lm__conv2d_to *to = n->attr;
    lm__conv2d_pool_backward attr;
    if (scatter->op != &lm__op_max_pool2d_scatter || scatter->mark != 1) return LM_OK;
    const lm__pool2d *pool = pooling_of(scatter->in[1]);
    if (!pool) return LM_OK;
    memset(&attr, 0, sizeof attr);
    attr.conv = to->conv;
    attr.pool = *pool;
    between_dims(n->in[1], attr.between);
    between_dims(&n->out[0], attr.kernel);
    lm_value *in[3] = {n->in[0], scatter->in[0], scatter->in[1]};
    if (fast && !lm__fast_takes(&lm__op_conv2d_pool_backward_kernel, 3, in, 1, n->out, &attr)) return LM_OK;
    return lm__sweep_replace(sweep, &n->out[0],
                             lm__apply(n->graph, &lm__op_conv2d_pool_backward_kernel, &attr, 3, in));
}

lm_status lm__pass_pool(lm_graph *graph, bool fast)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    lm__count_readers(graph);
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__sweep_enter(&sweep, n);
        if (n->op == &lm__op_max_pool2d) LM_GO(end, join_forward(&sweep, n, fast));
        if (n->op == &lm__op_conv2d_backward_kernel) LM_GO(end, join_backward(&sweep, n, fast));
    }
end:
    return lm__sweep_end(&sweep, status);
}
