/* formats/keras_graph.c: Functional models: which layer is called on what, out of Keras's inbound_nodes.
 *
 * All names and numbers are looked at, and loops refused, before a symbol is made; weights come last. */
#include "base/alloc.h"
#include "base/arena.h"
#include "formats/keras.h"
#include "train/symbol.h"

#include <stdlib.h>
#include <string.h>

enum { NAMED_INPUTS = 8 };              /* query, value, key, …: of a layer whose inputs have names */

/* What a call takes: the result of a call of a layer. */
typedef struct place {
    const char *layer;
    json_int_t call;
} place;

typedef struct call {
    int layer, nin, first;              /* its inputs are graph.in[first …] */
    lm__call_options options;
    enum { NEW, OPEN, DONE } state;
    int next;                           /* of its inputs, while OPEN */
    lm_symbol *symbol;
} call;

typedef struct layer {
    const char *name;
    const json_t *json;
    lm_layer *made;                     /* owned until it has a symbol */
    int first, ncalls;                  /* graph.call[first …] */
} layer;

typedef struct graph {
    lm__arena *arena;
    layer *layer, **sorted;             /* in the file's order; by name */
    call *call;
    place *place;
    int *in;                            /* calls, by number */
    int nlayers, ncalls, nplaces;
    size_t places_capacity, calls_capacity;
    lm__sketch *sketch;
} graph;

static const char *text(const json_t *value) { return json_string_value(value) ? json_string_value(value) : ""; }

static lm_status refuse(const layer *l, const char *why)
{
    return lm__fail(LM_UNSUPPORTED, "layer %s %s", l->name, why);
}

/* --- one call -------------------------------------------------------------------------------------------------- */

/* ["layer", call, output], with arguments behind it in Keras 2. */
static lm_status read_place(const json_t *json, place *out)
{
    const json_t *name = json_array_get(json, 0), *number = json_array_get(json, 1);
    const json_t *output = json_array_get(json, 2);
    bool good = json_is_string(name) && json_is_integer(number) && json_is_integer(output);
    if (!good || json_integer_value(number) < 0)
        return lm__fail(LM_CORRUPT, "a place in its graph is no [layer, call, output]");
    *out = (place){json_string_value(name), json_integer_value(number)};
    if (json_integer_value(output))
        return lm__fail(LM_UNSUPPORTED, "output %lld of layer %s is used; layers have one here",
                        (long long)json_integer_value(output), out->layer);
    return LM_OK;
}

static bool is_tensor(const json_t *json)
{
    return !strcmp(text(json_object_get(json, "class_name")), "__keras_tensor__");
}

/* A tensor among the arguments: Keras 3's object, or Keras 2's list. */
static lm_status read_tensor(const json_t *json, place *out)
{
    if (json_is_array(json)) return read_place(json, out);
    if (!is_tensor(json)) return lm__fail(LM_UNSUPPORTED, "a call takes something that no layer gives");
    return read_place(json_object_get(json_object_get(json, "config"), "keras_history"), out);
}

static lm_status add_place(graph *g, call *c, const place *p)
{
    if (lm__grow(&g->place, (size_t)g->nplaces, &g->places_capacity, sizeof *g->place))
        return lm__no_memory(sizeof *g->place);
    g->place[g->nplaces++] = *p;
    c->nin++;
    return LM_OK;
}

/* Which of "query|value|key" the word is; -1: none. */
static int word_of(const char *list, const char *word)
{
    size_t n = strlen(word);
    for (int i = 0; list; i++) {
        if (!strncmp(list, word, n) && (list[n] == '|' || !list[n])) return i;
        list = strchr(list, '|');
        if (list) list++;
    }
    return -1;
}

/* An argument given by name that is no input. None and False ask for nothing; `training` is what it was when the
 * model was put together, and each run of the model says it anew. */
static lm_status read_option(const layer *l, call *c, const char *key, const json_t *value)
{
    if (json_is_null(value) || json_is_false(value) || !strcmp(key, "training")) return LM_OK;
    if (!strcmp(key, "use_causal_mask") && json_is_true(value)) {
        c->options.use_causal_mask = true;
        return LM_OK;
    }
    return lm__fail(LM_UNSUPPORTED, "layer %s is called with %s, which Lamina does not have", l->name, key);
}

