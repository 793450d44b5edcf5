/* lamina/object.h: what all of Lamina's objects have in common: ownership and errors.
 *
 * Ownership: objects are reference-counted. A function that makes an object gives its caller one reference; a
 * container (a model, a layer list, lm_compile) takes over the reference it is handed. lm_free gives one back.
 * Errors: a constructor always returns an object. If it could not be made, the object is poisoned: it carries
 * the status and the text, every call takes it, and whatever it is handed to adopts its error.
 */
#ifndef LAMINA_OBJECT_H
#define LAMINA_OBJECT_H

#include <lamina/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One more reference to the same object; returns it. NULL gives NULL. Any thread. */
void *lm_retain(void *object);

/* Gives one reference back; frees the object with the last. NULL does nothing. Any thread. */
void lm_free(void *object);

/* 1 if the object is NULL or carries an error, else 0. */
int lm_failed(const void *object);

/* The error an object carries: its code, and its text ("" if none). The text is borrowed from the object. */
lm_status lm_status_of(const void *object);
const char *lm_error(const void *object);

/* Removes the error recorded on a model or graph, as clearerr does for a file. An object that could not be
 * made stays poisoned. */
void lm_clear(void *object);

#ifdef __cplusplus
}
#endif
#endif
