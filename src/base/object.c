/* base/object.c: reference counts and errors of objects. */
#include "base/object.h"

#include "base/alloc.h"
#include "base/status.h"

#include <string.h>

/* The statics that stand for "no memory" are never counted, changed or freed. */
static int is_static(const lm__object *object)
{
    return atomic_load_explicit(&object->references, memory_order_relaxed) < 0;
}

void *lm_retain(void *object)
{
    lm__object *o = object;
    if (o && !is_static(o)) atomic_fetch_add_explicit(&o->references, 1, memory_order_relaxed);
    return object;
}

void lm_free(void *object)
{
    lm__object *o = object;
    if (!o || is_static(o)) return;
    if (atomic_fetch_sub_explicit(&o->references, 1, memory_order_acq_rel) != 1) return;
    if (o->type->destroy) o->type->destroy(o);
    lm__free(o->message);
    lm__free(o);
}

int lm_failed(const void *object)
{
    return lm_status_of(object) != LM_OK;
}

lm_status lm_status_of(const void *object)
{
    return object ? ((const lm__object *)object)->status : LM_INVALID;
}

const char *lm_error(const void *object)
{
    const lm__object *o = object;
    if (!o) return "NULL instead of an object";
    if (o->status == LM_OK) return "";
    return o->message ? o->message : lm_status_text(o->status);
}

void lm_clear(void *object)
{
    lm__object *o = object;
    if (!o || o->sticky || is_static(o)) return;
    o->status = LM_OK;
    lm__free(o->message);
    o->message = NULL;
}

void *lm__object_new(const lm__type *type, size_t bytes)
{
    lm__object *o = lm__calloc(1, bytes);
    if (!o) {
        lm__no_memory(bytes);
        return type->poisoned;
    }
    o->type = type;
    atomic_init(&o->references, 1);
    return o;
}

void *lm__object_fail(void *object, int sticky)
{
    lm__object *o = object;
    if (!o || o->status != LM_OK || is_static(o)) return object;
    o->message = lm_last_error()[0] ? lm__strdup(lm_last_error()) : NULL;
    o->sticky = sticky;
    o->status = lm_last_status() != LM_OK ? lm_last_status() : LM_INTERNAL;
    return object;
}

void *lm__object_poison(const lm__type *type)
{
    lm__object *o = type->bytes ? lm__calloc(1, type->bytes) : NULL;
    if (!o) return type->poisoned;
    o->type = type;
    atomic_init(&o->references, 1);
    return lm__object_fail(o, 1);
}

static const char *article(const char *noun)
{
    return noun[0] && strchr("aeiou", noun[0]) ? "an" : "a";
}

lm_status lm__object_check(const void *object, const lm__type *type, const char *what)
{
    const lm__object *o = object;
    if (!o) return lm__fail(LM_INVALID, "%s: NULL instead of %s %s", what, article(type->name), type->name);
    if (o->type != type)
        return lm__fail(LM_INVALID, "%s: %s %s came where %s %s was expected", what, article(o->type->name),
                        o->type->name, article(type->name), type->name);
    return o->status == LM_OK ? LM_OK : lm__fail(o->status, "%s", lm_error(o));
}
