/* train/symbol.c: see symbol.h. */
#include "train/symbol.h"

#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

/* A program neither retains nor frees symbols; where it does, nothing happens. */
enum { HELD = 1 << 24 };

static lm_symbol poisoned;
const lm__type lm__symbol_type = {.name = "symbol", .poisoned = &poisoned.object, .bytes = sizeof(lm_symbol)};
static lm_symbol poisoned = {.object = LM__POISON(&lm__symbol_type)};

/* --- sketches --------------------------------------------------------------------------------------------------- */

lm__sketch *lm__sketch_new(void)
{
    lm__sketch *sketch = lm__calloc(1, sizeof *sketch);
    if (sketch) sketch->program = true;
    else lm__no_memory(sizeof *sketch);
    return sketch;
}

static lm__sketch *root(lm__sketch *sketch)
{
    while (sketch && sketch->into) sketch = sketch->into;
    return sketch;
}

lm__sketch *lm__sketch_of(const lm_symbol *symbol) { return root(symbol->sketch); }

static void free_symbol(lm_symbol *symbol)
{
    if (symbol->layer && symbol->layer->symbol == symbol) symbol->layer->symbol = NULL;
    lm_free(symbol->layer);
    lm__free(symbol->in);
    lm__free(symbol->object.message);
    lm__free(symbol);
}

static void free_if_unheld(lm__sketch *sketch)
{
    if (sketch->program || atomic_load(&sketch->models)) return;
    for (int i = 0; i < sketch->count; i++) free_symbol(sketch->symbol[i]);
    lm__free(sketch->symbol);
    while (sketch) {
        lm__sketch *next = sketch->joined;
        lm__free(sketch);
        sketch = next;
    }
}

void lm__sketch_take(lm__sketch *sketch)
{
    sketch = root(sketch);
    atomic_fetch_add(&sketch->models, 1);
    sketch->program = false;
}

void lm__sketch_release(lm__sketch *sketch)
{
    sketch = root(sketch);
    if (!sketch) return;
    atomic_fetch_sub(&sketch->models, 1);
    free_if_unheld(sketch);
}

lm__sketch *lm__sketch_join(lm__sketch *a, lm__sketch *b)
{
    a = root(a), b = root(b);
    if (!a || !b || a == b) return a ? a : b;
    for (int i = 0; i < b->count; i++)
        if (lm__grow(&a->symbol, (size_t)(a->count + i), &a->capacity, sizeof *a->symbol)) {
            lm__no_memory(sizeof *a->symbol);
            return NULL;
        }
    if (b->count) memcpy(a->symbol + a->count, b->symbol, (size_t)b->count * sizeof *b->symbol);
    a->count += b->count, b->count = 0;
    lm__free(b->symbol);
    b->symbol = NULL;
    atomic_fetch_add(&a->models, atomic_load(&b->models));
    a->program |= b->program;
    lm__sketch *last = b;
    while (last->joined) last = last->joined;
    last->joined = a->joined, a->joined = b;
    b->into = a;
    return a;
}

/* Whether it is a layer, sound or not, but for the static one that is nobody's. */
static bool is_layer(const void *object)
{
    return object && ((const lm__object *)object)->type == &lm__layer_type && object != lm__layer_type.poisoned;
}

/* --- symbols ---------------------------------------------------------------------------------------------------- */

static lm_status fill(lm_symbol *symbol, lm__sketch *sketch, int nin, lm_symbol *const *in)
{
    size_t bytes = (size_t)nin * sizeof *in;
    if (nin && !(symbol->in = lm__alloc(bytes))) return lm__no_memory(bytes);
    if (nin) memcpy(symbol->in, in, bytes);
    symbol->nin = nin;
    if (lm__grow(&sketch->symbol, (size_t)sketch->count, &sketch->capacity, sizeof *sketch->symbol))
        return lm__no_memory(sizeof *sketch->symbol);
    sketch->symbol[sketch->count++] = symbol;
    sketch->program = true;
    return LM_OK;
}

lm_symbol *lm__symbol_new(lm__sketch *sketch, lm_layer *layer, const lm__call_options *options, int nin,
                          lm_symbol *const *in)
{
    lm_symbol *symbol = lm__object_new(&lm__symbol_type, sizeof *symbol);
    if (lm_failed(symbol) || fill(symbol, root(sketch), nin, in)) {
        if (!lm_failed(symbol)) lm__free(symbol->in), lm__free(symbol);
        lm_free(layer);
        return &poisoned;
    }
    atomic_store(&symbol->object.references, HELD);
    symbol->sketch = root(sketch);
    symbol->layer = layer;
    if (options) symbol->options = *options;
    if (is_layer(layer)) {
        symbol->number = layer->calls++;
        if (!layer->symbol) layer->symbol = symbol;
    }
    return symbol;
}

static bool is_input(const lm_layer *layer) { return !strcmp(layer->base.class->name, "InputLayer"); }

