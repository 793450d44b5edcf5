/* train/build.c: from a list of layers to shapes and weights. */
#include "train/model.h"

#include "base/alloc.h"
#include "nn/match.h"
#include "ops/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The layer's place in messages: "layer 2 (conv2d_1)". What came from the graph begins with the layer's name
 * already. */
static lm_status in_layer(const lm_model *model, int i)
{
    const char *name = model->layer[i]->base.name, *text = lm_last_error();
    size_t n = strlen(name);
    if (!strncmp(text, name, n) && !strncmp(text + n, ": ", 2)) text += n + 2;
    return lm__fail(lm_last_status(), "layer %d (%s): %s", i, name, text);
}

/* The layer of that name, or -1. */
static int find_name(const lm_model *model, const char *name)
{
    for (int i = 0; i < model->nlayers; i++)
        if (!strcmp(model->layer[i]->base.name, name)) return i;
    return -1;
}

/* Which of a class's automatic names this is: 0 for dense, 7 for dense_7; -1: none. */
static long number_of(const char *name, const char *snake)
{
    size_t n = strlen(snake);
    if (strncmp(name, snake, n) != 0) return -1;
    if (!name[n]) return 0;
    if (name[n] != '_' || name[n + 1] < '1' || name[n + 1] > '9') return -1;
    char *end;
    long number = strtol(name + n + 1, &end, 10);
    return *end ? -1 : number;
}

/* The first number that no layer has; -1 when memory is out. In one go: a model may have thousands of layers. */
static long first_free(const lm_model *model, int layers, const char *snake)
{
    char *used = lm__calloc((size_t)layers + 1, 1);
    long free = 0;
    if (!used) return -1;
    for (int i = 0; i < layers; i++) {
        long number = number_of(model->layer[i]->base.name, snake);
        if (number >= 0 && number <= layers) used[number] = 1;
    }
    while (used[free]) free++;
    lm__free(used);
    return free;
}

lm_status lm__model_free_name(const lm_model *model, int layers, const lm__class *class, char name[LM__LAYER_NAME])
{
    char snake[64];
    lm__snake_case(class->name, snake, sizeof snake);
    long number = first_free(model, layers, snake);
    if (number < 0) return lm__no_memory((size_t)layers);
    if (number) snprintf(name, LM__LAYER_NAME, "%s_%ld", snake, number);
    else snprintf(name, LM__LAYER_NAME, "%s", snake);
    return LM_OK;
}

/* Keras's automatic names, but counted within the model: dense, dense_1, … so that equal programs get equal
 * weights. */
static lm_status give_name(const lm_model *model, lm_layer *layer)
{
    char name[LM__LAYER_NAME];
    if (layer->base.name) {
        int other = find_name(model, layer->base.name);
        if (other < 0) return LM_OK;
        return lm__fail(LM_INVALID,
                        "layer %d: the name \"%s\" is taken by layer %d; names must differ within a model",
                        model->nlayers, layer->base.name, other);
    }
    LM_TRY(lm__model_free_name(model, model->nlayers, layer->base.class, name));
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
    if (rank + 1 > LM_MAX_RANK)
        return lm__fail(LM_INVALID, "the input has %d sizes without the batch; %d is the most", rank,
                        LM_MAX_RANK - 1);
    for (int i = 0; i < rank; i++)
        if (sizes[i] < 1 && sizes[i] != LM_ANY)
            return lm__fail(LM_INVALID, "size %d of the input is %lld, but it must be 1 or more, or LM_ANY", i + 1,
                            (long long)sizes[i]);
    model->input.rank = rank + 1;
    model->input.dim[0] = lm__dim_symbol(model->dims, "N");
    if (model->input.dim[0] == LM__DIM_BAD) return lm__no_memory(0);
    for (int i = 0; i < rank; i++) {
        snprintf(symbol, sizeof symbol, "D%d", i + 1);
        model->input.dim[i + 1] = sizes[i] == LM_ANY ? lm__dim_symbol(model->dims, symbol) : sizes[i];
        if (model->input.dim[i + 1] == LM__DIM_BAD) return lm__no_memory(0);
    }
    model->input_dtype = dtype;
    model->has_input = true;
    return LM_OK;
}

/* Weights that a file brings count against what it can hold. */
static lm_status build_weights(lm_model *model, lm_layer *layer)
{
    size_t bytes = 0;
    layer->file_bytes = model->file_bytes;
    LM_TRY(lm__layer_build(layer, &layer->input_shape, model->seed));
    for (int k = 0; k < layer->nweights; k++) bytes += lm_tensor_bytes(layer->weight[k]->value);
    if (!model->file_bytes) return LM_OK;
    if (bytes >= model->file_bytes) return lm__fail(LM_CORRUPT, "the file cannot hold the weights of so many layers");
    model->file_bytes -= bytes;
    return LM_OK;
}

