/* nn/config_json.c: configured objects to and from Keras's get_config(). */
#include "nn/config.h"

#include "base/alloc.h"
#include "nn/initializer.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define AT(type, args, offset) ((type const *)((const char *)(args) + (offset)))
#define TO(type, args, offset) ((type *)((char *)(args) + (offset)))

/* --- writing --------------------------------------------------------------------------------------------------- */

static json_t *ints(const int64_t *value, int count, int until_zero)
{
    json_t *list = json_array();
    if (!until_zero && count && !value[0]) {
        json_decref(list);
        return json_null();
    }
    for (int i = 0; i < count && !(until_zero && !value[i]); i++)
        json_array_append_new(list, value[i] == LM_ANY && until_zero == 2 ? json_null() : json_integer(value[i]));
    return list;
}

static json_t *pads(const int64_t *value, int count)
{
    if (value[0] == LM_ANY) return json_null();
    json_t *list = json_array();
    for (int i = 0; i < count; i++) json_array_append_new(list, json_integer(value[i]));
    return list;
}

/* Axes, which end at 0. */
static json_t *axes(const int64_t *value)
{
    json_t *list = json_array();
    for (int i = 0; i < LM_MAX_RANK && value[i]; i++) json_array_append_new(list, json_integer(value[i]));
    return list;
}

/* A number, or nested lists, as NumPy's tolist() has them. */
static json_t *numbers(const lm_tensor *t, int axis, size_t *at)
{
    if (!t) return json_null();
    if (axis == t->rank) return json_real(lm_tensor_get(t, (*at)++));
    json_t *list = json_array();
    for (int64_t i = 0; i < t->dims[axis]; i++) json_array_append_new(list, numbers(t, axis + 1, at));
    return list;
}

static json_t *text_or_null(const char *text) { return text ? json_string(text) : json_null(); }

static json_t *field_json(const lm__field *f, const void *args)
{
    switch (f->kind) {
    case LM__FIELD_COUNT:
        if (*AT(int64_t, args, f->offset) == 0) return json_null();
        return json_integer(*AT(int64_t, args, f->offset));
    case LM__FIELD_INT: return json_integer(*AT(int64_t, args, f->offset));
    case LM__FIELD_FLOAT: {
        double value = *AT(double, args, f->offset);
        return isnan(value) ? json_null() : json_real(value);
    }
    case LM__FIELD_BOOL: return json_boolean(*AT(bool, args, f->offset));
    case LM__FIELD_STRING: return text_or_null(*AT(const char *, args, f->offset));
    case LM__FIELD_INTS: return ints(AT(int64_t, args, f->offset), f->count, 0);
    case LM__FIELD_PADS: return pads(AT(int64_t, args, f->offset), f->count);
    case LM__FIELD_SHAPE: return ints(AT(int64_t, args, f->offset), LM_MAX_RANK, 1);
    case LM__FIELD_AXES: return axes(AT(int64_t, args, f->offset));
    case LM__FIELD_TENSOR: {
        size_t at = 0;
        return numbers(*AT(lm_tensor *, args, f->offset), 0, &at);
    }
    case LM__FIELD_ACTIVATION: {
        const char *name = *AT(const char *, args, f->offset);
        return json_string(name ? name : "linear");
    }
    case LM__FIELD_INITIALIZER: {
        const lm_initializer *object = *(lm_initializer *const *)((const char *)args + f->other);
        return object ? lm__configured_json(&object->base) : json_null();
    }
    }
    return NULL;
}

/* Why a field could not be written. An initializer has said so itself. */
static void no_json(const lm__configured *self, const lm__field *f)
{
    double value = f->kind == LM__FIELD_FLOAT ? *AT(double, self->args, f->offset) : 0;
    if (!isinf(value) && f->kind != LM__FIELD_INITIALIZER) lm__no_memory(0);
    if (isinf(value))
        lm__fail(LM_UNSUPPORTED, "%s: %s is %g, which files cannot hold; leave it out, or give a large number",
                 self->class->name, f->name, value);
}

