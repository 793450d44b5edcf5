/* train/functional.c: a model of any directed graph of layers, from symbols.
 *
 * Layers and calls stand in Keras's order, by which its files count them: what is furthest from the outputs first, of
 * equals what a walk from the outputs meets first. */
#include "train/symbol.h"

#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

enum { UNSEEN = -1 };

/* A place in an order: sorted by key, then as they were. */
typedef struct ranked {
    int64_t key;
    int index;
} ranked;

/* What a walk from the outputs finds. Calls by lm_symbol.place, layers by their first one's layer_place. */
typedef struct walk {
    int room;                           /* symbols in the sketch */
    lm_symbol **call;                   /* each behind what it takes */
    int *depth, *turn;                  /* of each: its longest way to an output; the order of hearing of it */
    int ncalls, turns;
    lm_layer **layer;                   /* as the walk meets them */
    int *layer_depth;
    int nlayers;
    ranked *call_order, *layer_order;
    int *node;                          /* of each call in the model */
} walk;

static bool is_input(const lm_symbol *symbol) { return !strcmp(symbol->layer->base.class->name, "InputLayer"); }
static int layer_of(const lm_symbol *symbol) { return symbol->layer->symbol->layer_place; }

static lm_status begin(walk *w, const lm__sketch *sketch)
{
    size_t n = (size_t)sketch->count + 1;
    *w = (walk){.room = sketch->count};
    w->call = lm__calloc(n, sizeof *w->call), w->layer = lm__calloc(n, sizeof *w->layer);
    w->depth = lm__calloc(n, sizeof *w->depth), w->turn = lm__calloc(n, sizeof *w->turn);
    w->layer_depth = lm__calloc(n, sizeof *w->layer_depth), w->node = lm__calloc(n, sizeof *w->node);
    w->call_order = lm__calloc(n, sizeof *w->call_order), w->layer_order = lm__calloc(n, sizeof *w->layer_order);
    for (int i = 0; i < sketch->count; i++) sketch->symbol[i]->place = sketch->symbol[i]->layer_place = UNSEEN;
    bool all = w->call && w->layer && w->depth && w->turn && w->layer_depth && w->node;
    return all && w->call_order && w->layer_order ? LM_OK : lm__no_memory(n * sizeof *w->call);
}

static void end(walk *w)
{
    lm__free(w->call), lm__free(w->layer), lm__free(w->depth), lm__free(w->turn);
    lm__free(w->layer_depth), lm__free(w->node), lm__free(w->call_order), lm__free(w->layer_order);
}

/* --- the walk -------------------------------------------------------------------------------------------------- */

/* A symbol on the way, and which of its inputs comes next. */
typedef struct step {
    lm_symbol *symbol;
    int next;
} step;

static void enter(walk *w, lm_symbol *symbol)
{
    lm_symbol *first = symbol->layer->symbol;
    symbol->place = w->room;            /* under way: no number yet */
    if (first->layer_place != UNSEEN) return;
    first->layer_place = w->nlayers;
    w->layer[w->nlayers++] = symbol->layer;
}

/* Down to the inputs and up again, without recursion: a model may be thousands of layers deep. */
static void walk_from(walk *w, step *stack, lm_symbol *output)
{
    int n = 0;
    if (output->place != UNSEEN) return;
    enter(w, output);
    stack[n++] = (step){output, 0};
    while (n) {
        step *top = &stack[n - 1];
        if (top->next == top->symbol->nin) {
            top->symbol->place = w->ncalls;
            w->call[w->ncalls++] = top->symbol;
            n--;
            continue;
        }
        lm_symbol *in = top->symbol->in[top->next++];
        if (in->place != UNSEEN) continue;
        enter(w, in);
        stack[n++] = (step){in, 0};
    }
}

static void hear_of(walk *w, int call)
{
    if (w->turn[call] == UNSEEN) w->turn[call] = w->turns++;
}

/* A layer that is called several times is as deep as its deepest call so far. */
static void measure(walk *w)
{
    for (int i = 0; i < w->ncalls; i++) w->turn[i] = UNSEEN;
    for (int i = w->ncalls - 1; i >= 0; i--) {
        const lm_symbol *symbol = w->call[i];
        int *layer = &w->layer_depth[layer_of(symbol)];
        hear_of(w, i);
        if (w->depth[i] > *layer) *layer = w->depth[i];
        w->depth[i] = *layer;
        for (int k = 0; k < symbol->nin; k++) {
            int in = symbol->in[k]->place;
            hear_of(w, in);
            if (w->depth[in] <= w->depth[i]) w->depth[in] = w->depth[i] + 1;
        }
    }
}

