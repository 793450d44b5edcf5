/* train/predict.c: outputs for all of a dataset as one array, and the outputs of inner layers. */
#include "train/model.h"

#include "base/alloc.h"
#include "ops/registry.h"
#include "ops/support.h"

#include <string.h>

enum { PREDICT_BATCH = 32 };

static lm_tensor *poison(void)
{
    return lm__object_poison(&lm__tensor_type);
}

/* An output tensor for n examples; sizes other than the batch must be known. */
static lm_tensor *outputs_for(const lm_model *model, int64_t n)
{
    int64_t dims[LM_MAX_RANK] = {n};
    if (!model->built) {
        lm__fail(LM_INVALID, "the model is not built: begin it with lm_input(.shape = {…}), or fit it first");
        return poison();
    }
    for (int i = 1; i < model->output.rank; i++) {
        if (!lm__dim_known(model->output.dim[i])) {
            lm__fail(LM_UNSUPPORTED, "the size of output dimension %d depends on the input; use lm_predict_into", i);
            return poison();
        }
        dims[i] = model->output.dim[i];
    }
    return lm_tensor_new(model->output_dtype, model->output.rank, dims);
}

/* One batch to row `done` of y, on the model as it is now: a layer may have been added since y was made. */
static lm_status run_batch(const lm_model *model, const lm_tensor *x, int64_t done, lm_tensor *y)
{
    size_t row = lm_tensor_bytes(y) / (size_t)y->dims[0];
    bool same = y->dtype == model->output_dtype && y->rank == model->output.rank;
    LM_TRY(lm__model_takes(model, "the data have", x->rank, x->dims));
    for (int i = 1; same && i < y->rank; i++) same = model->output.dim[i] == y->dims[i];
    if (!same) return lm__fail(LM_BUSY, "the model's output was changed by another thread");
    return lm__model_predict_into(model, x->dims[0], x->dtype, x->dims, x->data,
                                  (char *)y->data + (size_t)done * row);
}

static lm_status run(const lm_model *model, lm_iterator *it, int64_t total, lm_tensor *y)
{
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    int64_t done = 0;
    int count;
    while ((count = lm_iterator_next(it, batch)) > 0) {
        int64_t n = batch[0]->dims[0];
        if (done + n > total) return lm__fail(LM_INTERNAL, "the dataset gave more examples than it announced");
        lm__model_look(model);
        lm_status status = run_batch(model, batch[0], done, y);
        lm__model_looked(model);
        LM_TRY(status);
        done += n;
    }
    if (count < 0) return lm_last_status();
    return done == total ? LM_OK : lm__fail(LM_INTERNAL, "the dataset gave fewer examples than it announced");
}

lm_tensor *lm__model_predict(const lm_model *model, lm_dataset *data)
{
    int64_t total = lm_data_examples(data);
    if (total == LM_ANY) {
        lm__fail(LM_INVALID, "the data have no end; take a part of them with lm_data_take");
        return poison();
    }
    lm_dataset *batches = lm_retain(data);
    if (!lm_data_batch_size(data)) batches = lm_data_batch(batches, PREDICT_BATCH, false);
    lm_iterator *it = lm_data_iterate(batches, 0, 0);
    lm__model_look(model);
    lm_tensor *y = outputs_for(model, total);
    lm__model_looked(model);
    lm_status status = lm_failed(it) ? lm__fail(lm_status_of(it), "%s", lm_error(it))
                                     : lm__object_check(y, &lm__tensor_type, "predictions");
    if (!status) status = run(model, it, total, y);
    if (status) {
        lm_free(y);
        y = poison();
    }
    lm_free(it), lm_free(batches);
    return y;
}

/* --- inner layers ----------------------------------------------------------------------------------------------- */

/* The model's graph up to the last of the wanted layers, whose outputs are the graph's. */
static lm_status inner_graph(const lm_model *model, const lm_tensor *x, int count, const int *layer, lm_graph *graph)
{
    int64_t dims[LM_MAX_RANK];
    lm_value *outputs[LM__INNER_LAYERS];
    memcpy(dims, x->dims, sizeof dims);
    dims[0] = LM_ANY;
    lm_value *y = lm__model_input(model, lm_placeholder_new(graph, "x", x->dtype, x->rank, dims));
    lm__layer_call call = {.graph = graph};
    int last = 0;
    for (int k = 0; k < count; k++) last = layer[k] > last ? layer[k] : last;
    for (int i = 0; i <= last; i++) {
        if (!lm__bad(y)) y = lm__layer_call_on(model->layer[i], &call, y);
        if (lm__bad(y)) return lm__object_check(graph, &lm__graph_type, "model");
        for (int k = 0; k < count; k++)
            if (layer[k] == i) outputs[k] = y;
    }
    for (int k = 0; k < count; k++) LM_TRY(lm__graph_output(graph, outputs[k]));
    return lm__graph_commit(graph, NULL);
}

static lm_status inner_outputs(const lm_model *model, lm_tensor *x, int count, const int *layer, lm_tensor **out)
{
    if (!model->built)
        return lm__fail(LM_INVALID, "the model is not built: begin it with lm_input(.shape = {…}), or fit it first");
    LM_TRY(lm__object_check(x, &lm__tensor_type, "x"));
    LM_TRY(lm__model_takes(model, "x has", x->rank, x->dims));
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
