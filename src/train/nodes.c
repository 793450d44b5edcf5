/* train/nodes.c: a model's inputs and the calls of its layers: what they take, and their ops in a graph. */
#include "train/model.h"

#include "base/alloc.h"
#include "nn/match.h"
#include "ops/support.h"

#include <stdio.h>
#include <string.h>

lm_status lm__model_add_node(lm_model *model, lm__model_node node, const int *in)
{
    if (lm__grow(&model->node, (size_t)model->nnodes, &model->nodes_capacity, sizeof *model->node))
        return lm__no_memory(sizeof *model->node);
    if (node.nin) {
        size_t bytes = (size_t)node.nin * sizeof *in;
        node.in = lm__alloc(bytes);
        if (!node.in) return lm__no_memory(bytes);
        memcpy(node.in, in, bytes);
    }
    model->node[model->nnodes++] = node;
    return LM_OK;
}

const lm__model_node *lm__model_call_of(const lm_model *model, int layer)
{
    for (int i = model->ninputs; i < model->nnodes; i++)
        if (model->node[i].layer == layer) return &model->node[i];
    return NULL;
}

bool lm__model_is_chain(const lm_model *model)
{
    if (!model->functional) return true;
    if (model->ninputs != 1 || model->noutputs != 1 || model->nnodes != model->nlayers + 1) return false;
    for (int i = 1; i < model->nnodes; i++)
        for (int k = 0; k < model->node[i].nin; k++)
            if (model->node[i].in[k] != i - 1) return false;
    return true;
}

int lm__model_sizes(const lm_model *model, int node, int64_t dims[LM_MAX_RANK])
{
    const lm__shape *shape = &model->node[node].shape;
    for (int i = 0; i < shape->rank; i++) dims[i] = lm__dim_known(shape->dim[i]) ? shape->dim[i] : LM_ANY;
    return shape->rank;
}

/* How many inputs the call takes that takes most. */
static int widest(const lm_model *model)
{
    int most = 1;
    for (int i = 0; i < model->nnodes; i++) most = model->node[i].nin > most ? model->node[i].nin : most;
    return most;
}

/* --- what comes in, and what becomes of it ---------------------------------------------------------------------- */

/* How an array of that shape would get the model's, or "". */
static const char *reshape_hint(const lm__shape *input, int rank, const int64_t *dims, char *text, size_t bytes)
{
    double have = 1, want = 1;
    bool example = rank == input->rank - 1;
    for (int i = 1; i < input->rank; i++) {
        if (!lm__dim_known(input->dim[i])) return "";
        want *= (double)input->dim[i];
        example &= i > rank || dims[i - 1] == input->dim[i];
    }
    for (int i = 1; i < rank; i++) have *= (double)dims[i];
    if (!example && (have != want || rank < 2)) return "";
    int n = snprintf(text, bytes, "; lm_tensor_reshape_to(x, %s", example ? "1" : "-1");
    for (int i = 1; i < input->rank; i++)
        n += snprintf(text + n, bytes - (size_t)n, ", %lld", (long long)input->dim[i]);
    snprintf(text + n, bytes - (size_t)n, example ? ") makes it a batch of one" : ") makes them fit");
    return text;
}

lm_status lm__model_takes(const lm_model *model, int input, const char *what, int rank, const int64_t *dims)
{
    char got[128], want[128], hint[256];
    const lm__shape *in = &model->node[input].shape;
    bool same = rank == in->rank;
    for (int i = 1; same && i < rank; i++)
        same = !lm__dim_known(in->dim[i]) || dims[i] == LM_ANY || in->dim[i] == dims[i];
    if (same) return LM_OK;
    lm__shape shape = lm__shape_of(rank, dims);
    for (int i = 0; i < rank; i++)
        if (dims[i] == LM_ANY) shape.dim[i] = in->dim[0];
    lm__shape_print(model->dims, &shape, got, sizeof got);
    lm__shape_print(model->dims, in, want, sizeof want);
    return lm__fail(LM_INVALID, "%s shape %s, but the model takes %s%s", what, got, want,
                    reshape_hint(in, rank, dims, hint, sizeof hint));
}

/* An input as the model's type; integers stay where a layer takes them: a float would lose some. */
static lm_value *comes_in(const lm_model *model, int input, lm_value *x)
{
    bool kept = false;
    for (int i = model->ninputs; i < model->nnodes; i++)
        for (int k = 0; k < model->node[i].nin; k++)
            kept |= model->node[i].in[k] == input && lm__layer_takes_numbers(model->layer[model->node[i].layer]);
    if (lm__bad(x) || (kept && lm__is_integer(x->dtype))) return x;
    return lm__index_of(x, model->node[input].dtype);
}

/* Each call of a layer draws numbers of its own. */
static lm_value *key_of(const lm__layer_call *call, const lm__model_node *node)
{
    if (!call->key || !node->number) return call->key;
    return lm_op_random_fold(call->key, lm_scalar(call->graph, LM_I64, node->number));
}

lm_status lm__model_call(const lm_model *model, const lm__layer_call *call, lm_value *const *x, int last,
                         lm_value ***values)
{
    size_t nodes = (size_t)model->nnodes * sizeof(lm_value *), wide = (size_t)widest(model) * sizeof(lm_value *);
    lm_value **value = lm__arena_alloc(call->graph->arena, nodes), **in = lm__arena_alloc(call->graph->arena, wide);
    if (!value || !in) return lm__no_memory(nodes + wide);
    for (int i = 0; i <= last || i < model->ninputs; i++) {
        const lm__model_node *node = &model->node[i];
        lm__layer_call own = *call;
        own.options = node->options;
        own.key = key_of(call, node);
        for (int k = 0; k < node->nin; k++) in[k] = value[node->in[k]];
        if (node->layer < 0) value[i] = comes_in(model, i, x[i]);
        else value[i] = lm__layer_call_on_all(model->layer[node->layer], &own, node->nin, in);
        if (lm__bad(value[i])) return lm__object_check(call->graph, &lm__graph_type, "model");
    }
    *values = value;
    return LM_OK;
}

lm_status lm__model_outputs(const lm_model *model, const lm__layer_call *call, lm_value *const *x, lm_value **y)
{
    int last = 0;
    lm_value **values;
    for (int k = 0; k < model->noutputs; k++) last = model->output[k] > last ? model->output[k] : last;
    LM_TRY(lm__model_call(model, call, x, last, &values));
    for (int k = 0; k < model->noutputs; k++) y[k] = lm__cast_out(values[model->output[k]]);
    return LM_OK;
}

int lm__model_weight_count(const lm_model *model)
{
    int n = 0;
    for (int i = 0; i < model->nlayers; i++) n += model->layer[i]->nweights;
    return n;
}

lm_variable *lm__model_weight(const lm_model *model, int index)
{
    for (int i = 0; index >= 0 && i < model->nlayers; i++) {
        const lm_layer *layer = model->layer[i];
        if (index < layer->nweights) return layer->weight[index];
        index -= layer->nweights;
    }
    return NULL;
}
