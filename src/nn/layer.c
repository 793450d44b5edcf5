/* nn/layer.c: what all layers share. */
#include "nn/layer.h"

#include "base/philox.h"
#include "nn/activations/activation.h"

#include <stdio.h>
#include <string.h>

static void destroy(void *object)
{
    lm_layer *layer = object;
    for (int i = 0; i < layer->nweights; i++) lm_free(layer->weight[i]);
    lm__configured_destroy(object);
}

static lm_layer poisoned;
const lm__type lm__layer_type = {
    .name = "layer", .destroy = destroy, .poisoned = &poisoned.base.object, .bytes = sizeof(lm_layer)};
static lm_layer poisoned = {.base.object = LM__POISON(&lm__layer_type)};

/* Sets what the common arguments say. */
static lm_layer *finish(lm_layer *layer)
{
    if (lm_failed(layer)) return layer;
    const lm__layer_args *common = layer->base.args;
    layer->trainable = common->trainable;
    if (common->dtype && lm_dtype_parse(common->dtype, &layer->dtype) != LM_OK) {
        lm_free(layer);
        return lm__object_poison(&lm__layer_type);
    }
    return layer;
}

lm_layer *lm__layer_new(const lm__layer_class *class, const void *args)
{
    return finish(lm__configured_new(&class->base, args));
}

lm_layer *lm__layer_from(const lm__class *class, const json_t *config)
{
    return finish(lm__configured_from(class, config));
}

static const lm__layer_class *class_of(const lm_layer *layer)
{
    return (const lm__layer_class *)layer->base.class;
}

lm_status lm__layer_build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    if (layer->built) return LM_OK;
    if (class_of(layer)->build) LM_TRY(class_of(layer)->build(layer, input, seed));
    layer->built = true;
    return LM_OK;
}

lm_value *lm__layer_call_on(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const char *outer = lm__graph_scope(call->graph, layer->base.name ? layer->base.name : layer->base.class->name);
    lm_value *y = class_of(layer)->call(layer, call, x);
    lm__graph_scope(call->graph, outer);
    return y;
}

static lm_status make_weight(lm_layer *layer, const char *path, lm_tensor *t, bool trainable,
                             const lm_initializer *object, const char *initializer, uint64_t seed)
{
    lm_initializer *named = object ? NULL : lm__initializer_named(initializer);
    const lm_initializer *use = object ? object : named;
    lm_status status = lm__object_check(use, &lm__initializer_type, "initializer");
    if (status == LM_OK) status = lm__initializer_fill(use, t, seed, lm__stream(path));
    lm_free(named);
    if (status) return status;
    lm_variable *v = lm_variable_new(path, t, trainable);
    if (lm_failed(v)) {
        status = lm__object_check(v, &lm__variable_type, path);
        lm_free(v);
        return status;
    }
    layer->weight[layer->nweights++] = v;
    return LM_OK;
}

lm_status lm__layer_weight(lm_layer *layer, const char *name, int rank, const int64_t *dims, bool trainable,
                           const lm_initializer *object, const char *initializer, uint64_t seed)
{
    char path[160];
    snprintf(path, sizeof path, "%s/%s", layer->base.name ? layer->base.name : layer->base.class->name, name);
    if (layer->nweights == LM__LAYER_WEIGHTS) return lm__fail(LM_INTERNAL, "%s: too many weights", path);
    lm_tensor *t = lm_tensor_new(layer->dtype, rank, dims);
    lm_status status = lm__object_check(t, &lm__tensor_type, path);
    if (status == LM_OK) status = make_weight(layer, path, t, trainable, object, initializer, seed);
    lm_free(t);
    return status;
}

lm_value *lm__layer_read(lm_layer *layer, const lm__layer_call *call, int i)
{
    return lm__graph_read(call->graph, layer->weight[i]);
}

lm_status lm__layer_rank(const lm_layer *layer, const lm__shape *input, int rank)
{
    if (input->rank == rank) return LM_OK;
    const char *fix = input->rank == rank - 1   ? " (is the channel axis missing? lm_tensor_reshape_to(x, -1, …, 1) adds it)"
                      : input->rank > rank && rank == 2 ? " (lm_flatten() before it joins the last dimensions)"
                                                : "";
    return lm__fail(LM_INVALID, "%s takes inputs with %d dimensions, batch included, but these have %d%s",
                    layer->base.class->name, rank, input->rank, fix);
}

lm_status lm__layer_known(const lm_layer *layer, const lm__shape *input, int axis)
{
    int at = axis < 0 ? axis + input->rank : axis;
    if (at >= 0 && at < input->rank && lm__dim_known(input->dim[at])) return LM_OK;
    return lm__fail(LM_INVALID, "%s: dimension %d of its input must be known to make the weights; give it in lm_input",
                    layer->base.class->name, at);
}

lm_value *lm__activate(const char *name, lm_value *x)
{
    const lm__activation *activation;
    if (!name) return x;
    if (lm__activation_find(name, &activation) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    return activation->apply(x);
}
