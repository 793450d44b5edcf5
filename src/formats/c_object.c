/* formats/c_object.c: layers, losses, … as calls with keyword arguments. All of it follows from the classes' tables
 * of fields and from the registries' names; nothing is known of a single class here. */
#include "formats/c_program.h"

#include "base/alloc.h"
#include "nn/initializer.h"
#include "nn/layer.h"
#include "nn/loss.h"
#include "nn/metric.h"
#include "nn/optimizer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define AT(type, args, offset) ((type const *)((const char *)(args) + (offset)))
enum { COLUMNS = 100 };

#define LM_LAYER(name) extern const lm__layer_class lm__layer_##name;
#include "nn/layers/layers.def"
#undef LM_LAYER
#define LM_LOSS(name) extern const lm__loss_class lm__loss_##name;
#include "nn/losses/losses.def"
#undef LM_LOSS
#define LM_METRIC(name) extern const lm__metric_class lm__metric_##name;
#include "nn/metrics/metrics.def"
#undef LM_METRIC
#define LM_OPTIMIZER(name) extern const lm__optimizer_class lm__optimizer_##name;
#include "nn/optimizers/optimizers.def"
#undef LM_OPTIMIZER
#define LM_INITIALIZER(name) extern const lm__initializer_class lm__initializer_##name;
#include "nn/initializers/initializers.def"
#undef LM_INITIALIZER

static const struct {
    const lm__class *class;
    const char *function;
} functions[] = {
#define LM_LAYER(name) {&lm__layer_##name.base, "lm_" #name},
#include "nn/layers/layers.def"
#undef LM_LAYER
#define LM_LOSS(name) {&lm__loss_##name.base, "lm_loss_" #name},
#include "nn/losses/losses.def"
#undef LM_LOSS
#define LM_METRIC(name) {&lm__metric_##name.base, "lm_metric_" #name},
#include "nn/metrics/metrics.def"
#undef LM_METRIC
#define LM_OPTIMIZER(name) {&lm__optimizer_##name.base, "lm_" #name},
#include "nn/optimizers/optimizers.def"
#undef LM_OPTIMIZER
#define LM_INITIALIZER(name) {&lm__initializer_##name.base, "lm_init_" #name},
#include "nn/initializers/initializers.def"
#undef LM_INITIALIZER
};

static const char *function_of(const lm__class *class)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (functions[i].class == class) return functions[i].function;
    return "lm_unknown";
}

/* --- which arguments are the usual ones --------------------------------------------------------------------- */