json_t *lm__configured_config(const lm__configured *self)
{
    json_t *config = json_object();
    if (self->name) json_object_set_new(config, "name", json_string(self->name));
    for (const lm__field *f = self->class->fields; f->name; f++)
        if (json_object_set_new(config, f->name, field_json(f, self->args))) {
            json_decref(config);
            no_json(self, f);
            return NULL;
        }
    return config;
}

json_t *lm__configured_json(const lm__configured *self)
{
    json_t *config = lm__configured_config(self);
    if (!config) return NULL;
    json_t *all = json_pack("{s:s, s:s, s:o, s:n}", "module", self->class->module, "class_name", self->class->name,
                            "config", config, "registered_name");
    const char *package = self->class->package;
    if (all && package &&
        (json_object_set_new(all, "module", json_sprintf("%s.layers", package)) ||
         json_object_set_new(all, "registered_name", json_sprintf("%s>%s", package, self->class->name)))) {
        json_decref(all);
        all = NULL;
    }
    if (!all) lm__no_memory(0);
    return all;
}

/* --- reading --------------------------------------------------------------------------------------------------- */

static lm_status wrong(const lm__class *class, const char *key, const json_t *value, const char *want)
{
    char got[101];
    size_t n = json_dumpb(value, got, sizeof got - 1, JSON_ENCODE_ANY | JSON_COMPACT);
    got[n < sizeof got ? n : 0] = 0;
    /* An object is a class that Keras has and we don't, such as a learning rate's schedule. */
    return lm__fail(json_is_object(value) ? LM_UNSUPPORTED : LM_CORRUPT, "%s: config \"%s\" is %s, but it must be %s",
                    class->name, key, *got ? got : "something long", want);
}

static lm_status read_ints(const lm__class *class, const lm__field *f, const json_t *value, int64_t *out)
{
    if (json_is_null(value)) return LM_OK;
    if (json_is_integer(value)) {
        for (int i = 0; i < f->count; i++) out[i] = json_integer_value(value);
        return LM_OK;
    }
    if (!json_is_array(value) || (int)json_array_size(value) != f->count)
        return wrong(class, f->name, value, f->count == 2 ? "a number or two" : "a number or a list of them");
    for (int i = 0; i < f->count; i++) {
        const json_t *item = json_array_get(value, (size_t)i);
        if (!json_is_integer(item)) return wrong(class, f->name, value, "whole numbers");
        out[i] = json_integer_value(item);
    }
    return LM_OK;
}

static lm_status read_shape(const lm__class *class, const lm__field *f, const json_t *value, int64_t *out)
{
    memset(out, 0, LM_MAX_RANK * sizeof *out);
    if (json_is_null(value)) return LM_OK;
    if (!json_is_array(value) || json_array_size(value) > LM_MAX_RANK) return wrong(class, f->name, value, "a shape");
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *item = json_array_get(value, i);
        if (!json_is_integer(item) && !json_is_null(item)) return wrong(class, f->name, value, "a shape");
        out[i] = json_is_null(item) ? LM_ANY : json_integer_value(item);
        if (!out[i]) return wrong(class, f->name, value, "sizes of 1 or more");
    }
    return LM_OK;
}

/* None, a number or a list of them; Keras writes a tuple as a list. */
static lm_status read_axes(const lm__class *class, const lm__field *f, const json_t *value, int64_t *out)
{
    size_t n = json_is_integer(value) ? 1 : json_array_size(value);
    if ((!json_is_null(value) && !json_is_integer(value) && !json_is_array(value)) || n > LM_MAX_RANK)
        return wrong(class, f->name, value, "a number, or a list of them");
    memset(out, 0, LM_MAX_RANK * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_is_integer(value) ? value : json_array_get(value, i);
        if (!json_is_integer(item) || !json_integer_value(item)) return wrong(class, f->name, value, "axes, not 0");
        out[i] = json_integer_value(item);
    }
    return LM_OK;
}

/* The shape of nested lists: false if they are not even, empty, or too deep. */
static bool list_shape(const json_t *value, int64_t *dims, int *rank)
{
    for (*rank = 0; json_is_array(value); value = json_array_get(value, 0)) {
        if (*rank == LM_MAX_RANK || !json_array_size(value)) return false;
        dims[(*rank)++] = (int64_t)json_array_size(value);
    }
    return json_is_number(value);
}

