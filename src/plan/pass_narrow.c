/* plan/pass_narrow.c: products whose factors were bfloat16 before they were widened take them as they were. */
#include "kernels/epilogue.h"
#include "ops/conv2d.h"
#include "ops/registry.h"
#include "plan/internal.h"
#include "plan/pass.h"
#include <string.h>

static const struct {
    const lm__op *wide, *narrow;
} pairs[] = {
    {&lm__op_matmul, &lm__op_matmul_bf16},
    {&lm__op_matmul_fused, &lm__op_matmul_bf16},
    {&lm__op_conv2d, &lm__op_conv2d_bf16},
    {&lm__op_conv2d_fused, &lm__op_conv2d_bf16},
    {&lm__op_conv2d_backward_input, &lm__op_conv2d_backward_input_bf16},
    {&lm__op_conv2d_backward_kernel, &lm__op_conv2d_backward_kernel_bf16},
};

static const lm__op *narrow_of(const lm__op *op)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (op == pairs[i].wide) return pairs[i].narrow;
    return NULL;
}

/* Winograd's algorithm in float32 is twice as fast as oneDNN's convolutions in bfloat16 without matrix units
 * (ResNet-20, batch 128, AVX-512: 41 ms for all convolutions of a step against 77). */
static bool is_faster_wide(const lm__node *n)
{
    const char *name = lm__fast_name(n->op, n->nin, n->in, n->nout, n->out, n->attr);
    return lm__isa_level() != LM__ISA_AMX && name && strncmp(name, "winograd", strlen("winograd")) == 0;
}

static lm_value *visit(const lm__node *n)
{
    char attr[sizeof(lm__conv2d_to) + sizeof(lm__matmul_fused) + sizeof(lm__conv2d_fused)]
        __attribute__((aligned(16)));
    lm_value *in[3] = {NULL, NULL, n->nin > 2 ? n->in[2] : NULL};
    const lm__op *narrow = narrow_of(n->op);
    if (!narrow || n->out[0].dtype != LM_F32 || is_faster_wide(n)) return NULL;
    for (int i = 0; i < 2; i++) {
        const lm__node *from = n->in[i]->node;
        if (from->op != &lm__op_cast || from->in[0]->dtype != LM_BF16) return NULL;
        in[i] = from->in[0];
    }
    memset(attr, 0, sizeof attr);
    memcpy(attr, n->attr, n->op->attr_size);
    if (!lm__fast_takes(narrow, n->nin, in, 1, n->out, attr)) return NULL;
    return lm__apply(n->graph, narrow, attr, n->nin, in);
}

lm_status lm__pass_narrow(lm_graph *graph)
{
    lm__sweep sweep;
    lm_status status = LM_OK;
    LM_TRY(lm__sweep_begin(&sweep, graph));
    for (lm__node *n = graph->first; n; n = n->next) {
        lm__sweep_enter(&sweep, n);
        lm_value *by = visit(n);
        if (by) LM_GO(end, lm__sweep_replace(&sweep, &n->out[0], by));
    }
end:
    return lm__sweep_end(&sweep, status);
}
