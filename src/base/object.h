/* base/object.h: the head of every public object. */
#ifndef LM_BASE_OBJECT_H
#define LM_BASE_OBJECT_H

#include <lamina/object.h>
#include <stdatomic.h>
#include <stddef.h>

typedef struct lm__type lm__type;

typedef struct lm__object {
    const lm__type *type;
    atomic_int references;
    _Atomic lm_status status; /* set after the message: any thread may look while another records */
    char *message;          /* owned; NULL: the status's text */
    int sticky;             /* lm_clear leaves it: the object could not be made */
} lm__object;

/* A type of objects. `poisoned` is a static object of the type, returned when there is no memory for a real one;
 * lm_free and lm_retain leave it alone. The struct behind every object begins with an lm__object. */
struct lm__type {
    const char *name;
    void (*destroy)(void *object);  /* releases what the object owns, not its own memory; NULL: nothing to do */
    lm__object *poisoned;
    size_t bytes;                   /* sizeof the struct, for lm__object_poison                               */
};

#define LM__POISON(type_pointer) {.type = (type_pointer), .references = -1, .status = LM_NO_MEMORY, .sticky = 1}

/* A zeroed object of `bytes` with one reference, or the type's poisoned one. */
void *lm__object_new(const lm__type *type, size_t bytes);

/* Records the calling thread's last error on the object if it carries none yet; `sticky`: it could not be made.
 * Returns the object. The poisoned static is left as it is. */
void *lm__object_fail(void *object, int sticky);

/* For constructors that fail: a new zeroed object of the type that carries the thread's last error and keeps it; the
 * type's static poisoned one where there is no memory for that. */
void *lm__object_poison(const lm__type *type);

/* LM_OK, or the error of a poisoned object made the calling thread's last error. NULL gives LM_INVALID "what:
 * NULL". */
lm_status lm__object_check(const void *object, const lm__type *type, const char *what);

/* Whether it is an object of the type, failed or not: for calls that report nothing, such as lm_tensor_rank. */
static inline int lm__object_is(const void *object, const lm__type *type)
{
    return object && ((const lm__object *)object)->type == type;
}

#endif
