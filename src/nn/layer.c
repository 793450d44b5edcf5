/* nn/layer.c: what all layers share. */
#include "nn/layer.h"

#include "base/alloc.h"
#include "base/philox.h"
#include "nn/activations/activation.h"
#include "nn/match.h"
#include "nn/policy.h"

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

/* What .dtype says: a policy, NULL being the one in force, whose name becomes the argument's. Of an input: a type. */
static lm_status take_policy(lm_layer *layer)
{
    lm__layer_args *common = layer->base.args;
    const lm__policy *policy;
    if (!strcmp(layer->base.class->name, "InputLayer")) {
        LM_TRY(lm_dtype_parse(common->dtype, &layer->dtype));
        layer->compute = layer->dtype;
        return LM_OK;
    }
    if (lm__policy_find(common->dtype, &policy)) return lm__fail_in("%s", layer->base.class->name);
    layer->dtype = policy->variable, layer->compute = policy->compute;
    if (!common->dtype) common->dtype = lm__strdup(policy->name);
    return common->dtype ? LM_OK : lm__no_memory(strlen(policy->name) + 1);
}

/* Sets what the common arguments say. */
static lm_layer *finish(lm_layer *layer)
{
    if (lm_failed(layer)) return layer;
    const lm__layer_args *common = layer->base.args;
    layer->trainable = common->trainable;
    if (take_policy(layer) != LM_OK ||
        lm__check_sizes(layer->base.class->name, "input_shape", common->input_shape) != LM_OK) {
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

bool lm__layer_takes_numbers(const lm_layer *layer)
{
    return class_of(layer)->takes_numbers;
}

lm_status lm__layer_takes(const lm_layer *layer, int inputs)
{
    const lm__layer_class *class = class_of(layer);
    const char *name = class->base.name, *s = class->min_inputs == 1 ? "" : "s";
    if (!class->max_inputs && inputs == 1) return LM_OK;
    if (!class->max_inputs) return lm__fail(LM_INVALID, "%s takes one input, but %d came", name, inputs);
    if (inputs < class->min_inputs)
        return lm__fail(LM_INVALID, "%s takes %d input%s%s, but %d came", name, class->min_inputs, s,
                        class->max_inputs == class->min_inputs ? "" : " or more", inputs);
    if (class->max_inputs == LM_ANY || inputs <= class->max_inputs) return LM_OK;
    return lm__fail(LM_INVALID, "%s takes at most %d inputs, but %d came", name, class->max_inputs, inputs);
}

lm_status lm__layer_build_all(lm_layer *layer, int inputs, const lm__shape *input, uint64_t seed)
{
    LM_TRY(lm__layer_takes(layer, inputs));
    if (layer->built) return LM_OK;
    layer->ninputs = inputs;
    if (class_of(layer)->build) LM_TRY(class_of(layer)->build(layer, input, seed));
    layer->built = true;
    return LM_OK;
}

lm_status lm__layer_build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    return lm__layer_build_all(layer, 1, input, seed);
}

/* The type in which the layer's ops are. */
static lm_dtype inside(const lm_layer *layer)
{
    return class_of(layer)->wide ? layer->dtype : layer->compute;
}

/* `in` is this function's to change. */
static lm_value *call_scoped(lm_layer *layer, const lm__layer_call *call, int inputs, lm_value **in)
{
    lm__layer_call own = *call;
    const char *outer = lm__graph_scope(call->graph, layer->base.name ? layer->base.name : layer->base.class->name);
    for (int i = 0; i < inputs; i++) {
        bool number = !lm__bad(in[i]) && lm__is_integer(in[i]->dtype) && lm__layer_takes_numbers(layer);
        if (!number) in[i] = lm__cast_to(in[i], inside(layer));
    }
    own.nin = inputs, own.in = in;
    lm_value *y = class_of(layer)->call(layer, &own, in[0]);
    if (class_of(layer)->wide) y = lm__cast_to(y, layer->compute);
    lm__graph_scope(call->graph, outer);
    return y;
}

lm_value *lm__layer_call_on(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    return call_scoped(layer, call, 1, &x);
}

lm_value *lm__layer_call_on_all(lm_layer *layer, const lm__layer_call *call, int inputs, lm_value *const *in)
{
    lm_value **own = lm__alloc((size_t)inputs * sizeof *own);
    if (!own) {
        lm__no_memory((size_t)inputs * sizeof *own);
        return lm__graph_fail(call->graph, 0, NULL);
    }
    memcpy(own, in, (size_t)inputs * sizeof *own);
    lm_value *y = call_scoped(layer, call, inputs, own);
    lm__free(own);
    return y;
}

/* Takes over the tensor, which becomes the weight's value. */
static void weight_path(const lm_layer *layer, const char *name, char *path, size_t bytes)
{
    snprintf(path, bytes, "%s/%s", layer->base.name ? layer->base.name : layer->base.class->name, name);
}

/* Takes over the tensor. */
static lm_status add_weight(lm_layer *layer, const char *path, lm_tensor *t, bool trainable)
{
    lm_variable *v = lm__variable_over(path, t, trainable);
    lm_status status = lm__object_check(v, &lm__variable_type, path);
    if (status) lm_free(v);
    else layer->weight[layer->nweights++] = v;
    return status;
}

static lm_status make_weight(lm_layer *layer, const char *path, lm_tensor *t, bool trainable,
                             const lm_initializer *object, const char *initializer, uint64_t seed)
{
    lm_initializer *named = object ? NULL : lm__initializer_named(initializer);
    const lm_initializer *use = object ? object : named;
    lm_status status = lm__object_check(t, &lm__tensor_type, path);
    if (!status) status = lm__object_check(use, &lm__initializer_type, "initializer");
    if (!status && !layer->file_bytes) status = lm__initializer_fill(use, t, seed, lm__stream(path));
    lm_free(named);
    if (status) {
        lm_free(t);
        return status;
    }
    return add_weight(layer, path, t, trainable);
}

/* A config must not make us take memory for weights that its file cannot hold. */
static lm_status check_file(const lm_layer *layer, const char *path, int rank, const int64_t *dims)
{
    size_t size, each = lm_dtype_size(layer->dtype);
    char shape[160];
    LM_TRY(lm__shape_size(rank, dims, &size));
    if (size <= layer->file_bytes / each) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s has shape %s by the configuration, which is more than the file holds", path,
                    lm__shape_text(rank, dims, shape, sizeof shape));
}

