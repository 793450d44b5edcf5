/* train/build.c: from a list of layers to shapes and weights. */
#include "train/model.h"

#include "base/alloc.h"
#include "ops/registry.h"

#include <stdio.h>
#include <string.h>

/* The layer's place in messages: "layer 2 (conv2d_1)". */
static lm_status in_layer(const lm_model *model, int i)
{
    return lm__fail_in("layer %d (%s)", i, model->layer[i]->base.name);
}

static bool name_taken(const lm_model *model, const char *name)
{
    for (int i = 0; i < model->nlayers; i++)
        if (!strcmp(model->layer[i]->base.name, name)) return true;
    return false;
}

/* Keras's automatic names, but counted within the model: dense, dense_1, … so that equal programs get equal weights. */
static lm_status give_name(const lm_model *model, lm_layer *layer)
{
    char snake[64], name[80];
    if (layer->base.name) {
        if (!name_taken(model, layer->base.name)) return LM_OK;
        return lm__fail(LM_INVALID, "two layers are named \"%s\"; names must differ within a model", layer->base.name);
    }
    lm__snake_case(layer->base.class->name, snake, sizeof snake);
    snprintf(name, sizeof name, "%s", snake);
    for (int k = 1; name_taken(model, name); k++) snprintf(name, sizeof name, "%s_%d", snake, k);
    layer->base.name = lm__strdup(name);
    return layer->base.name ? LM_OK : lm__no_memory(strlen(name) + 1);
}

static int shape_length(const int64_t *dims)
{
    int rank = 0;
    while (rank < LM_MAX_RANK && dims[rank]) rank++;
    return rank;
}

/* The batch is the symbol N; other unknown sizes are symbols of their own. */
static lm_status set_input(lm_model *model, int rank, const int64_t *sizes, lm_dtype dtype)
{
    char symbol[16];
    if (rank + 1 > LM_MAX_RANK) return lm__fail(LM_INVALID, "an input may have %d dimensions at most", LM_MAX_RANK - 1);
    model->input.rank = rank + 1;
    model->input.dim[0] = lm__dim_symbol(model->dims, "N");
    for (int i = 0; i < rank; i++) {
        snprintf(symbol, sizeof symbol, "D%d", i + 1);
        model->input.dim[i + 1] = sizes[i] == LM_ANY ? lm__dim_symbol(model->dims, symbol) : sizes[i];
        if (model->input.dim[i + 1] == LM__DIM_BAD) return lm__no_memory(0);
    }
    model->input_dtype = dtype;
    model->has_input = true;
    return LM_OK;
}

/* One layer on a scratch graph: infers its output, and makes its weights first. */
static lm_status build_layer(lm_model *model, lm_graph *graph, int i, lm_value **x, lm_value *key)
{
    lm_layer *layer = model->layer[i];
    layer->input_shape = (*x)->shape;
    lm_status status = lm__layer_build(layer, &layer->input_shape, model->seed);
    if (status) return in_layer(model, i);
    lm__layer_call call = {.graph = graph, .training = false, .key = key};
    lm_value *y = lm__layer_call_on(layer, &call, *x);
    if (lm_failed(graph) || lm__bad(y)) {
        lm__object_check(graph, &lm__graph_type, "model");
        return in_layer(model, i);
    }
    layer->output_shape = y->shape;
    *x = y;
    return LM_OK;
}

static lm_value *scratch_input(lm_graph *graph, const lm_model *model)
{
    int64_t dims[LM_MAX_RANK];
    for (int i = 0; i < model->input.rank; i++)
        dims[i] = lm__dim_known(model->input.dim[i]) ? model->input.dim[i] : LM_ANY;
    return lm_placeholder_new(graph, "x", model->input_dtype, model->input.rank, dims);
}

static lm_status build_from(lm_model *model, int first)
{
    lm_graph *graph = lm__graph_new(&lm__ops, model->dims);
    lm_status status = lm__object_check(graph, &lm__graph_type, "model");
    lm_value *x = status ? NULL : scratch_input(graph, model);
    if (!status && lm__bad(x)) status = lm__object_check(graph, &lm__graph_type, "model");
    if (!status) {
        x->shape = first ? model->layer[first - 1]->output_shape : model->input;
        x->dtype = first ? model->output_dtype : model->input_dtype;
    }
    for (int i = first; !status && i < model->nlayers; i++) status = build_layer(model, graph, i, &x, NULL);
    if (!status) {
        model->output = x->shape;
        model->output_dtype = x->dtype;
        model->built = true;
    }
    lm_free(graph);
    return status;
}

/* An InputLayer is not kept among the layers: it says what comes in. */
static lm_status take_input_layer(lm_model *model, lm_layer *layer)
{
    const lm__layer_args *args = layer->base.args;
    if (model->nlayers || model->has_input)
        return lm__fail(LM_INVALID, "an input layer must come first in a sequential model");
    return set_input(model, shape_length(args->input_shape), args->input_shape, layer->dtype);
}

static lm_status append(lm_model *model, lm_layer *layer)
{
    const lm__layer_args *args = layer->base.args;
    int rank = shape_length(args->input_shape);
    if (!strcmp(layer->base.class->name, "InputLayer")) {
        LM_TRY(take_input_layer(model, layer));
        lm_free(layer);
        return LM_OK;
    }
    LM_TRY(give_name(model, layer));
    if (lm__grow(&model->layer, (size_t)model->nlayers, &model->layers_capacity, sizeof *model->layer))
        return lm__no_memory(sizeof *model->layer);
    if (rank && !model->nlayers && !model->has_input) LM_TRY(set_input(model, rank, args->input_shape, layer->dtype));
    model->layer[model->nlayers++] = layer;
    lm_status status = model->has_input ? build_from(model, model->nlayers - 1) : LM_OK;
    if (status) model->nlayers--;
    return status;
}

/* Takes over the layer, also on failure. */
lm_status lm__model_add(lm_model *model, lm_layer *layer)
{
    char what[32];
    snprintf(what, sizeof what, "layer %d", model->nlayers);
    lm_status status = lm__object_check(layer, &lm__layer_type, what);
    if (!status) {
        lm__model_drop_steps(model);
        model->compiled = false;
        status = append(model, layer);
    }
    if (status) lm_free(layer);
    return status;
}

lm_status lm__model_build(lm_model *model, int rank, const int64_t *dims, lm_dtype dtype)
{
    if (model->built) return LM_OK;
    if (!model->nlayers) return lm__fail(LM_INVALID, "the model has no layers; add some with lm_sequential_add");
    if (!model->has_input) {
        if (rank < 1) return lm__fail(LM_INVALID, "an input needs a batch dimension");
        LM_TRY(set_input(model, rank - 1, dims + 1, dtype));
    }
    return build_from(model, 0);
}

lm_value *lm__model_call(lm_model *model, const lm__layer_call *call, lm_value *x)
{
    for (int i = 0; i < model->nlayers; i++) {
        x = lm__layer_call_on(model->layer[i], call, x);
        if (lm__bad(x)) return x;
    }
    return x;
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