static int by_key(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Deepest first, then by turn. */
static int64_t key_of(int depth, int turn) { return (int64_t)turn - ((int64_t)depth << 32); }

static void sort(walk *w)
{
    for (int i = 0; i < w->ncalls; i++) w->call_order[i] = (ranked){key_of(w->depth[i], w->turn[i]), i};
    for (int i = 0; i < w->nlayers; i++) w->layer_order[i] = (ranked){key_of(w->layer_depth[i], i), i};
    qsort(w->call_order, (size_t)w->ncalls, sizeof(ranked), by_key);
    qsort(w->layer_order, (size_t)w->nlayers, sizeof(ranked), by_key);
}

/* Inputs that no output depends on stand before the layers that are outputs, as in Keras. */
static void add_unused(walk *w, const lm__functional *parts)
{
    for (int i = 0; i < parts->ninputs; i++) {
        lm_symbol *in = parts->input[i];
        if (in->place != UNSEEN) continue;
        in->place = w->ncalls, in->layer_place = w->nlayers;
        w->call_order[w->ncalls] = (ranked){key_of(0, -1), w->ncalls};
        w->layer_order[w->nlayers] = (ranked){key_of(0, -1), w->nlayers};
        w->call[w->ncalls++] = in;
        w->layer[w->nlayers++] = in->layer;
    }
    qsort(w->call_order, (size_t)w->ncalls, sizeof(ranked), by_key);
    qsort(w->layer_order, (size_t)w->nlayers, sizeof(ranked), by_key);
}

static lm_status walk_all(walk *w, const lm__functional *parts)
{
    step *stack = lm__alloc(((size_t)w->room + 1) * sizeof *stack);
    if (!stack) return lm__no_memory((size_t)w->room * sizeof *stack);
    for (int k = 0; k < parts->noutputs; k++) walk_from(w, stack, parts->output[k]);
    lm__free(stack);
    measure(w);
    sort(w);
    add_unused(w, parts);
    return LM_OK;
}

/* --- what cannot be a model ------------------------------------------------------------------------------------ */

static const char *name_of(const lm_symbol *symbol)
{
    const lm__configured *layer = &symbol->layer->base;
    return layer->name ? layer->name : layer->class->name;
}

static lm_status check_parts(const lm__functional *parts)
{
    if (!parts->ninputs)
        return lm__fail(LM_INVALID, "lm_functional: .inputs is missing, such as {x} with x = lm_input(.shape = {4})");
    if (!parts->noutputs) return lm__fail(LM_INVALID, "lm_functional: .outputs is missing: what lm_call gave last");
    for (int i = 0; i < parts->ninputs; i++) {
        const lm_symbol *in = parts->input[i];
        if (lm_failed(in)) return lm__fail(lm_status_of(in), "%s", lm_error(in));
        if (!is_input(in))
            return lm__fail(LM_INVALID, "lm_functional: .inputs[%d] is what %s gives; a model begins with lm_input",
                            i, name_of(in));
        for (int k = 0; k < i; k++)
            if (parts->input[k] == in)
                return lm__fail(LM_INVALID, "lm_functional: .inputs has the same input at %d and %d", k, i);
    }
    for (int k = 0; k < parts->noutputs; k++) {
        const lm_symbol *out = parts->output[k];
        if (lm_failed(out)) return lm__fail(lm_status_of(out), "%s", lm_error(out));
        if (is_input(out))
            return lm__fail(LM_INVALID, "lm_functional: .outputs[%d] is an input; no layer makes anything of it", k);
    }
    return LM_OK;
}

/* Every input that an output depends on must be one of the model's. */
static lm_status check_inputs(const walk *w, const lm__functional *parts)
{
    for (int i = 0; i < w->ncalls; i++) {
        bool named = !is_input(w->call[i]);
        for (int k = 0; k < parts->ninputs; k++) named |= parts->input[k] == w->call[i];
        if (!named)
            return lm__fail(LM_INVALID, "lm_functional: an output depends on the input \"%s\", which is not in "
                                        ".inputs", name_of(w->call[i]));
    }
    return LM_OK;
}

/* --- names ----------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp((*(lm_layer *const *)a)->base.name, (*(lm_layer *const *)b)->base.name);
}

static lm_status check_names(lm_layer **layers, int count)
{
    qsort(layers, (size_t)count, sizeof *layers, by_name);
    for (int i = 1; i < count; i++)
        if (!strcmp(layers[i - 1]->base.name, layers[i]->base.name))
            return lm__fail(LM_INVALID, "two layers are named \"%s\"; names must differ within a model",
                            layers[i]->base.name);
    return LM_OK;
}

/* Layers without a name get Keras's, in the order in which they were called. */
static lm_status give_names(const walk *w, const lm__sketch *sketch)
{
    char name[LM__LAYER_NAME];
    for (int i = 0; i < sketch->count; i++) {
        lm_layer *layer = sketch->symbol[i]->layer;
        if (!layer || layer->symbol != sketch->symbol[i] || layer->symbol->layer_place == UNSEEN) continue;
        if (layer->base.name) continue;
        LM_TRY(lm__free_name(w->layer, w->nlayers, layer->base.class, name));
        layer->base.name = lm__strdup(name);
        if (!layer->base.name) return lm__no_memory(strlen(name) + 1);
        if (layer->built) LM_TRY(lm__layer_name_weights(layer));    /* adapted before */
    }
    lm_layer **sorted = lm__alloc((size_t)w->nlayers * sizeof *sorted);
    if (!sorted) return lm__no_memory((size_t)w->nlayers * sizeof *sorted);
    memcpy(sorted, w->layer, (size_t)w->nlayers * sizeof *sorted);
    lm_status status = check_names(sorted, w->nlayers);
    lm__free(sorted);
    return status;
}

/* --- the model ------------------------------------------------------------------------------------------------- */

/* Layers in their order; what Keras lists between them are the inputs. */
static lm_status add_layers(lm_model *model, walk *w, const lm__functional *parts)
{
    for (int i = 0; i < w->nlayers; i++) {
        lm_layer *layer = w->layer[w->layer_order[i].index];
        bool input = is_input(layer->symbol);
        for (int k = 0; k < parts->ninputs; k++)
            if (parts->input[k] == layer->symbol) model->listed[k] = i;
        if (input) continue;
        if (lm__grow(&model->layer, (size_t)model->nlayers, &model->layers_capacity, sizeof *model->layer))
            return lm__no_memory(sizeof *model->layer);
        layer->symbol->layer_place = model->nlayers;
        model->layer[model->nlayers++] = lm_retain(layer);
    }
    return LM_OK;
}

static lm_status add_inputs(lm_model *model, walk *w, const lm__functional *parts)
{
    for (int i = 0; i < parts->ninputs; i++) {
        lm_symbol *in = parts->input[i];
        LM_TRY(lm__model_add_node(model, (lm__model_node){.layer = -1}, NULL));
        w->node[in->place] = i;
        model->input[i] = lm_retain(in->layer);
        LM_TRY(lm__model_shape_input(model, i, in->layer));
    }
    model->ninputs = parts->ninputs;
    return LM_OK;
}

static lm_status add_call(lm_model *model, walk *w, int call)
{
    const lm_symbol *symbol = w->call[call];
    int *in = lm__alloc((size_t)symbol->nin * sizeof *in);
    if (!in) return lm__no_memory((size_t)symbol->nin * sizeof *in);
    for (int k = 0; k < symbol->nin; k++) in[k] = w->node[symbol->in[k]->place];
    w->node[call] = model->nnodes;
    lm__model_node node = {.layer = layer_of(symbol), .number = symbol->number, .nin = symbol->nin,
                           .options = symbol->options};
    lm_status status = lm__model_add_node(model, node, in);
    lm__free(in);
    return status;
}

/* A layer's calls are counted without those that belong to other models. */
static void number_calls(lm_model *model, walk *w)
{
    int n = 0, before = -1, number = 0;
    for (int i = model->ninputs; i < model->nnodes; i++) {
        const lm__model_node *node = &model->node[i];
        w->call_order[n++] = (ranked){((int64_t)node->layer << 32) + node->number, i};
    }
    qsort(w->call_order, (size_t)n, sizeof(ranked), by_key);
    for (int i = 0; i < n; i++) {
        lm__model_node *node = &model->node[w->call_order[i].index];
        number = node->layer == before ? number + 1 : 0;
        before = node->layer;
        node->number = number;
    }
}

static lm_status fill(lm_model *model, walk *w, const lm__functional *parts)
{
    LM_TRY(add_inputs(model, w, parts));
    LM_TRY(add_layers(model, w, parts));
    for (int i = 0; i < w->ncalls; i++) {
        int call = w->call_order[i].index;
        if (!is_input(w->call[call])) LM_TRY(add_call(model, w, call));
    }
    for (int k = 0; k < parts->noutputs; k++) model->output[k] = w->node[parts->output[k]->place];
    model->noutputs = parts->noutputs;
    number_calls(model, w);
    return lm__model_build_from(model, model->ninputs);
}

static lm_status assemble(lm_model *model, const lm__functional *parts, const lm__sketch *sketch)
{
    walk w = {0};
    LM_TRY(check_parts(parts));
    lm_status status = begin(&w, sketch);
    if (!status) status = walk_all(&w, parts);
    if (!status) status = give_names(&w, sketch);
    if (!status) status = check_inputs(&w, parts);
    if (!status) status = fill(model, &w, parts);
    end(&w);
    return status;
}

lm_model *lm__model_functional(const lm__functional *parts, lm__sketch *sketch, lm_status status)
{
    const void *nothing = lm__model_type.poisoned;
    lm_model *model = status ? lm__object_poison(&lm__model_type)
                             : lm__model_new(parts->name ? parts->name : "functional");
    if (model == nothing) model = lm__object_poison(&lm__model_type);       /* there may be memory again */
    if (sketch) lm__sketch_take(sketch);
    if (model == nothing) {
        lm__sketch_release(sketch);
        return model;
    }
    model->sketch = sketch;
    if (lm_failed(model)) return model;
    model->functional = true;
    model->file_bytes = parts->file_bytes;
    if (assemble(model, parts, sketch)) return lm__object_fail(model, 1);
    model->file_bytes = 0;
    for (int i = 0; i < model->nlayers; i++) model->layer[i]->file_bytes = 0;
    return model;
}
