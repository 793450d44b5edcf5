/* train/build.c: from layers and their calls to shapes and weights. */
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
static long first_free(lm_layer *const *layers, int count, const char *snake)
{
    char *used = lm__calloc((size_t)count + 1, 1);
    long free = 0;
    if (!used) return -1;
    for (int i = 0; i < count; i++) {
        long number = layers[i]->base.name ? number_of(layers[i]->base.name, snake) : -1;
        if (number >= 0 && number <= count) used[number] = 1;
    }
    while (used[free]) free++;
    lm__free(used);
    return free;
}

lm_status lm__free_name(lm_layer *const *layers, int count, const lm__class *class, char name[LM__LAYER_NAME])
{
    char snake[64];
    lm__snake_case(class->name, snake, sizeof snake);
    long number = first_free(layers, count, snake);
    if (number < 0) return lm__no_memory((size_t)count);
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
    LM_TRY(lm__free_name(model->layer, model->nlayers, layer->base.class, name));
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
static lm_status set_input(lm_model *model, int input, int rank, const int64_t *sizes, lm_dtype dtype)
{
    char symbol[32];
    lm__model_node *node = &model->node[input];
    if (rank + 1 > LM_MAX_RANK)
        return lm__fail(LM_INVALID, "the input has %d sizes without the batch; %d is the most", rank,
                        LM_MAX_RANK - 1);
    for (int i = 0; i < rank; i++)
        if (sizes[i] < 1 && sizes[i] != LM_ANY)
            return lm__fail(LM_INVALID, "size %d of the input is %lld, but it must be 1 or more, or LM_ANY", i + 1,
                            (long long)sizes[i]);
    node->shape.rank = rank + 1;
    node->shape.dim[0] = lm__dim_symbol(model->dims, "N");
    if (node->shape.dim[0] == LM__DIM_BAD) return lm__no_memory(0);
    for (int i = 0; i < rank; i++) {
        if (input) snprintf(symbol, sizeof symbol, "D%d_%d", i + 1, input);
        else snprintf(symbol, sizeof symbol, "D%d", i + 1);
        node->shape.dim[i + 1] = sizes[i] == LM_ANY ? lm__dim_symbol(model->dims, symbol) : sizes[i];
        if (node->shape.dim[i + 1] == LM__DIM_BAD) return lm__no_memory(0);
    }
    node->dtype = dtype;
    model->has_input = true;
    return LM_OK;
}

lm_status lm__model_shape_input(lm_model *model, int input, const lm_layer *layer)
{
    const lm__layer_args *args = layer->base.args;
    return set_input(model, input, shape_length(args->input_shape), args->input_shape, layer->dtype);
}

/* --- building --------------------------------------------------------------------------------------------------- */

/* Weights that a file brings count against what it can hold. */
static lm_status build_weights(lm_model *model, lm_layer *layer, int inputs, const lm__shape *shapes)
{
    size_t bytes = 0;
    bool made = layer->built;
    layer->file_bytes = model->file_bytes;
    LM_TRY(lm__layer_build_all(layer, inputs, shapes, model->seed));
    for (int k = 0; !made && k < layer->nweights; k++) bytes += lm_tensor_bytes(layer->weight[k]->value);
    if (!model->file_bytes) return LM_OK;
    if (bytes >= model->file_bytes) return lm__fail(LM_CORRUPT, "the file cannot hold the weights of so many layers");
    model->file_bytes -= bytes;
    return LM_OK;
}

/* A scratch graph, in which one call after the other is made, and the value of each node in it; NULL: not yet. */
typedef struct scratch {
    lm_graph *graph;
    lm_value **value;
} scratch;

/* A call that failed. A layer whose weights were made for another call is told from one that fits nothing. */
static lm_status in_call(const lm_model *model, int node)
{
    int layer = model->node[node].layer;
    bool earlier = false;
    for (int i = 0; i < node; i++) earlier |= model->node[i].layer == layer;
    if (earlier && model->layer[layer]->nweights)
        lm__fail(lm_last_status(), "its weights were made for an earlier call with an input of another shape: %.700s",
                 lm_last_error());
    return in_layer(model, layer);
}

/* One call: makes the layer's weights first, and infers its output. */
static lm_status build_node(lm_model *model, scratch *s, int i)
{
    lm__model_node *node = &model->node[i];
    lm_layer *layer = model->layer[node->layer];
    size_t n = (size_t)node->nin;
    lm_value **in = lm__arena_alloc(s->graph->arena, n * sizeof *in);
    lm__shape *shape = lm__arena_alloc(s->graph->arena, n * sizeof *shape);
    if (!in || !shape) return lm__no_memory(n * sizeof *shape);
    for (int k = 0; k < node->nin; k++) in[k] = s->value[node->in[k]], shape[k] = in[k]->shape;
    if (build_weights(model, layer, node->nin, shape)) return in_call(model, i);
    lm__layer_call call = {.graph = s->graph, .options = node->options};
    lm_value *y = lm__layer_call_on_all(layer, &call, node->nin, in);
    if (lm_failed(s->graph) || lm__bad(y)) {
        lm__object_check(s->graph, &lm__graph_type, "model");
        return in_call(model, i);
    }
    node->shape = y->shape, node->dtype = lm__cast_out(y)->dtype;
    s->value[i] = y;
    return LM_OK;
}

/* The result of a node that was built before, or an input. */
static lm_status known_node(const lm_model *model, scratch *s, int i)
{
    int64_t dims[LM_MAX_RANK];
    const lm__model_node *node = &model->node[i];
    if (s->value[i]) return LM_OK;
    lm_value *x = lm_placeholder_new(s->graph, "x", node->dtype, lm__model_sizes(model, i, dims), dims);
    if (lm__bad(x)) return lm__object_check(s->graph, &lm__graph_type, "model");
    x->shape = node->shape;
    s->value[i] = x;
    return LM_OK;
}

static lm_status build_nodes(lm_model *model, scratch *s, int first)
{
    for (int i = first; i < model->nnodes; i++) {
        const lm__model_node *node = &model->node[i];
        for (int k = 0; k < node->nin; k++) LM_TRY(known_node(model, s, node->in[k]));
        LM_TRY(build_node(model, s, i));
    }
    return LM_OK;
}

/* From the call at node `first` on; what comes before it is built. */
lm_status lm__model_build_from(lm_model *model, int first)
{
    size_t nodes = (size_t)model->nnodes;
    scratch s = {.graph = lm__graph_new(&lm__ops, model->dims), .value = lm__calloc(nodes, sizeof *s.value)};
    lm_status status = lm__object_check(s.graph, &lm__graph_type, "model");
    if (!status && !s.value) status = lm__no_memory(nodes * sizeof *s.value);
    if (!status) status = build_nodes(model, &s, first);
    if (!status) model->built = true;
    lm_free(s.graph);
    lm__free(s.value);
    return status;
}

/* --- a stack ---------------------------------------------------------------------------------------------------- */

/* An InputLayer is not kept among the layers: it says what comes in. */
static lm_status take_input_layer(lm_model *model, lm_layer *layer)
{
    if (model->nlayers)
        return lm__fail(LM_INVALID, "layer %d: an input layer must come first, but layer 0 (%s) is there already",
                        model->nlayers, model->layer[0]->base.name);
    if (model->has_input) return lm__fail(LM_INVALID, "a second input layer came; a sequential model has one");
    return lm__model_shape_input(model, 0, layer);
}

/* An input_shape further down may only say what is known already. */
static lm_status check_input_shape(const lm_model *model, int rank, const int64_t *sizes)
{
    char got[128], want[128];
    const lm__shape *x = &lm__model_output(model, 0)->shape;
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

static void drop_last(lm_model *model)
{
    lm__free(model->node[--model->nnodes].in);
    model->nlayers--;
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
    if (rank && !model->nlayers && !model->has_input)
        LM_TRY(set_input(model, 0, rank, args->input_shape, layer->dtype));
    LM_TRY(lm__model_add_node(model, (lm__model_node){.layer = model->nlayers, .nin = 1}, &model->output[0]));
    model->layer[model->nlayers++] = layer;
    lm_status status = model->has_input ? lm__model_build_from(model, model->nnodes - 1) : LM_OK;
    if (status) drop_last(model);
    else model->output[0] = model->nnodes - 1;
    return status;
}

/* Takes over the layer, also on failure. */
lm_status lm__model_add(lm_model *model, lm_layer *layer)
{
    char what[32];
    snprintf(what, sizeof what, "layer %d", model->nlayers);
    lm_status status = lm__object_check(layer, &lm__layer_type, what);
    if (!status && model->functional)
        status = lm__fail(LM_INVALID, "a functional model takes no more layers; call them on its symbols, and make "
                                      "another model with lm_functional");
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
    if (model->built) return rank ? lm__model_takes(model, 0, "lm_build got", rank, dims) : LM_OK;
    if (!model->nlayers) return lm__fail(LM_INVALID, "the model has no layers; add some with lm_sequential_add");
    if (rank < 1) return lm__fail(LM_INVALID, "an input needs a batch dimension");
    lm_status status = set_input(model, 0, rank - 1, dims + 1, model->layer[0]->dtype);
    if (!status) status = lm__model_build_from(model, 1);
    if (status) unbuild(model);
    return status;
}
