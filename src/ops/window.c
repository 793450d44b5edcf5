/* ops/window.c: see window.h. */
#include "ops/window.h"

lm_status lm__window_pair(const char *op, const char *what, const int64_t given[2], int64_t unset, int64_t out[2])
{
    out[0] = given[0] ? given[0] : unset;
    out[1] = given[1] ? given[1] : out[0];
    if (out[0] > 0 && out[1] > 0 && out[0] <= INT32_MAX && out[1] <= INT32_MAX) return LM_OK;
    return lm__fail(LM_INVALID, "%s: .%s = {%lld, %lld}, expected two numbers of at least 1", op, what,
                    (long long)given[0], (long long)given[1]);
}

lm_status lm__window_padding(const char *op, const char *name, const int64_t pads[4], int64_t *padding)
{
    static const char *const names[] = {"valid", "same", "explicit", NULL};
    bool given = false;
    for (int i = 0; i < 4; i++) {
        if (pads[i] < 0 || pads[i] > INT32_MAX)
            return lm__fail(LM_INVALID, "%s: .pads[%d] = %lld, expected at least 0 (crop with lm_op_slice)", op, i,
                            (long long)pads[i]);
        given |= pads[i] > 0;
    }
    if (!name) name = given ? "explicit" : "valid";
    for (int i = 0; names[i]; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        if (given && i != LM__PAD_EXPLICIT)
            return lm__fail(LM_INVALID, "%s: both .padding = \"%s\" and .pads are given; leave out one", op, name);
        *padding = i;
        return LM_OK;
    }
    const char *near = lm__nearest(name, names);
    return lm__fail(LM_INVALID, "%s: .padding = \"%s\" is unknown%s%s%s; expected \"valid\", \"same\" or .pads", op,
                    name, near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

lm_status lm__window_count(const lm__infer *infer, const lm__window_axis *a, lm__dim *out)
{
    lm__dims *dims = infer->dims;
    if (a->padding == LM__PAD_SAME) {
        *out = lm__dim_div(dims, lm__dim_add(dims, a->size, a->stride - 1), a->stride);
        return LM_OK;
    }
    int64_t pad = a->padding == LM__PAD_EXPLICIT ? a->before + a->after : 0;
    lm__dim size = lm__dim_add(dims, a->size, pad);
    lm__dim extent = lm__dim_add(dims, lm__dim_mul(dims, lm__dim_sub(dims, a->window, 1), a->dilation), 1);
    if (lm__dim_known(size) && lm__dim_known(extent) && size < extent) {
        bool narrow = a->size < a->window;
        return lm__op_invalid(infer, "the window covers %lld cells of the %s, but there are only %lld%s; %s",
                              (long long)extent, a->name, (long long)size, pad ? " with padding" : "",
                              narrow ? "use a smaller window or .padding = \"same\""
                                     : "use a smaller dilation or .padding = \"same\"");
    }
    *out = lm__dim_add(dims, lm__dim_div(dims, lm__dim_sub(dims, size, extent), a->stride), 1);
    return LM_OK;
}
