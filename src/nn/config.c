/* nn/config.c: making configured objects: defaults, copying, checking. */
#include "nn/config.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "nn/activations/activation.h"
#include "nn/initializer.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define AT(type, args, offset) ((type *)((char *)(args) + (offset)))

static lm_status bad_value(const lm__class *class, const lm__field *f, const char *got, const char *want)
{
    return lm__fail(LM_INVALID, "%s: %s = %s, but it must be %s", class->name, f->name, got, want);
}

/* Whether a number's default is 0, which its limits exclude. */
static int required(const lm__class *class, const lm__field *f)
{
    const void *usual = (const char *)class->defaults + f->offset;
    return f->kind == LM__FIELD_INT && *(const int64_t *)usual == 0 && f->low > 0;
}

/* NaN is None where it is the default. */
static int may_be_none(const lm__class *class, const lm__field *f)
{
    return isnan(*(const double *)((const char *)class->defaults + f->offset));
}

static lm_status check_number(const lm__class *class, const lm__field *f, double value)
{
    if (f->kind == LM__FIELD_FLOAT && isnan(value) && may_be_none(class, f)) return LM_OK;
    if (f->low < f->high ? value >= f->low && value <= f->high : !isnan(value)) return LM_OK;
    char got[64], want[128] = "a number";
    if (!(f->low < f->high)) return bad_value(class, f, "nan", want);
    snprintf(got, sizeof got, "%g", value);
    if (isinf(f->high))
        snprintf(want, sizeof want, "%g or more%s", f->low,
                 value == 0 && required(class, f) ? " (was it left out?)" : "");
    else
        snprintf(want, sizeof want, "between %g and %g", f->low, f->high);
    return bad_value(class, f, got, want);
}

static lm_status check_choice(const lm__class *class, const lm__field *f, const char *value)
{
    if (!f->choices || (value && lm__listed(f->choices, value))) return LM_OK;
    char got[80], want[160];
    size_t n = 0;
    snprintf(got, sizeof got, value ? "\"%.60s\"" : "NULL", value);
    for (const char *c = f->choices; *c && n + 6 < sizeof want; c++) {
        if (*c == '|')
            n += (size_t)snprintf(want + n, sizeof want - n, "\" or \"");
        else if (c == f->choices)
            n += (size_t)snprintf(want + n, sizeof want - n, "\"%c", *c);
        else
            want[n++] = *c, want[n] = 0;
    }
    snprintf(want + n, sizeof want - n, "\"");
    return bad_value(class, f, got, want);
}

/* "{3, 0}" */
static void list_text(const int64_t *value, int count, char *text, size_t bytes)
{
    size_t n = 0;
    for (int i = 0; i < count && n + 1 < bytes; i++)
        n += (size_t)snprintf(text + n, bytes - n, "%s%lld", i ? ", " : "{", (long long)value[i]);
    if (n + 1 < bytes) snprintf(text + n, bytes - n, "}");
}

/* {3} -> {3, 3}; then each number's limits. All 0 is None where that is the default, else it is a mistake. */
static lm_status check_ints(const lm__class *class, const lm__field *f, int64_t *value)
{
    const int64_t *usual = (const int64_t *)((const char *)class->defaults + f->offset);
    char got[128];
    int given = 0, bad = 0;
    for (int i = 0; i < f->count; i++) given += value[i] != 0;
    if (given == 0 && !usual[0]) return LM_OK;
    list_text(value, f->count, got, sizeof got);
    if (given == 1 && value[0])
        for (int i = 1; i < f->count; i++) value[i] = value[0];
    for (int i = 0; i < f->count; i++) bad += value[i] < (int64_t)f->low;
    return bad ? bad_value(class, f, got, "1 or more in each direction") : LM_OK;
}

/* Numbers of 0 or more; as all 0 says something, None is all LM_ANY. */
static lm_status check_pads(const lm__class *class, const lm__field *f, const int64_t *value)
{
    char got[128];
    int none = 0, bad = 0;
    for (int i = 0; i < f->count; i++) none += value[i] == LM_ANY, bad += value[i] < 0;
    if (none == f->count || !bad) return LM_OK;
    list_text(value, f->count, got, sizeof got);
    return bad_value(class, f, got, "0 or more in each direction, or left out");
}

