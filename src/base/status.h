/* base/status.h: how an error is recorded and passed on. */
#ifndef LM_BASE_STATUS_H
#define LM_BASE_STATUS_H

#include <lamina/status.h>
#include <stdarg.h>

/* Records a message for the calling thread and returns `status`. The message says what was wrong, what came, what
 * was expected and the likely fix; it does not repeat the status's own text. Never allocates (text is cut at 1023
 * bytes), and puts question marks where control characters came, except line breaks and tabs. */
lm_status lm__fail(lm_status status, const char *format, ...) __attribute__((format(printf, 2, 3)));
lm_status lm__vfail(lm_status status, const char *format, va_list args);

/* As lm__fail, with "context: " put before the message that is already recorded; keeps its status, which it
 * returns. */
lm_status lm__fail_in(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* LM_NO_MEMORY with a message that names the size. */
lm_status lm__no_memory(unsigned long long bytes);

/* The one early-exit idiom: pass a failure on. With something to clean up, use LM_GO(label, expression) where a local
 * `lm_status status` exists and the code at the label releases and returns it. */
#define LM_TRY(expression)                                                                                       \
    do {                                                                                                         \
        lm_status lm__try_ = (expression);                                                                       \
        if (lm__try_ != LM_OK) return lm__try_;                                                                  \
    } while (0)
#define LM_GO(label, expression)                                                                                 \
    do {                                                                                                         \
        status = (expression);                                                                                   \
        if (status != LM_OK) goto label;                                                                         \
    } while (0)

/* The name in the NULL-terminated list that is nearest to `name` (edit distance), else one that begins so, or NULL if
 * none is near; for messages of the form: unknown activation "rely" (did you mean "relu"?). */
const char *lm__nearest(const char *name, const char *const *list);

#endif