/* One layer on a scratch graph: infers its output, and makes its weights first. */
static lm_status build_layer(lm_model *model, lm_graph *graph, int i, lm_value **x, lm_value *key)
{
    lm_layer *layer = model->layer[i];
    layer->input_shape = (*x)->shape;
    lm_status status = build_weights(model, layer);
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
    if (model->nlayers)
        return lm__fail(LM_INVALID, "layer %d: an input layer must come first, but layer 0 (%s) is there already",
                        model->nlayers, model->layer[0]->base.name);
    if (model->has_input) return lm__fail(LM_INVALID, "a second input layer came; a sequential model has one");
    return set_input(model, shape_length(args->input_shape), args->input_shape, layer->dtype);
}

/* An input_shape further down may only say what is known already. */
static lm_status check_input_shape(const lm_model *model, int rank, const int64_t *sizes)
{
    char got[128], want[128];
    const lm__shape *x = model->nlayers ? &model->output : &model->input;
    bool same = x->rank == rank + 1;
    if (!rank || !model->has_input) return LM_OK;
    for (int i = 0; same && i < rank; i++)
        same = sizes[i] == LM_ANY || !lm__dim_known(x->dim[i + 1]) || sizes[i] == x->dim[i + 1];
    if (same) return LM_OK;
    lm__shape_text(rank, sizes, got, sizeof got);
    lm__shape_print(model->dims, x, want, sizeof want);
    return lm__fail(LM_INVALID, "layer %d: its input_shape is %s, but what comes in has shape %s; leave it out",
                    model->nlayers, got, want);
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
    LM_TRY(check_input_shape(model, rank, args->input_shape));
    LM_TRY(give_name(model, layer));
    if (layer->built) LM_TRY(lm__layer_name_weights(layer));        /* adapted before it came into a model */
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
    if (status && layer && lm_failed(layer)) lm__fail_in("%s", what);
    if (!status) {
        lm__model_drop_steps(model);
        model->compiled = false;
        status = append(model, layer);
    }
    if (status) lm_free(layer);
    return status;
}

/* Forgets the weights of layers that a build which failed has made. */
static void unbuild(lm_model *model)
{
    for (int i = 0; i < model->nlayers; i++) {
        lm_layer *layer = model->layer[i];
        for (int k = 0; k < layer->nweights; k++) lm_free(layer->weight[k]);
        layer->nweights = 0, layer->built = false;
    }
    model->has_input = false;
}

lm_status lm__model_build(lm_model *model, int rank, const int64_t *dims)
{
    if (rank < 0 || rank > LM_MAX_RANK || (rank && !dims))
        return lm__fail(LM_INVALID, "lm_build got %d sizes%s; at most %d", rank, dims ? "" : " at NULL", LM_MAX_RANK);
    if (model->built) return rank ? lm__model_takes(model, "lm_build got", rank, dims) : LM_OK;
    if (!model->nlayers) return lm__fail(LM_INVALID, "the model has no layers; add some with lm_sequential_add");
    if (rank < 1) return lm__fail(LM_INVALID, "an input needs a batch dimension");
    lm_status status = set_input(model, rank - 1, dims + 1, model->layer[0]->dtype);
    if (!status) status = build_from(model, 0);
    if (status) unbuild(model);
    return status;
}

/* How an array of that shape would get the model's, or "". */
static const char *reshape_hint(const lm_model *model, int rank, const int64_t *dims, char *text, size_t bytes)
{
    double have = 1, want = 1;
    bool example = rank == model->input.rank - 1;
    for (int i = 1; i < model->input.rank; i++) {
        if (!lm__dim_known(model->input.dim[i])) return "";
        want *= (double)model->input.dim[i];
        example &= i > rank || dims[i - 1] == model->input.dim[i];
    }
    for (int i = 1; i < rank; i++) have *= (double)dims[i];
    if (!example && (have != want || rank < 2)) return "";
    int n = snprintf(text, bytes, "; lm_tensor_reshape_to(x, %s", example ? "1" : "-1");
    for (int i = 1; i < model->input.rank; i++)
        n += snprintf(text + n, bytes - (size_t)n, ", %lld", (long long)model->input.dim[i]);
    snprintf(text + n, bytes - (size_t)n, example ? ") makes it a batch of one" : ") makes them fit");
    return text;
}

lm_status lm__model_takes(const lm_model *model, const char *what, int rank, const int64_t *dims)
{
    char got[128], want[128], hint[256];
    bool same = rank == model->input.rank;
    for (int i = 1; same && i < rank; i++)
        same = !lm__dim_known(model->input.dim[i]) || dims[i] == LM_ANY || model->input.dim[i] == dims[i];
    if (same) return LM_OK;
    lm__shape shape = lm__shape_of(rank, dims);
    for (int i = 0; i < rank; i++)
        if (dims[i] == LM_ANY) shape.dim[i] = model->input.dim[0];
    lm__shape_print(model->dims, &shape, got, sizeof got);
    lm__shape_print(model->dims, &model->input, want, sizeof want);
    return lm__fail(LM_INVALID, "%s shape %s, but the model takes %s%s", what, got, want,
                    reshape_hint(model, rank, dims, hint, sizeof hint));
}

lm_value *lm__model_input(const lm_model *model, lm_value *x)
{
    bool kept = model->nlayers && lm__layer_takes_numbers(model->layer[0]);
    if (lm__bad(x) || (kept && lm__is_integer(x->dtype))) return x;
    return lm__cast_to(x, model->input_dtype);
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
