/* tests/graph/evaluate.h: runs a graph without symbols node by node with the ops' own reference rows and kernels. */
#ifndef LM_TESTS_GRAPH_EVALUATE_H
#define LM_TESTS_GRAPH_EVALUATE_H

#include "graph/graph.h"
#include "graph/special.h"
#include "support/check.h"

static inline lm__desc evaluate_desc(const lm_value *v)
{
    lm__desc d = {.dtype = v->dtype, .rank = v->shape.rank, .size = 1};
    for (int i = 0; i < d.rank; i++) {
        assert_true(lm__dim_known(v->shape.dim[i]));
        d.dims[i] = v->shape.dim[i];
        d.size *= (size_t)d.dims[i];
    }
    return d;
}

/* One element at a time: slow, and obviously right. */
static inline void evaluate_map(const lm__node *node, lm_tensor *const *in, lm_tensor *out)
{
    double imm[2] = {0, 0};
    const lm__rows *rows = node->op->rows;
    if (rows->to) rows = &rows->to[out->dtype];
    if (node->op->imm) node->op->imm(node->attr, imm);
    for (size_t at = 0; at < out->size; at++) {
        const void *from[LM__MAP_MAX_ARGS];
        for (int i = 0; i < node->nin; i++) {
            size_t rest = at, offset = 0, step = 1;
            for (int d = 1; d <= in[i]->rank; d++) {
                size_t dim = (size_t)in[i]->dims[in[i]->rank - d], whole = (size_t)out->dims[out->rank - d];
                if (dim != 1) offset += rest % whole * step;
                step *= dim;
                rest /= whole;
            }
            from[i] = (char *)in[i]->data + offset * lm_dtype_size(in[i]->dtype);
        }
        rows->of[in[rows->by]->dtype](1, from, (char *)out->data + at * lm_dtype_size(out->dtype), imm);
    }
}

static inline void evaluate_plain(const lm__node *node, lm_tensor *const *in, lm_tensor *const *out)
{
    lm__desc ind[LM__MAX_INPUTS], outd[LM__MAX_OUTPUTS];
    const void *inp[LM__MAX_INPUTS];
    void *outp[LM__MAX_OUTPUTS], *state = NULL;
    for (int i = 0; i < node->nin; i++) ind[i] = evaluate_desc(node->in[i]), inp[i] = in[i]->data;
    for (int i = 0; i < node->nout; i++) outd[i] = evaluate_desc(&node->out[i]), outp[i] = out[i]->data;
    lm__problem problem = {.op = node->op->name, .nin = node->nin, .nout = node->nout, .in = ind, .out = outd,
                           .attr = node->attr, .out_used = ~0ull};
    const lm__kernel *kernel = &node->op->reference;
    lm__needs needs = {0};
    if (kernel->prepare) check_ok(kernel->prepare(&problem, &needs, &state));
    char *scratch = test_malloc(needs.scratch + 1), *shared = test_malloc(needs.shared + 1);
    lm__run run = {.problem = &problem, .in = inp, .out = outp, .scratch = scratch, .shared = shared, .state = state};
    assert_non_null(kernel->run);
    check_ok(kernel->run(&run));
    if (kernel->release && state) kernel->release(state);
    test_free(scratch);
    test_free(shared);
}

/* outputs[i] receives a new tensor for each output of the graph. */
static inline void evaluate(const lm_graph *graph, lm_tensor *const *inputs, lm_tensor **outputs)
{
    lm_tensor *(*at)[LM__MAX_OUTPUTS] = test_calloc((size_t)graph->next_id, sizeof *at);
    for (int i = 0; i < graph->ninputs; i++) at[graph->inputs[i]->node->id][0] = lm_retain(inputs[i]);
    for (const lm__node *node = graph->first; node; node = node->next) {
        lm_tensor *in[LM__MAX_INPUTS];
        const char *op = node->op->name;
        for (int i = 0; i < node->nin; i++) in[i] = at[node->in[i]->node->id][node->in[i]->index];
        if (strcmp(op, "input") == 0) continue;
        if (strcmp(op, "constant") == 0) at[node->id][0] = lm_retain(((lm__constant_attr *)node->attr)->tensor);
        else if (strcmp(op, "variable") == 0)
            at[node->id][0] = lm_retain(((lm__variable_attr *)node->attr)->variable->value);
        if (at[node->id][0]) continue;
        for (int i = 0; i < node->nout; i++) {
            lm__desc d = evaluate_desc(&node->out[i]);
            at[node->id][i] = lm_tensor_new(d.dtype, d.rank, d.dims);
        }
        if (node->op->kind == LM__OP_VIEW) memcpy(at[node->id][0]->data, in[0]->data, lm_tensor_bytes(in[0]));
        else if (node->op->kind == LM__OP_MAP) evaluate_map(node, in, at[node->id][0]);
        else evaluate_plain(node, in, at[node->id]);
    }
    for (int i = 0; i < graph->noutputs; i++)
        outputs[i] = lm_retain(at[graph->outputs[i]->node->id][graph->outputs[i]->index]);
    for (int i = 0; i < graph->next_id; i++)
        for (int j = 0; j < LM__MAX_OUTPUTS; j++) lm_free(at[i][j]);
    test_free(at);
}

#endif