static lm_status no_symbol(const lm_layer *layer, const char *what)
{
    if (lm_failed(layer)) return lm__fail(lm_status_of(layer), "%s: %s", what, lm_error(layer));
    return lm__fail(LM_INVALID, "%s: a layer (%s) came where what a call gives was expected; call it: lm_call(layer, "
                                "x)", what, layer->base.class->name);
}

/* An lm_input gets its symbol when it is named for the first time. A layer that is no input, and one that failed, get
 * one that carries the error, so that somebody owns them. */
static lm_symbol *symbol_of_layer(lm_layer *layer, const char *what, lm__sketch **sketch)
{
    bool good = !lm_failed(layer), input = good && is_input(layer), owned = layer->symbol;
    lm__sketch *joined = owned ? lm__sketch_join(*sketch, layer->symbol->sketch) : root(*sketch);
    if (!owned && !joined) joined = lm__sketch_new();
    if (!joined) return NULL;
    *sketch = joined;
    if (owned && (input || !good)) return layer->symbol;
    lm_symbol *symbol = lm__symbol_new(joined, lm_retain(layer), NULL, 0, NULL);
    if (lm_failed(symbol)) return NULL;                 /* the layer stays the program's, which will name it again */
    if (!owned) lm_free(layer);
    if (!input) {
        no_symbol(layer, what);
        lm__object_fail(symbol, 1);
    }
    return symbol;
}

lm_symbol *lm__symbol_of(void *object, const char *what, lm__sketch **sketch)
{
    const lm__object *o = object;
    if (is_layer(object)) return symbol_of_layer(object, what, sketch);
    if (!o || o->type != &lm__symbol_type || object == &poisoned) {
        if (lm__object_check(object, &lm__symbol_type, what) && o && o->status)
            lm__fail(o->status, "%s: %s", what, lm_error(o));
        return NULL;
    }
    lm_symbol *symbol = object;
    lm__sketch *joined = lm__sketch_join(*sketch, symbol->sketch);
    if (!joined) return NULL;
    *sketch = joined;
    return symbol;
}

lm_status lm__symbol_options(const lm_layer *layer, const lm__call_options *options)
{
    const char *obeyed = ((const lm__layer_class *)layer->base.class)->options;
    if (!options->use_causal_mask || (obeyed && lm__listed(obeyed, "use_causal_mask"))) return LM_OK;
    return lm__fail(LM_INVALID, "%s takes no use_causal_mask in its call", layer->base.class->name);
}

/* --- lm_call ---------------------------------------------------------------------------------------------------- */

/* in[i] of each input. All are looked at, so that all have their owner; the first error stays recorded. */
static lm_status take_inputs(const char *call, size_t count, void *const *inputs, lm_symbol **in, lm__sketch **sketch)
{
    char what[160], error[1024];
    lm_status first = LM_OK;
    for (size_t i = 0; i < count; i++) {
        snprintf(what, sizeof what, "%s: input %zu", call, i);
        in[i] = lm__symbol_of(inputs[i], what, sketch);
        lm_status status = in[i] ? lm_status_of(in[i]) : lm_last_status();
        if (first || !status) continue;
        first = status;
        snprintf(error, sizeof error, "%s", in[i] ? lm_error(in[i]) : lm_last_error());
    }
    return first ? lm__fail(first, "%s", error) : LM_OK;
}

static lm_status check_call(const char *call, const lm_layer *layer, const lm__call_options *options, size_t count)
{
    LM_TRY(lm__object_check(layer, &lm__layer_type, call));
    if (is_input(layer))
        return lm__fail(LM_INVALID, "%s: an input is not called; it is what layers are called on", call);
    if (count > LM__CALL_INPUTS)
        return lm__fail(LM_INVALID, "%s: %zu inputs; a call takes at most %d", call, count, LM__CALL_INPUTS);
    if (lm__symbol_options(layer, options) || lm__layer_takes(layer, (int)count)) return lm__fail_in("%s", call);
    return LM_OK;
}

lm_symbol *lm__symbol_call(lm_layer *layer, size_t count, void *const *inputs, const lm__call_options *options)
{
    char call[120] = "lm_call";
    lm_symbol *in[LM__CALL_INPUTS];
    lm__sketch *sketch = NULL;
    bool owned = is_layer(layer) && layer->symbol;
    if (is_layer(layer) && !lm_failed(layer))
        snprintf(call, sizeof call, "lm_call(%s)", layer->base.name ? layer->base.name : layer->base.class->name);
    if (owned) sketch = layer->symbol->sketch;
    lm_status status = take_inputs(call, count > LM__CALL_INPUTS ? LM__CALL_INPUTS : count, inputs, in, &sketch);
    if (!status) status = check_call(call, layer, options, count);
    if (!sketch && !(sketch = lm__sketch_new())) {
        if (is_layer(layer)) lm_free(layer);
        return &poisoned;
    }
    if (!is_layer(layer)) layer = NULL;
    if (owned) lm_retain(layer);
    lm_symbol *symbol = lm__symbol_new(sketch, layer, options, status ? 0 : (int)count, in);
    return status && !lm_failed(symbol) ? lm__object_fail(symbol, 1) : symbol;
}