lm_status lm__check_sizes(const char *class_name, const char *field, const int64_t *value)
{
    int end = 0;
    while (end < LM_MAX_RANK && value[end]) end++;
    for (int i = 0; i < LM_MAX_RANK; i++) {
        if (i > end && value[i])
            return lm__fail(LM_INVALID, "%s: size %d of %s is 0, but it must be 1 or more", class_name, end, field);
        if (value[i] < LM_ANY)
            return lm__fail(LM_INVALID, "%s: size %d of %s is %lld, but it must be 1 or more, or LM_ANY", class_name,
                            i, field, (long long)value[i]);
    }
    return LM_OK;
}

/* Axes that exist, each once, and nothing behind the first 0. */
static lm_status check_axes(const lm__class *class, const lm__field *f, const int64_t *value)
{
    for (int i = 0, end = 0; i < LM_MAX_RANK; i++) {
        end |= !value[i];
        if (end ? value[i] != 0 : value[i] < -LM_MAX_RANK || value[i] >= LM_MAX_RANK)
            return lm__fail(LM_INVALID,
                            "%s: entry %d of %s is %lld, but axes are between 1 and %d, or between -1 and %d from "
                            "the end, and the list ends at its first 0",
                            class->name, i, f->name, (long long)value[i], LM_MAX_RANK - 1, -LM_MAX_RANK);
    }
    return LM_OK;
}

static lm_status copy_text(const char **text)
{
    if (!*text) return LM_OK;
    size_t bytes = strlen(*text) + 1;
    char *copy = lm__strdup(*text);
    *text = copy;
    return copy ? LM_OK : lm__no_memory(bytes);
}

/* Takes ownership of one field of `args` (still pointing to the caller's data), and checks it. */
static lm_status take_field(const lm__class *class, const lm__field *f, void *args)
{
    switch (f->kind) {
    case LM__FIELD_COUNT:
    case LM__FIELD_INT: return check_number(class, f, (double)*AT(int64_t, args, f->offset));
    case LM__FIELD_FLOAT: return check_number(class, f, *AT(double, args, f->offset));
    case LM__FIELD_BOOL: return LM_OK;
    case LM__FIELD_INTS: return check_ints(class, f, AT(int64_t, args, f->offset));
    case LM__FIELD_PADS: return check_pads(class, f, AT(int64_t, args, f->offset));
    case LM__FIELD_SHAPE: return lm__check_sizes(class->name, f->name, AT(int64_t, args, f->offset));
    case LM__FIELD_AXES: return check_axes(class, f, AT(int64_t, args, f->offset));
    case LM__FIELD_TENSOR: {
        const lm_tensor *t = *AT(lm_tensor *, args, f->offset);
        return t ? lm__object_check(t, &lm__tensor_type, f->name) : LM_OK;
    }
    case LM__FIELD_STRING:
        LM_TRY(copy_text(AT(const char *, args, f->offset)));
        return check_choice(class, f, *AT(const char *, args, f->offset));
    case LM__FIELD_ACTIVATION: {
        const char **name = AT(const char *, args, f->offset);
        const lm__activation *found;
        LM_TRY(copy_text(name));
        return *name ? lm__activation_find(*name, &found) : LM_OK;
    }
    case LM__FIELD_INITIALIZER: {
        const char **name = AT(const char *, args, f->offset);
        lm_initializer **object = AT(lm_initializer *, args, f->other);
        LM_TRY(copy_text(name));
        if (!*object && !*name)
            return lm__fail(LM_INVALID, "NULL where an initializer was expected, such as \"zeros\"");
        if (!*object) *object = lm__initializer_named(*name);
        return lm__object_check(*object, &lm__initializer_type, "the object");
    }
    }
    return LM_OK;
}

/* Strings of the fields from `from` on still belong to the caller: forget them. Objects were taken over. */
static void forget_texts(const lm__field *from, void *args)
{
    for (const lm__field *f = from; f->name; f++)
        if (f->kind == LM__FIELD_STRING || f->kind == LM__FIELD_ACTIVATION || f->kind == LM__FIELD_INITIALIZER)
            *AT(const char *, args, f->offset) = NULL;
}

