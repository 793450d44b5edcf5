/* lamina/status.h: what a call that can fail says.
 *
 * A call that can fail returns an lm_status, or an object that carries one. The text belonging to the last
 * failure in the calling thread is lm_last_error(); the text of a failed object is lm_error(object).
 */
#ifndef LAMINA_STATUS_H
#define LAMINA_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* The codes; X(code, text). Values are stable: new ones are added at the end. */
#define LM_STATUS_LIST(X)                                                        \
    X(LM_OK, "ok")                                                               \
    X(LM_INVALID, "invalid argument")                                            \
    X(LM_NOT_FOUND, "not found")                                                 \
    X(LM_NO_MEMORY, "out of memory")                                             \
    X(LM_IO, "input or output failed")                                           \
    X(LM_CORRUPT, "corrupt or malformed data")                                   \
    X(LM_UNSUPPORTED, "not supported")                                           \
    X(LM_BUSY, "in use by another thread")                                       \
    X(LM_STOPPED, "stopped on request")                                          \
    X(LM_NOT_FINITE, "a value is not finite")                                    \
    X(LM_INTERNAL, "internal error")

typedef enum lm_status {
#define LM__STATUS(code, text) code,
    LM_STATUS_LIST(LM__STATUS)
#undef LM__STATUS
} lm_status;

/* A short fixed text for a code; never NULL, also for values that are no code. Any thread. */
const char *lm_status_text(lm_status status);

/* The calling thread's last failure, with names and shapes; "" if none. Borrowed, valid until the thread's next
 * failing call. Any thread. */
const char *lm_last_error(void);
lm_status lm_last_status(void);

/* The name in the NULL-terminated list that is nearest to `name`, or NULL if none is near: for messages of the kind
 * "did you mean". Any thread. */
const char *lm_nearest(const char *name, const char *const *list);

#ifdef __cplusplus
}
#endif
#endif
