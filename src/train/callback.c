/* train/callback.c: callbacks as objects, and the calling of a list of them. */
#include "train/callback.h"

#include "train/model.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void destroy(void *object)
{
    lm_callback *self = object;
    const lm__callback_class *class = (const lm__callback_class *)self->base.class;
    if (class && class->release) class->release(self);
    lm__configured_destroy(object);
}

static lm_callback poisoned;
const lm__type lm__callback_type = {
    .name = "callback", .destroy = destroy, .poisoned = &poisoned.base.object, .bytes = sizeof(lm_callback)};
static lm_callback poisoned = {.base.object = LM__POISON(&lm__callback_type)};

#define LM_CALLBACK(name) extern const lm__callback_class lm__callback_##name;
#include "train/callbacks/callbacks.def"
#undef LM_CALLBACK

const lm__class *const lm__callback_classes[] = {
#define LM_CALLBACK(name) &lm__callback_##name.base,
#include "train/callbacks/callbacks.def"
#undef LM_CALLBACK
    NULL,
};

static const lm__callback_class *class_of(const lm_callback *self)
{
    return (const lm__callback_class *)self->base.class;
}

lm_callback *lm__callback_new(const lm__callback_class *class, const void *args)
{
    return lm__configured_new(&class->base, args);
}

static bool wants(const lm_callback *self, lm__hook hook)
{
    const lm__callback_class *class = class_of(self);
    return class->on[hook] && (!class->wants || class->wants(self, hook));
}

lm_status lm__callbacks_of(lm_callback *const *list, lm__callbacks *out)
{
    for (int i = 0; i < LM_MAX_CALLBACKS && list[i]; i++) {
        if (lm__object_check(list[i], &lm__callback_type, "callback")) return lm__fail_in("callbacks[%d]", i);
        for (int k = 0; k < i; k++)
            if (list[k] == list[i])
                return lm__fail(LM_INVALID, "callbacks[%d] is the same object as callbacks[%d]", i, k);
        out->item[out->count++] = list[i];
        for (int hook = 0; hook < LM__HOOKS; hook++)
            if (wants(list[i], (lm__hook)hook)) out->wanted |= 1u << hook;
    }
    return LM_OK;
}

const char *lm__callbacks_backup(const lm__callbacks *all)
{
    for (int i = 0; i < all->count; i++)
        if (class_of(all->item[i])->backup) return class_of(all->item[i])->backup(all->item[i]);
    return NULL;
}

bool lm__callbacks_forgive(const lm__callbacks *all)
{
    for (int i = 0; i < all->count; i++)
        if (class_of(all->item[i])->forgives && class_of(all->item[i])->forgives(all->item[i])) return true;
    return false;
}

void lm__callbacks_release(lm_callback *const *list)
{
    for (int i = 0; i < LM_MAX_CALLBACKS && list[i]; i++) lm_free(list[i]);
}

static const char *label(const lm_callback *self)
{
    return self->base.name ? self->base.name : self->base.class->name;
}

/* What a callback left on the model, by a call that failed, ends the fit as a failure of its own would. */
static lm_status call(lm_callback *self, lm__hook hook, lm_moment *moment)
{
    LM_TRY(class_of(self)->on[hook](self, moment));
    lm_model *model = moment->model;
    return model->object.status == LM_OK ? LM_OK : lm__fail(model->object.status, "%s", lm_error(model));
}

lm_status lm__callbacks_call(const lm__callbacks *all, lm__hook hook, bool last, lm_moment *moment)
{
    if (!(all->wanted >> hook & 1)) return LM_OK;
    lm_status status = LM_OK;
    atomic_store(&moment->model->caller, pthread_self());
    for (int i = 0; !status && i < all->count; i++) {
        lm_callback *self = all->item[i];
        if (class_of(self)->last != last || !wants(self, hook)) continue;
        status = call(self, hook, moment);
        if (status) lm__fail_in("callback %s", label(self));
    }
    atomic_store(&moment->model->caller, 0);
    return status;
}

