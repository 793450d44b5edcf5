/* tests/support/refusal.h: mistakes and what is said about them, word by word. */
#ifndef LM_TESTS_REFUSAL_H
#define LM_TESTS_REFUSAL_H

#include "support/check.h"

#include <lamina/object.h>
#include <lamina/runtime.h>

/* The expression, an object, must have failed with this very message; freed, it leaves as much memory held as
 * before. */
#define refused(expression, message)                                                                             \
    do {                                                                                                         \
        size_t refused_live = lm_memory().live;                                                                  \
        void *refused_object = (expression);                                                                     \
        if (!lm_failed(refused_object)) fail_msg("%s was accepted", #expression);                                \
        if (strcmp(lm_error(refused_object), (message)))                                                         \
            fail_msg("%s:\n  said     %s\n  expected %s", #expression, lm_error(refused_object), (message));     \
        lm_free(refused_object);                                                                                 \
        if (lm_memory().live != refused_live)                                                                    \
            fail_msg("%s leaks %zd bytes", #expression, (ptrdiff_t)(lm_memory().live - refused_live));           \
    } while (0)

#define accepted(expression)                                                                                     \
    do {                                                                                                         \
        void *accepted_object = (expression);                                                                    \
        if (lm_failed(accepted_object)) fail_msg("%s: %s", #expression, lm_error(accepted_object));              \
        lm_free(accepted_object);                                                                                \
    } while (0)

#endif