static bool read_numbers(const json_t *value, const int64_t *dims, int rank, double **out)
{
    if (!rank) {
        if (json_is_number(value)) *(*out)++ = json_number_value(value);
        return json_is_number(value);
    }
    bool even = json_is_array(value) && (int64_t)json_array_size(value) == *dims;
    for (size_t i = 0; even && (int64_t)i < *dims; i++)
        even = read_numbers(json_array_get(value, i), dims + 1, rank - 1, out);
    return even;
}

static lm_status read_tensor(const lm__class *class, const lm__field *f, const json_t *value, lm_tensor **out)
{
    int64_t dims[LM_MAX_RANK];
    int rank;
    *out = NULL;
    if (json_is_null(value)) return LM_OK;
    if (!list_shape(value, dims, &rank)) return wrong(class, f->name, value, "a number, or an array of them");
    /* Uneven lists may have fewer numbers than their first entries promise. */
    size_t leaves = 1, most = 1 << 24;
    for (int i = 0; i < rank; i++) {
        if ((size_t)dims[i] > most / leaves) return wrong(class, f->name, value, "an array of fewer numbers");
        leaves *= (size_t)dims[i];
    }
    lm_tensor *t = lm_tensor_new(LM_F64, rank, dims);
    lm_status status = lm__object_check(t, &lm__tensor_type, f->name);
    double *at = status ? NULL : t->data;
    if (!status && !read_numbers(value, dims, rank, &at))
        status = wrong(class, f->name, value, "an even array of numbers");
    if (status) lm_free(t);
    else *out = t;
    return status;
}

/* A name or dtype that Keras may write as a plain string or as {"class_name", "config": {"name"}}. */
static const char *text_of(const json_t *value)
{
    if (json_is_object(value)) value = json_object_get(json_object_get(value, "config"), "name");
    return json_string_value(value);
}

static lm_status read_initializer(const lm__class *class, const char *key, const json_t *value, lm_initializer **out)
{
    if (json_is_null(value)) return LM_OK;
    const char *name = json_is_object(value) ? json_string_value(json_object_get(value, "class_name"))
                                             : json_string_value(value);
    if (!name) return wrong(class, key, value, "an initializer");
    const lm__class *found = lm__class_find(lm__initializer_classes, name, "initializer");
    if (!found) return lm__fail_in("%s: %s", class->name, key);
    *out = json_is_object(value) ? lm__configured_from(found, json_object_get(value, "config"))
                                 : lm__configured_new(found, NULL);
    return lm_failed(*out) ? lm__fail_in("%s: %s", class->name, key) : LM_OK;
}

static lm_status read_field(const lm__class *class, const lm__field *f, const json_t *value, void *args)
{
    switch (f->kind) {
    case LM__FIELD_COUNT:
        if (json_is_null(value)) {
            *TO(int64_t, args, f->offset) = 0;
            return LM_OK;
        } /* fall through */
    case LM__FIELD_INT:
        if (json_is_null(value)) return LM_OK;      /* Keras's None: our default says the same */
        if (!json_is_integer(value)) return wrong(class, f->name, value, "a whole number");
        *TO(int64_t, args, f->offset) = json_integer_value(value);
        return LM_OK;
    case LM__FIELD_FLOAT:
        if (!json_is_number(value) && !json_is_null(value)) return wrong(class, f->name, value, "a number");
        *TO(double, args, f->offset) = json_is_null(value) ? NAN : json_number_value(value);
        return LM_OK;
    case LM__FIELD_BOOL:
        if (!json_is_boolean(value)) return wrong(class, f->name, value, "true or false");
        *TO(bool, args, f->offset) = json_is_true(value);
        return LM_OK;
    case LM__FIELD_STRING:
    case LM__FIELD_ACTIVATION:
        if (!json_is_null(value) && !text_of(value)) return wrong(class, f->name, value, "a name");
        *TO(const char *, args, f->offset) = text_of(value);
        return LM_OK;
    case LM__FIELD_PADS:
    case LM__FIELD_INTS: return read_ints(class, f, value, TO(int64_t, args, f->offset));
    case LM__FIELD_SHAPE: return read_shape(class, f, value, TO(int64_t, args, f->offset));
    case LM__FIELD_AXES: return read_axes(class, f, value, TO(int64_t, args, f->offset));
    case LM__FIELD_TENSOR: return read_tensor(class, f, value, TO(lm_tensor *, args, f->offset));
    case LM__FIELD_INITIALIZER:
        *TO(const char *, args, f->offset) = NULL;
        return read_initializer(class, f->name, value, TO(lm_initializer *, args, f->other));
    }
    return LM_OK;
}