static bool same_text(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

/* An initializer is usual if it is what its default name stands for. */
static bool usual_initializer(const char *name, const lm_initializer *object)
{
    if (!name || !object) return !name && !object;
    return lm__class_find(lm__initializer_classes, name, "initializer") == object->base.class &&
           lm__c_usual(&object->base);
}

/* "linear" need not be said where none may be left out: not in the layer that is nothing but an activation. */
static bool may_be_left_out(const lm__class *class, const lm__field *f, const void *args)
{
    void *without = lm__alloc(class->args_bytes);
    if (!without || !class->check) {
        lm__free(without);
        return without != NULL;
    }
    memcpy(without, args, class->args_bytes);
    *(const char **)((char *)without + f->offset) = NULL;
    lm__configured object = {.class = class, .args = without};
    bool sound = class->check(&object) == LM_OK;
    lm__free(without);
    return sound;
}

static bool usual_text(const lm__field *f, const char *a, const char *b)
{
    if (!b && !strcmp(f->name, "dtype")) b = "float32";     /* the policy in force when a program starts */
    return same_text(a, b);
}

static bool usual_activation(const lm__class *class, const lm__field *f, const void *args)
{
    const char *a = *AT(const char *, args, f->offset), *b = *AT(const char *, class->defaults, f->offset);
    if (same_text(a, b)) return true;
    return !b && !strcmp(a, "linear") && may_be_left_out(class, f, args);
}

static bool usual_field(const lm__class *class, const lm__field *f, const void *args)
{
    const void *usual = class->defaults;
    switch (f->kind) {
    case LM__FIELD_INT:
    case LM__FIELD_COUNT: return *AT(int64_t, args, f->offset) == *AT(int64_t, usual, f->offset);
    case LM__FIELD_FLOAT: {
        double a = *AT(double, args, f->offset), b = *AT(double, usual, f->offset);
        return (a == b && signbit(a) == signbit(b)) || (isnan(a) && isnan(b));
    }
    case LM__FIELD_BOOL: return *AT(bool, args, f->offset) == *AT(bool, usual, f->offset);
    case LM__FIELD_STRING:
        return usual_text(f, *AT(const char *, args, f->offset), *AT(const char *, usual, f->offset));
    case LM__FIELD_ACTIVATION: return usual_activation(class, f, args);
    case LM__FIELD_PADS:
    case LM__FIELD_INTS:
        return !memcmp(AT(int64_t, args, f->offset), AT(int64_t, usual, f->offset),
                       sizeof(int64_t) * (size_t)f->count);
    case LM__FIELD_TENSOR: return !*AT(lm_tensor *, args, f->offset);
    case LM__FIELD_AXES:
    case LM__FIELD_SHAPE:
        return !memcmp(AT(int64_t, args, f->offset), AT(int64_t, usual, f->offset), sizeof(int64_t) * LM_MAX_RANK);
    case LM__FIELD_INITIALIZER:
        return usual_initializer(*AT(const char *, usual, f->offset), *AT(lm_initializer *, args, f->other));
    }
    return false;
}

bool lm__c_usual(const lm__configured *object)
{
    bool usual = !object->name;
    for (const lm__field *f = object->class->fields; usual && f->name; f++)
        usual = usual_field(object->class, f, object->args);
    return usual;
}

/* --- writing ------------------------------------------------------------------------------------------------ */

lm__text *lm__c_argument(lm__c_call *call, const char *name)
{
    lm__text_printf(&call->text, "%s.%s = ", call->some ? "\n" : "", name);
    call->some = true;
    return &call->text;
}

void lm__c_inside(lm__text *to, const lm__configured *object, const char *name, const double *rate)
{
    lm__c_call inner = {0};
    lm__c_object(&inner, object, name, rate);
    for (size_t i = 0; i < inner.text.size; i++)
        if (inner.text.data[i] == '\n') lm__text_append(to, ", ", 2);
        else lm__text_append(to, inner.text.data + i, 1);
    lm__text_append(to, ")", 1);
    to->bad |= inner.text.bad;
    lm__free(inner.text.data);
}

/* By its name where that says it all, else as an object. */
static void put_initializer(lm__c_call *call, const char *field, const lm_initializer *object)
{
    char name[80];
    if (!object) lm__text_printf(lm__c_argument(call, field), "NULL");
    else if (lm__c_usual(&object->base)) {
        lm__snake_case(object->base.class->name, name, sizeof name);
        lm__c_string(lm__c_argument(call, field), name);
    } else {
        snprintf(name, sizeof name, "%s_object", field);
        lm__c_inside(lm__c_argument(call, name), &object->base, object->base.name, NULL);
    }
}

static int shape_length(const int64_t *dims)
{
    int rank = 0;
    while (rank < LM_MAX_RANK && dims[rank]) rank++;
    return rank;
}

static void put_text(lm__text *to, const char *text)
{
    if (text) lm__c_string(to, text);
    else lm__text_printf(to, "NULL");
}

static void put_field(lm__c_call *call, const lm__field *f, const void *args)
{
    if (f->kind == LM__FIELD_INITIALIZER) {
        put_initializer(call, f->name, *AT(lm_initializer *, args, f->other));
        return;
    }
    lm__text *to = lm__c_argument(call, f->name);
    switch (f->kind) {
    case LM__FIELD_INT:
    case LM__FIELD_COUNT: lm__text_printf(to, "%lld", (long long)*AT(int64_t, args, f->offset)); break;
    case LM__FIELD_FLOAT: lm__c_double(to, *AT(double, args, f->offset)); break;
    case LM__FIELD_BOOL: lm__text_printf(to, *AT(bool, args, f->offset) ? "true" : "false"); break;
    case LM__FIELD_STRING:
    case LM__FIELD_ACTIVATION: put_text(to, *AT(const char *, args, f->offset)); break;
    case LM__FIELD_PADS:
    case LM__FIELD_INTS: lm__c_sizes(to, AT(int64_t, args, f->offset), f->count); break;
    case LM__FIELD_TENSOR: lm__c_tensor(to, *AT(lm_tensor *, args, f->offset)); break;
    case LM__FIELD_AXES:
    case LM__FIELD_SHAPE:
        lm__c_sizes(to, AT(int64_t, args, f->offset), shape_length(AT(int64_t, args, f->offset)));
        break;
    case LM__FIELD_INITIALIZER: break;
    }
}

void lm__c_object(lm__c_call *call, const lm__configured *object, const char *name, const double *rate)
{
    const lm__class *class = object->class;
    lm__text_printf(&call->text, "%s(", function_of(class));
    call->some = false;
    if (name) lm__c_string(lm__c_argument(call, "name"), name);
    for (const lm__field *f = class->fields; f->name; f++) {
        if (rate && !strcmp(f->name, "learning_rate")) {
            if ((float)*rate != (float)*AT(double, class->defaults, f->offset))
                lm__c_double(lm__c_argument(call, f->name), *rate);
        } else if (!usual_field(class, f, object->args)) put_field(call, f, object->args);
    }
}

/* Characters, not bytes: names may be in any script. */
static int columns(const char *text, size_t bytes)
{
    int n = 0;
    for (size_t i = 0; i < bytes; i++) n += ((unsigned char)text[i] & 0xC0) != 0x80;
    return n;
}

/* How much of an argument fits into so many columns: all, or up to a comma outside strings; at least one piece. */
static size_t fitting(const char *text, size_t n, int room)
{
    size_t fits = 0;
    bool quoted = false;
    size_t most = room < 0 ? 0 : 4 * (size_t)room;      /* bytes that so many characters have */
    if (n <= most && columns(text, n) <= room) return n;
    for (size_t i = 0; i + 1 < n; i++) {
        if (text[i] == '\\') i++;
        else if (text[i] == '"') quoted = !quoted;
        else if (!quoted && text[i] == ',' && text[i + 1] == ' ') {
            if (fits && columns(text, i + 1) > room) break;
            fits = i + 2;
        }
    }
    return fits ? fits : n;
}

/* An argument at column `at`; what does not fit goes to further lines, `hang` columns in. The column it ends at. */
static int put_argument(lm__text *to, const char *text, size_t n, int at, int hang)
{
    for (;;) {
        size_t part = fitting(text, n, COLUMNS - at - 2);
        if (part == n) break;
        lm__text_append(to, text, part - 1);
        lm__text_printf(to, "\n%*s", hang, "");
        text += part, n -= part, at = hang;
    }
    lm__text_append(to, text, n);
    return at + columns(text, n);
}

void lm__c_call_end(lm__text *to, lm__c_call *call, int indent, const char *after)
{
    const char *text = call->text.data ? call->text.data : "", *open = strchr(text, '(');
    int hang = indent + (open ? columns(text, (size_t)(open - text)) + 1 : 0), at = indent;
    lm__text_printf(to, "%*s", indent, "");
    while (*text) {
        size_t n = strcspn(text, "\n");
        if (at > hang && at + columns(text, n) + 2 > COLUMNS) {
            lm__text_printf(to, "\n%*s", hang, "");
            at = hang;
        } else if (at > indent) {
            lm__text_append(to, " ", 1);
            at++;
        }
        at = put_argument(to, text, n, at, hang + 4) + 1;
        text += n;
        if (*text == '\n') lm__text_append(to, ",", 1), text++;
    }
    lm__text_printf(to, ")%s\n", after);
    to->bad |= call->text.bad;
    lm__free(call->text.data);
    *call = (lm__c_call){0};
}