/* Inputs that are arguments of their own, by place or by name. */
static lm_status read_named(graph *g, const layer *l, call *c, const json_t *args, const json_t *kwargs)
{
    const char *names = ((const lm__layer_class *)l->made->base.class)->input_names, *key;
    place in[NAMED_INPUTS];
    bool given[NAMED_INPUTS] = {false};
    json_t *value;
    size_t i;
    if (json_array_size(args) > NAMED_INPUTS) return refuse(l, "is called with more arguments than it has");
    json_array_foreach((json_t *)args, i, value)
    {
        if (json_is_null(value)) continue;
        LM_TRY(read_tensor(value, &in[i]));
        given[i] = true;
    }
    json_object_foreach((json_t *)kwargs, key, value)
    {
        int at = word_of(names, key);
        bool tensor = at >= 0 && at < NAMED_INPUTS && (is_tensor(value) || json_is_array(value));
        if (!tensor) LM_TRY(read_option(l, c, key, value));
        if (!tensor) continue;
        LM_TRY(read_tensor(value, &in[at]));
        given[at] = true;
    }
    for (int k = 0; k < NAMED_INPUTS; k++) {
        if (!given[k]) continue;
        if (k > c->nin) return refuse(l, "is called without one of its inputs");
        LM_TRY(add_place(g, c, &in[k]));
    }
    return LM_OK;
}

/* One input, or several as a list. */
static lm_status read_plain(graph *g, const layer *l, call *c, const json_t *args, const json_t *kwargs)
{
    const char *key;
    json_t *value;
    size_t i;
    place in;
    json_object_foreach((json_t *)kwargs, key, value) LM_TRY(read_option(l, c, key, value));
    json_array_foreach((json_t *)args, i, value)
    {
        LM_TRY(read_tensor(value, &in));
        LM_TRY(add_place(g, c, &in));
    }
    return LM_OK;
}

/* Keras 3: {"args": [tensor], "kwargs": {}}, or with a list of tensors; Keras 2: [["layer", 0, 0, {}], …]. */
static lm_status read_call(graph *g, const layer *l, call *c, const json_t *node)
{
    const lm__layer_class *class = (const lm__layer_class *)l->made->base.class;
    const json_t *args = json_object_get(node, "args"), *kwargs = json_object_get(node, "kwargs");
    c->first = g->nplaces;
    if (json_is_array(node)) args = node, kwargs = json_array_get(json_array_get(node, 0), 3);
    else if (class->max_inputs && !class->input_names) {
        if (json_array_size(args) != 1 || !json_is_array(json_array_get(args, 0)))
            return refuse(l, "is not called with a list of inputs");
        args = json_array_get(args, 0);
    }
    if (!json_is_array(args)) return lm__fail(LM_CORRUPT, "a call of layer %s has no arguments", l->name);
    LM_TRY(class->input_names ? read_named(g, l, c, args, kwargs) : read_plain(g, l, c, args, kwargs));
    if (lm__layer_takes(l->made, c->nin) || lm__symbol_options(l->made, &c->options))
        return lm__fail_in("layer %s", l->name);
    return LM_OK;
}

/* --- all of them ----------------------------------------------------------------------------------------------- */

static const char *name_of(const json_t *json)
{
    const json_t *name = json_object_get(json, "name");
    return text(name ? name : json_object_get(json_object_get(json, "config"), "name"));
}

static bool is_input(const layer *l) { return !strcmp(l->made->base.class->name, "InputLayer"); }

static lm_status add_call(graph *g, int index, const json_t *node)
{
    call c = {.layer = index};
    if (g->ncalls == LM__KERAS_MAX_LAYERS)
        return lm__fail(LM_CORRUPT, "its layers are called more than %d times", LM__KERAS_MAX_LAYERS);
    if (lm__grow(&g->call, (size_t)g->ncalls, &g->calls_capacity, sizeof *g->call))
        return lm__no_memory(sizeof *g->call);
    if (node) LM_TRY(read_call(g, &g->layer[index], &c, node));
    g->call[g->ncalls++] = c;
    g->layer[index].ncalls++;
    return LM_OK;
}

