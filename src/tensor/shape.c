/* tensor/shape.c: checking and printing shapes. */
#include "base/status.h"
#include "tensor/tensor.h"

#include <stdio.h>

/* Elements beyond this could not be addressed in the widest type. */
#define MOST_ELEMENTS ((size_t)PTRDIFF_MAX / 8)

lm_status lm__shape_size(int rank, const int64_t *dims, size_t *out)
{
    if (rank < 0 || rank > LM_MAX_RANK)
        return lm__fail(LM_INVALID, "a shape with %d dimensions came; 0 to %d are possible", rank, LM_MAX_RANK);
    if (rank && !dims) return lm__fail(LM_INVALID, "the dimensions are NULL; %d were expected", rank);
    char text[160];
    int empty = 0;
    for (int i = 0; i < rank; i++) {
        if (dims[i] < 0)
            return lm__fail(LM_INVALID, "shape %s: dimension %d is %s; an array needs numbers of at least 0",
                            lm__shape_text(rank, dims, text, sizeof text), i,
                            dims[i] == LM_ANY ? "unknown" : "negative");
        empty |= dims[i] == 0;
    }
    size_t size = empty ? 0 : 1;
    for (int i = 0; i < rank && !empty; i++)
        if (__builtin_mul_overflow(size, (size_t)dims[i], &size) || size > MOST_ELEMENTS)
            return lm__fail(LM_INVALID, "shape %s has more elements than memory can hold",
                            lm__shape_text(rank, dims, text, sizeof text));
    *out = size;
    return LM_OK;
}

char *lm__shape_text(int rank, const int64_t *dims, char *text, size_t bytes)
{
    size_t at = 0;
    if (bytes) text[0] = '\0';
    for (int i = 0; i < rank && at < bytes; i++) {
        const char *before = i ? ", " : "(", *after = i + 1 < rank ? "" : rank == 1 ? ",)" : ")";
        int n = dims[i] == LM_ANY ? snprintf(text + at, bytes - at, "%sNone%s", before, after)
                                  : snprintf(text + at, bytes - at, "%s%lld%s", before, (long long)dims[i], after);
        at += n > 0 ? (size_t)n : 0;
    }
    if (rank <= 0) snprintf(text, bytes, "()");
    return text;
}
