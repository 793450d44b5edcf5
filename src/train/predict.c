/* train/predict.c: outputs for all of a dataset as one array, and the outputs of inner layers. */
#include "train/model.h"

#include "base/alloc.h"
#include "nn/match.h"
#include "ops/registry.h"

#include <stdio.h>
#include <string.h>

enum { PREDICT_BATCH = 32 };

static lm_tensor *poison(void)
{
    return lm__object_poison(&lm__tensor_type);
}

static void poison_all(const lm_model *model, lm_tensor **y)
{
    for (int k = 0; k < model->noutputs; k++) {
        lm_free(y[k]);
        y[k] = poison();
    }
}

/* A tensor for output k of n examples; sizes other than the batch must be known. */
static lm_tensor *output_for(const lm_model *model, int k, int64_t n)
{
    const lm__model_node *node = lm__model_output(model, k);
    int64_t dims[LM_MAX_RANK];
    int rank = lm__model_sizes(model, model->output[k], dims);
    for (int i = 1; i < rank; i++)
        if (dims[i] == LM_ANY) {
            lm__fail(LM_UNSUPPORTED, "the size of output dimension %d depends on the input; use lm_predict_into", i);
            return poison();
        }
    dims[0] = n;
    return lm_tensor_new(node->dtype, rank, dims);
}

static lm_status outputs_for(const lm_model *model, int64_t n, lm_tensor **y)
{
    if (!model->built)
        return lm__fail(LM_INVALID, "the model is not built: begin it with lm_input(.shape = {…}), or fit it first");
    for (int k = 0; k < model->noutputs; k++) {
        y[k] = output_for(model, k, n);
        LM_TRY(lm__object_check(y[k], &lm__tensor_type, "predictions"));
    }
    return LM_OK;
}

/* The model may have got a layer since y was made. */
static bool still_fits(const lm_model *model, int k, const lm_tensor *y)
{
    const lm__model_node *node = lm__model_output(model, k);
    bool same = y->dtype == node->dtype && y->rank == node->shape.rank;
    for (int i = 1; same && i < y->rank; i++) same = node->shape.dim[i] == y->dims[i];
    return same;
}

/* One batch to row `done` of each y, on the model as it is now. */
static lm_status run_batch(const lm_model *model, lm_tensor *const *x, int64_t done, lm_tensor *const *y)
{
    char what[48] = "the data have";
    lm__array in[LM_MAX_INPUTS];
    void *out[LM_MAX_OUTPUTS];
    for (int i = 0; i < model->ninputs; i++) {
        if (model->ninputs > 1) snprintf(what, sizeof what, "input %d of the data has", i);
        LM_TRY(lm__model_takes(model, i, what, x[i]->rank, x[i]->dims));
        in[i] = (lm__array){x[i]->dtype, x[i]->dims, x[i]->data};
    }
    for (int k = 0; k < model->noutputs; k++) {
        if (!still_fits(model, k, y[k])) return lm__fail(LM_BUSY, "the model's output was changed by another thread");
        out[k] = (char *)y[k]->data + (size_t)done * (lm_tensor_bytes(y[k]) / (size_t)y[k]->dims[0]);
    }
    return lm__model_predict_into(model, x[0]->dims[0], in, out);
}

static lm_status run(const lm_model *model, lm_iterator *it, int64_t total, lm_tensor *const *y)
{
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    int64_t done = 0;
    int count;
    while ((count = lm_iterator_next(it, batch)) > 0) {
        int64_t n = batch[0]->dims[0];
        if (count < model->ninputs)
            return lm__fail(LM_INVALID, "the model takes %d inputs, but an element of the data has %d tensor%s",
                            model->ninputs, count, count == 1 ? "" : "s");
        if (done + n > total) return lm__fail(LM_INTERNAL, "the dataset gave more examples than it announced");
        lm__model_look(model);
        lm_status status = run_batch(model, batch, done, y);
        lm__model_looked(model);
        LM_TRY(status);
        done += n;
    }
    if (count < 0) return lm_last_status();
    return done == total ? LM_OK : lm__fail(LM_INTERNAL, "the dataset gave fewer examples than it announced");
}