static lm_status add_layer(graph *g, int index, const json_t *json)
{
    layer *l = &g->layer[index];
    json_t *node;
    size_t i;
    *l = (layer){.name = name_of(json), .json = json, .first = g->ncalls};
    g->nlayers = index + 1;
    l->made = lm__keras_layer(json, l->name);
    if (lm_failed(l->made)) {
        lm__fail(lm_status_of(l->made), "%s", lm_error(l->made));
        return lm__fail_in("layer %d", index);
    }
    if (!*l->name) return lm__fail(LM_CORRUPT, "layer %d has no name", index);
    if (is_input(l)) return add_call(g, index, NULL);
    json_array_foreach(json_object_get(json, "inbound_nodes"), i, node) LM_TRY(add_call(g, index, node));
    return LM_OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(layer *const *)a)->name, (*(layer *const *)b)->name);
}

static lm_status sort_names(graph *g)
{
    for (int i = 0; i < g->nlayers; i++) g->sorted[i] = &g->layer[i];
    qsort(g->sorted, (size_t)g->nlayers, sizeof *g->sorted, by_name);
    for (int i = 1; i < g->nlayers; i++)
        if (!strcmp(g->sorted[i - 1]->name, g->sorted[i]->name))
            return lm__fail(LM_CORRUPT, "two of its layers are named \"%s\"", g->sorted[i]->name);
    return LM_OK;
}

/* The call that is meant; -1 with the error recorded. */
static int find(const graph *g, const place *p)
{
    layer key = {.name = p->layer}, *wanted = &key;
    layer **found = bsearch(&wanted, g->sorted, (size_t)g->nlayers, sizeof *g->sorted, by_name);
    if (found && p->call < (*found)->ncalls) return (*found)->first + (int)p->call;
    if (found)
        lm__fail(LM_CORRUPT, "call %lld of layer %s is wanted, but it has %d", (long long)p->call, p->layer,
                 (*found)->ncalls);
    else lm__fail(LM_CORRUPT, "its graph names a layer \"%s\", which it does not have", p->layer);
    return -1;
}

static lm_status read_layers(graph *g, const json_t *layers)
{
    size_t n = json_array_size(layers), i;
    json_t *json;
    if (!json_is_array(layers) || !n || n > LM__KERAS_MAX_LAYERS)
        return lm__fail(LM_CORRUPT, "its config has no list of layers, or more than %d", LM__KERAS_MAX_LAYERS);
    g->layer = lm__arena_alloc(g->arena, n * sizeof *g->layer);
    g->sorted = lm__arena_alloc(g->arena, n * sizeof *g->sorted);
    if (!g->layer || !g->sorted) return lm__no_memory(n * sizeof *g->layer);
    json_array_foreach((json_t *)layers, i, json) LM_TRY(add_layer(g, (int)i, json));
    LM_TRY(sort_names(g));
    g->in = lm__arena_alloc(g->arena, ((size_t)g->nplaces + 1) * sizeof *g->in);
    if (!g->in) return lm__no_memory((size_t)g->nplaces * sizeof *g->in);
    for (int k = 0; k < g->nplaces; k++)
        if ((g->in[k] = find(g, &g->place[k])) < 0) return lm_last_status();
    return LM_OK;
}

/* --- symbols --------------------------------------------------------------------------------------------------- */

/* Those of its inputs are made. */
static lm_status make_symbol(graph *g, call *c, lm_symbol **in)
{
    layer *l = &g->layer[c->layer];
    for (int k = 0; k < c->nin; k++) in[k] = g->call[g->in[c->first + k]].symbol;
    lm_layer *made = l->made->symbol ? lm_retain(l->made) : l->made;
    c->symbol = lm__symbol_new(g->sketch, made, &c->options, c->nin, in);
    if (lm_failed(c->symbol)) {
        if (!l->made->symbol) l->made = NULL;           /* it was given back */
        return lm__no_memory(sizeof *c->symbol);
    }
    c->symbol->number = (int)(c - g->call) - l->first;
    c->state = DONE;
    return LM_OK;
}

/* From a call down to what it needs first, without recursion. `stack` has room for every call. */
static lm_status make_from(graph *g, int start, int *stack, lm_symbol **in)
{
    int n = 0;
    if (g->call[start].state == DONE) return LM_OK;
    stack[n++] = start;
    while (n) {
        call *c = &g->call[stack[n - 1]];
        c->state = OPEN;
        if (c->next == c->nin) {
            LM_TRY(make_symbol(g, c, in));
            n--;
            continue;
        }
        int needed = g->in[c->first + c->next++];
        if (g->call[needed].state == OPEN)
            return lm__fail(LM_CORRUPT, "layer %s depends on what it gives itself",
                            g->layer[g->call[needed].layer].name);
        if (g->call[needed].state == NEW) stack[n++] = needed;
    }
    return LM_OK;
}