void lm__tell(const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text - 1, format, args);
    va_end(args);
    if (n >= (int)sizeof text - 1) n = (int)sizeof text - 2;
    text[n++] = '\n';
    lm__show(text, (size_t)n);
}

void lm__plain_point(char *text)
{
    const char *point = localeconv()->decimal_point;
    size_t n = strlen(point);
    char *at = n && strcmp(point, ".") ? strstr(text, point) : NULL;
    if (!at) return;
    *at = '.';
    memmove(at + 1, at + n, strlen(at + n) + 1);
}

void lm__number_text(double value, char text[32])
{
    if (!isfinite(value)) {
        strcpy(text, isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
        return;
    }
    int digits = 1;
    for (; digits <= 17; digits++) {
        snprintf(text, 32, "%.*e", digits - 1, value);
        if (strtod(text, NULL) == value) break;
    }
    int exponent = atoi(strchr(text, 'e') + 1);
    if (exponent < -4 || exponent >= 16) snprintf(text, 32, "%.*e", digits - 1, value);
    else snprintf(text, 32, "%.*f", digits - 1 > exponent ? digits - 1 - exponent : 1, value);
    lm__plain_point(text);
}

void lm__end_training(lm_moment *moment)
{
    moment->model->enough = true;
}

/* --- what they remember ----------------------------------------------------------------------------------------- */

/* The number of callback i among those of its class: how it is found again. */
static int place_of(const lm__callbacks *all, int i)
{
    int place = 0;
    for (int k = 0; k < i; k++) place += all->item[k]->base.class == all->item[i]->base.class;
    return place;
}

static void prefix_of(const lm__callbacks *all, int i, char *prefix, size_t bytes)
{
    char snake[64];
    lm__snake_case(all->item[i]->base.class->name, snake, sizeof snake);
    snprintf(prefix, bytes, "%s_%d", snake, place_of(all, i));
}

lm_status lm__callbacks_save(const lm__callbacks *all, lm__run_state *state)
{
    json_t *list = json_object();
    if (!list || json_object_set_new(state->json, "callbacks", list)) return lm__no_memory(64);
    for (int i = 0; i < all->count; i++) {
        const lm__callback_class *class = class_of(all->item[i]);
        lm__keep keep = {.state = state, .json = class->save ? json_object() : NULL};
        if (!class->save) continue;
        prefix_of(all, i, keep.prefix, sizeof keep.prefix);
        if (!keep.json || json_object_set_new(list, keep.prefix, keep.json)) return lm__no_memory(64);
        if (class->save(all->item[i], &keep)) return lm__fail_in("callback %s", label(all->item[i]));
    }
    return LM_OK;
}

/* One that the backup does not know begins as in a fit that is new. */
static lm_status begin_anew(lm_callback *self, lm_moment *moment)
{
    if (!class_of(self)->on[LM__TRAIN_BEGIN]) return LM_OK;
    moment->resumed = false;
    lm_status status = class_of(self)->on[LM__TRAIN_BEGIN](self, moment);
    moment->resumed = true;
    return status;
}

lm_status lm__callbacks_load(const lm__callbacks *all, const lm__run_state *state, lm_moment *moment)
{
    const json_t *list = json_object_get(state->json, "callbacks");
    for (int i = 0; i < all->count; i++) {
        const lm__callback_class *class = class_of(all->item[i]);
        lm__keep keep = {.state = (lm__run_state *)state};
        prefix_of(all, i, keep.prefix, sizeof keep.prefix);
        keep.json = json_object_get(list, keep.prefix);
        if (!class->load) continue;
        lm_status status = keep.json ? class->load(all->item[i], &keep, moment) : begin_anew(all->item[i], moment);
        if (status) return lm__fail_in("callback %s", label(all->item[i]));
    }
    return LM_OK;
}
