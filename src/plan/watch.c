/* plan/watch.c: finds the step that makes the first value which is not finite. */
#include "plan/internal.h"
#include "tensor/tensor.h"
#include <math.h>
#include <stdio.h>

/* The first element that is not finite, or -1. */
static int64_t find_bad(const lm__desc *d, const void *data, double *value)
{
    if (!data || !lm__is_float(d->dtype)) return -1;
    for (size_t i = 0; i < d->size; i++) {
        *value = lm__load(d->dtype, data, i);
        if (!isfinite(*value)) return (int64_t)i;
    }
    return -1;
}

/* "3, 0, 17" for a flat index. */
static void index_text(const lm__desc *d, int64_t flat, char *text, size_t bytes)
{
    int64_t index[LM_MAX_RANK];
    size_t at = 0;
    for (int k = d->rank - 1; k >= 0; k--) {
        index[k] = flat % d->dims[k];
        flat /= d->dims[k];
    }
    text[0] = 0;
    for (int k = 0; k < d->rank && at < bytes; k++)
        at += (size_t)snprintf(text + at, bytes - at, k ? ", %lld" : "%lld", (long long)index[k]);
}

lm_status lm__watch_step(const lm__step *s, const void *const *in, void *const *out)
{
    double value, ignored;
    if (s->problem.nin == 0) return LM_OK;
    for (int o = 0; o < s->problem.nout; o++) {
        int64_t at = find_bad(&s->problem.out[o], out[o], &value);
        if (at < 0) continue;
        for (int i = 0; i < s->problem.nin; i++)
            if (find_bad(&s->problem.in[i], in[i], &ignored) >= 0) return LM_OK;
        char index[160];
        index_text(&s->problem.out[o], at, index, sizeof index);
        const char *scope = s->node->scope ? s->node->scope : "";
        return lm__fail(LM_NOT_FINITE, "%s%s%sop %s: output has %s at [%s], though its inputs are finite",
                        *scope ? "layer '" : "", scope, *scope ? "', " : "", lm__step_op(s),
                        isnan(value) ? "NaN" : value > 0 ? "infinity" : "-infinity", index);
    }
    return LM_OK;
}