/* Keras's arguments that change nothing here, whatever they are, or (KEY=JSON) only with that value. */
static const char always[] = "name|seed|build_config|batch_input_shape|batch_shape|activity_regularizer=null|"
                             "data_format=\"channels_last\"";

/* What follows the key in a list such as "a|b=1": "" or "=1", up to its '|'; NULL if it is not there. */
static const char *entry(const char *list, const char *key, size_t *length)
{
    size_t n = strlen(key);
    for (const char *at = list; at; at = strchr(at, '|')) {
        at += *at == '|';
        const char *end = at + strcspn(at, "|");
        if (strncmp(at, key, n) || (at[n] && at[n] != '|' && at[n] != '=')) continue;
        *length = (size_t)(end - at) - n;
        return at + n;
    }
    return NULL;
}

/* A slip of the pen, or one of Keras's arguments that Lamina does not have. */
static lm_status unknown_key(const lm__class *class, const char *key, const json_t *value)
{
    const char *names[64] = {NULL};
    int n = 0;
    for (const lm__field *f = class->fields; f->name && n < 63; f++) names[n++] = f->name;
    /* kernel_regularizer is no kernel_initializer */
    const char *near = strlen(key) < 16 ? lm__nearest(key, names) : NULL;
    if (!near) return wrong(class, key, value, "null: Lamina does not have it");
    return lm__fail(LM_CORRUPT, "%s: unknown argument \"%s\" (did you mean \"%s\"?)", class->name, key, near);
}

static lm_status check_ignored(const lm__class *class, const char *key, const json_t *value)
{
    char got[64], want[128];
    size_t length = 0;
    const char *rest = entry(always, key, &length);
    if (!rest && class->ignored) rest = entry(class->ignored, key, &length);
    if (json_is_null(value) || (rest && !length)) return LM_OK;
    if (!rest) return unknown_key(class, key, value);
    size_t n = json_dumpb(value, got, sizeof got, JSON_ENCODE_ANY | JSON_COMPACT);
    if (n == length - 1 && n <= sizeof got && !memcmp(got, rest + 1, n)) return LM_OK;
    snprintf(want, sizeof want, "%.*s: other values are not supported", (int)length - 1, rest + 1);
    return wrong(class, key, value, want);
}

static const lm__field *field_of(const lm__class *class, const char *key)
{
    for (const lm__field *f = class->fields; f->name; f++)
        if (!strcmp(f->name, key)) return f;
    return NULL;
}

static lm_status read_config(const lm__class *class, const json_t *config, void *args)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)config, key, value)
    {
        const lm__field *f = field_of(class, key);
        if (f) LM_TRY(read_field(class, f, value, args));
        else LM_TRY(check_ignored(class, key, value));
    }
    return LM_OK;
}

void *lm__configured_from(const lm__class *class, const json_t *config)
{
    void *args = lm__calloc(1, class->args_bytes), *object = NULL;
    if (!args) lm__no_memory(class->args_bytes);
    else if (config && !json_is_object(config)) lm__fail(LM_CORRUPT, "%s: its config is not an object", class->name);
    else {
        memcpy(args, class->defaults, class->args_bytes);
        ((lm__args_head *)args)->name = json_string_value(json_object_get(config, "name"));
        if (!config || read_config(class, config, args) == LM_OK) object = lm__configured_new(class, args);
        else lm__release_objects(class, args);
    }
    lm__free(args);
    return object ? object : lm__object_poison(class->type);
}