lm_status lm__model_predict(const lm_model *model, lm_dataset *data, lm_tensor **y)
{
    int64_t total = lm_data_examples(data);
    memset(y, 0, (size_t)model->noutputs * sizeof *y);
    if (total == LM_ANY) {
        lm_status status = lm__fail(LM_INVALID, "the data have no end; take a part of them with lm_data_take");
        poison_all(model, y);
        return status;
    }
    lm_dataset *batches = lm_retain(data);
    if (!lm_data_batch_size(data)) batches = lm_data_batch(batches, PREDICT_BATCH, false);
    lm_iterator *it = lm_data_iterate(batches, 0, 0);
    lm__model_look(model);
    lm_status status = lm_failed(it) ? lm__fail(lm_status_of(it), "%s", lm_error(it)) : outputs_for(model, total, y);
    lm__model_looked(model);
    if (!status) status = run(model, it, total, y);
    if (status) poison_all(model, y);
    lm_free(it), lm_free(batches);
    return status;
}

/* --- inner layers ----------------------------------------------------------------------------------------------- */

/* The model's graph up to the last of the wanted calls, whose results are the graph's. */
static lm_status inner_graph(const lm_model *model, const lm_tensor *x, int count, const int *layer, lm_graph *graph)
{
    int64_t dims[LM_MAX_RANK];
    int last = 0, node[LM__INNER_LAYERS];
    lm_value **values;
    memcpy(dims, x->dims, sizeof dims);
    dims[0] = LM_ANY;
    lm_value *in = lm_placeholder_new(graph, "x", x->dtype, x->rank, dims);
    for (int k = 0; k < count; k++) {
        node[k] = (int)(lm__model_call_of(model, layer[k]) - model->node);
        last = node[k] > last ? node[k] : last;
    }
    LM_TRY(lm__model_call(model, &(lm__layer_call){.graph = graph}, &in, last, &values));
    for (int k = 0; k < count; k++) LM_TRY(lm__graph_output(graph, lm__cast_out(values[node[k]])));
    return lm__graph_commit(graph, NULL);
}

static lm_status inner_outputs(const lm_model *model, lm_tensor *x, int count, const int *layer, lm_tensor **out)
{
    if (!model->built)
        return lm__fail(LM_INVALID, "the model is not built: begin it with lm_input(.shape = {…}), or fit it first");
    LM_TRY(lm__object_check(x, &lm__tensor_type, "x"));
    if (model->ninputs > 1)
        return lm__fail(LM_UNSUPPORTED, "the model takes %d inputs; inner layers are shown of models that take one",
                        model->ninputs);
    LM_TRY(lm__model_takes(model, 0, "x has", x->rank, x->dims));
    lm_graph *graph = lm__graph_new(&lm__ops, NULL);
    lm_status status = lm__object_check(graph, &lm__graph_type, "model");
    if (!status) status = inner_graph(model, x, count, layer, graph);
    if (status) {
        lm_free(graph);
        return status;
    }
    lm_function *function = lm__function_new(graph, NULL);
    status = lm__object_check(function, &lm__function_type, "predict");
    if (!status) status = lm__function_run(function, &x, out);
    lm_free(function);
    return status;
}

lm_status lm__model_predict_layers(const lm_model *model, lm_tensor *x, int count, const int *layer, lm_tensor **out)
{
    for (int k = 0; k < count; k++) out[k] = NULL;
    lm__model_look(model);
    lm_status status = inner_outputs(model, x, count, layer, out);
    lm__model_looked(model);
    for (int k = 0; status && k < count; k++) {
        lm_free(out[k]);
        out[k] = NULL;
    }
    return status;
}

int lm__model_find_layer(const lm_model *model, const char *name)
{
    int found = -1;
    if (!name) {
        lm__fail(LM_INVALID, "the name of the layer is NULL");
        return -1;
    }
    lm__model_look(model);
    const char **names = lm__calloc((size_t)model->nlayers + 1, sizeof *names);
    for (int i = 0; names && i < model->nlayers; i++) {
        names[i] = model->layer[i]->base.name;
        if (!strcmp(names[i], name)) found = i;
    }
    const char *near = names && found < 0 ? lm__nearest(name, names) : NULL;
    if (!names) lm__no_memory((size_t)model->nlayers * sizeof *names);
    else if (near) lm__fail(LM_NOT_FOUND, "the model has no layer \"%s\" (did you mean \"%s\"?)", name, near);
    else if (found < 0) lm__fail(LM_NOT_FOUND, "the model has no layer \"%s\"; lm_summary shows their names", name);
    lm__free(names);
    lm__model_looked(model);
    return found;
}

lm_tensor *lm__model_predict_layer(const lm_model *model, lm_tensor *x, const char *layer)
{
    lm_tensor *y = NULL;
    int index = lm__model_find_layer(model, layer);
    if (index < 0 || lm__model_predict_layers(model, x, 1, &index, &y)) return poison();
    return y;
}