lm_status lm__layer_weight(lm_layer *layer, const char *name, int rank, const int64_t *dims, bool trainable,
                           const lm_initializer *object, const char *initializer, uint64_t seed)
{
    char path[160];
    weight_path(layer, name, path, sizeof path);
    if (layer->nweights == LM__LAYER_WEIGHTS) return lm__fail(LM_INTERNAL, "%s: too many weights", path);
    if (layer->file_bytes) LM_TRY(check_file(layer, path, rank, dims));
    return make_weight(layer, path, lm_tensor_new(layer->dtype, rank, dims), trainable, object, initializer, seed);
}

lm_status lm__layer_state(lm_layer *layer, const char *name, lm_dtype dtype, int rank, const int64_t *dims,
                          double value)
{
    char path[160];
    weight_path(layer, name, path, sizeof path);
    if (layer->file_bytes) LM_TRY(check_file(layer, path, rank, dims));
    lm_tensor *t = lm_tensor_new(dtype, rank, dims);
    lm_status status = lm__object_check(t, &lm__tensor_type, path);
    if (status) {
        lm_free(t);
        return status;
    }
    for (size_t i = 0; i < t->size; i++) lm__store(dtype, t->data, i, value);
    return add_weight(layer, path, t, false);
}

lm_status lm__layer_name_weights(lm_layer *layer)
{
    char path[160];
    for (int i = 0; i < layer->nweights; i++) {
        const char *slash = strchr(layer->weight[i]->name, '/'); /* a layer's name has none */
        weight_path(layer, slash ? slash + 1 : layer->weight[i]->name, path, sizeof path);
        char *name = lm__strdup(path);
        if (!name) return lm__no_memory(strlen(path) + 1);
        lm__free(layer->weight[i]->name);
        layer->weight[i]->name = name;
    }
    return LM_OK;
}

lm_value *lm__layer_read(lm_layer *layer, const lm__layer_call *call, int i)
{
    lm_value *w = lm__graph_read(call->graph, layer->weight[i]);
    return lm__bad(w) || w->dtype != layer->dtype ? w : lm__cast_to(w, inside(layer));
}

const char *lm__layer_shape_text(const lm__shape *shape, char *text, size_t bytes)
{
    size_t n = (size_t)snprintf(text, bytes, "(");
    for (int i = 0; i < shape->rank && n + 24 < bytes; i++) {
        if (i) n += (size_t)snprintf(text + n, bytes - n, ", ");
        if (lm__dim_known(shape->dim[i]))
            n += (size_t)snprintf(text + n, bytes - n, "%lld", (long long)shape->dim[i]);
        else n += (size_t)snprintf(text + n, bytes - n, i ? "?" : "N");
    }
    snprintf(text + n, bytes - n, shape->rank == 1 ? ",)" : ")");
    return text;
}

lm_status lm__layer_pictures(const lm_layer *layer, const lm__shape *input)
{
    char got[128], fix[160] = "lm_reshape(.target_shape = {height, width, channels}) makes pictures of rows";
    if (input->rank == 4) return LM_OK;
    if (input->rank == 3 && lm__dim_known(input->dim[1]) && lm__dim_known(input->dim[2]))
        snprintf(fix, sizeof fix,
                 "if the channels are missing, put lm_reshape(.target_shape = {%lld, %lld, 1}) before it",
                 (long long)input->dim[1], (long long)input->dim[2]);
    return lm__fail(LM_INVALID, "%s takes (N, height, width, channels), but its input has shape %s; %s",
                    layer->base.class->name, lm__layer_shape_text(input, got, sizeof got), fix);
}

lm_status lm__layer_known(const lm_layer *layer, const lm__shape *input, int axis)
{
    char got[128];
    int at = axis < 0 ? axis + input->rank : axis;
    if (at >= 1 && at < input->rank && lm__dim_known(input->dim[at])) return LM_OK;
    lm__layer_shape_text(input, got, sizeof got);
    if (at < 1 || at >= input->rank)
        return lm__fail(LM_INVALID, "%s needs features behind the batch, but its input has shape %s",
                        layer->base.class->name, got);
    return lm__fail(LM_INVALID,
                    "%s makes its weights for size %d of its input, which %s leaves open; give it a number in "
                    "lm_input",
                    layer->base.class->name, at, got);
}

lm_value *lm__activate(const char *name, lm_value *x)
{
    const lm__activation *activation;
    if (!name) return x;
    if (lm__activation_find(name, &activation) != LM_OK) return lm__graph_fail(NULL, 1, &x);
    return activation->apply(x);
}