static lm_status take_fields(const lm__class *class, void *args)
{
    for (const lm__field *f = class->fields; f->name; f++) {
        lm_status status = take_field(class, f, args);
        if (!status) continue;
        if (f->kind == LM__FIELD_INITIALIZER) lm__fail_in("%s: %s", class->name, f->name);
        if (f->kind == LM__FIELD_ACTIVATION || f->kind == LM__FIELD_TENSOR) lm__fail_in("%s", class->name);
        forget_texts(f + 1, args);
        return status;
    }
    return LM_OK;
}

void lm__release_objects(const lm__class *class, const void *args)
{
    for (const lm__field *f = class->fields; f->name; f++) {
        if (f->kind == LM__FIELD_INITIALIZER) lm_free(*AT(lm_initializer *, args, f->other));
        if (f->kind == LM__FIELD_TENSOR) lm_free(*AT(lm_tensor *, args, f->offset));
    }
}

static lm_status fill_args(const lm__class *class, lm__configured *self, const void *args)
{
    size_t size = args ? ((const lm__args_head *)args)->size : 0;
    self->args = lm__calloc(1, class->args_bytes);
    if (!self->args) return lm__no_memory(class->args_bytes);
    memcpy(self->args, class->defaults, class->args_bytes);
    if (args && size < sizeof(lm__args_head))
        return lm__fail(LM_INVALID, "%s: .size of the arguments is %zu; begin with what the class's …_defaults() "
                                    "returns, which sets it", class->name, size);
    if (size) memcpy(self->args, args, size < class->args_bytes ? size : class->args_bytes);
    lm__args_head *head = self->args;
    const char *name = head->name;
    head->size = class->args_bytes, head->name = NULL;
    LM_TRY(take_fields(class, self->args));
    if (name && !*name)
        return lm__fail(LM_INVALID, "%s: the name is empty; leave it out to have one made", class->name);
    if (name && !lm__is_plain(name))
        return lm__fail(LM_INVALID, "%s: the name is not UTF-8 text without control characters", class->name);
    if (name && strchr(name, '/')) return lm__fail(LM_INVALID, "%s: name \"%.60s\" contains '/'", class->name, name);
    if (name && !(self->name = lm__strdup(name))) return lm__no_memory(strlen(name) + 1);
    return class->check ? class->check(self) : LM_OK;
}

void *lm__configured_new(const lm__class *class, const void *args)
{
    lm__configured *self = lm__object_new(class->type, class->object_bytes);
    if (lm_failed(self)) {
        if (args) lm__release_objects(class, args);
        return self;
    }
    self->class = class;
    if (fill_args(class, self, args) == LM_OK) return self;
    if (!self->args && args) lm__release_objects(class, args);
    lm_free(self);
    return lm__object_poison(class->type);
}

/* The objects among the arguments, for one more owner. */
static void retain_objects(const lm__class *class, const void *args)
{
    for (const lm__field *f = class->fields; f->name; f++) {
        if (f->kind == LM__FIELD_INITIALIZER) lm_retain(*AT(lm_initializer *, args, f->other));
        if (f->kind == LM__FIELD_TENSOR) lm_retain(*AT(lm_tensor *, args, f->offset));
    }
}

void *lm__configured_copy(const lm__configured *self)
{
    const lm__class *class = self->class;
    lm__args_head *args = lm__alloc(class->args_bytes);
    if (!args) {
        lm__no_memory(class->args_bytes);
        return lm__object_poison(class->type);
    }
    memcpy(args, self->args, class->args_bytes);
    args->name = self->name;
    retain_objects(class, args);
    void *copy = lm__configured_new(class, args);
    lm__free(args);
    return copy;
}

void lm__configured_destroy(void *object)
{
    lm__configured *self = object;
    lm__free(self->name);
    if (!self->args || !self->class) return;
    for (const lm__field *f = self->class->fields; f->name; f++)
        if (f->kind == LM__FIELD_STRING || f->kind == LM__FIELD_ACTIVATION || f->kind == LM__FIELD_INITIALIZER)
            lm__free((void *)*AT(const char *, self->args, f->offset));
    lm__release_objects(self->class, self->args);
    lm__free(self->args);
}