static lm_status make_symbols(graph *g)
{
    int *stack = lm__arena_alloc(g->arena, ((size_t)g->ncalls + 1) * sizeof *stack);
    lm_symbol **in = lm__arena_alloc(g->arena, ((size_t)g->nplaces + 1) * sizeof *in);
    if (!stack || !in) return lm__no_memory((size_t)g->ncalls * sizeof *stack);
    g->sketch = lm__sketch_new();
    if (!g->sketch) return LM_NO_MEMORY;
    for (int i = 0; i < g->ncalls; i++) LM_TRY(make_from(g, i, stack, in));
    return LM_OK;
}

/* --- inputs, outputs, the model -------------------------------------------------------------------------------- */

/* ["layer", 0, 0], or a list of those, or an object of them. */
static lm_status read_ends(const graph *g, const json_t *json, const char *what, int most, lm_symbol **out,
                           int *count)
{
    bool one = json_is_array(json) && json_is_string(json_array_get(json, 0));
    size_t n = one ? 1 : json_array_size(json);
    if (json_is_object(json))
        return lm__fail(LM_UNSUPPORTED, "its %ss have names; Lamina tells them by their order", what);
    if (!n) return lm__fail(LM_CORRUPT, "it has no list of %ss", what);
    if (n > (size_t)most) return lm__fail(LM_UNSUPPORTED, "it has %zu %ss; Lamina takes at most %d", n, what, most);
    for (size_t i = 0; i < n; i++) {
        place p;
        LM_TRY(read_place(one ? json : json_array_get(json, i), &p));
        int at = find(g, &p);
        if (at < 0) return lm_last_status();
        out[i] = g->call[at].symbol;
    }
    *count = (int)n;
    return LM_OK;
}

/* The weights in the file are counted in its order, which is the model's if Keras wrote it. */
static lm_status keep_order(const graph *g, lm_model *model)
{
    int n = 0;
    bool same = true;
    int *filed = lm__alloc(((size_t)model->nlayers + 1) * sizeof *filed);
    if (!filed) return lm__no_memory((size_t)model->nlayers * sizeof *filed);
    for (int i = 0; i < g->nlayers; i++) {
        const layer *l = &g->layer[i];
        int at = l->made && !is_input(l) ? l->made->symbol->layer_place : -1;
        if (at < 0 || at >= model->nlayers || model->layer[at] != l->made) continue;
        same &= at == n;
        filed[n++] = at;
    }
    if (same) lm__free(filed);
    else model->filed = filed;
    return LM_OK;
}

static lm_status read_graph(graph *g, const json_t *config, lm__functional *parts)
{
    g->arena = lm__arena_new();
    if (!g->arena) return lm__no_memory(0);
    LM_TRY(read_layers(g, json_object_get(config, "layers")));
    LM_TRY(make_symbols(g));
    LM_TRY(read_ends(g, json_object_get(config, "input_layers"), "input", LM_MAX_INPUTS, parts->input,
                     &parts->ninputs));
    return read_ends(g, json_object_get(config, "output_layers"), "output", LM_MAX_OUTPUTS, parts->output,
                     &parts->noutputs);
}

lm_model *lm__keras_graph(const json_t *config, const char *name, size_t bytes)
{
    graph g = {0};
    lm__functional parts = {.name = *name ? name : NULL, .file_bytes = bytes};
    lm_status status = read_graph(&g, config, &parts);
    for (int i = 0; i < g.nlayers; i++)
        if (g.layer[i].made && !g.layer[i].made->symbol) {
            lm_free(g.layer[i].made);
            g.layer[i].made = NULL;
        }
    lm_model *model = lm__model_functional(&parts, g.sketch, status);
    if (!lm_failed(model) && keep_order(&g, model)) {
        lm_free(model);
        model = lm__object_poison(&lm__model_type);
    }
    if (g.arena) lm__arena_free(g.arena);
    lm__free(g.call), lm__free(g.place);
    return model;
}
