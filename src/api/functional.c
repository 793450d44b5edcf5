/* api/functional.c: the public face of calls and of models made of them. */
#include "base/bytes.h"
#include "train/symbol.h"

#include <stdio.h>
#include <string.h>

lm_call_args lm_call_defaults(void) { return (lm_call_args){.size = sizeof(lm_call_args), LM_CALL_DEFAULTS}; }

lm_functional_args lm_functional_defaults(void)
{
    return (lm_functional_args){.size = sizeof(lm_functional_args), LM_FUNCTIONAL_DEFAULTS};
}

lm_symbol *lm_call_on(lm_layer *layer, size_t count, void *const *inputs)
{
    return lm__symbol_call(layer, inputs ? count : 0, inputs, &(lm__call_options){0});
}

lm_symbol *lm_call_new(lm_layer *layer, const lm_call_args *args)
{
    lm_call_args all = lm_call_defaults();
    size_t count = 0;
    if (args) memcpy(&all, args, args->size < sizeof all ? args->size : sizeof all);
    while (count < LM_MAX_CALL_INPUTS && all.inputs[count]) count++;
    return lm__symbol_call(layer, count, all.inputs, &(lm__call_options){.use_causal_mask = all.use_causal_mask});
}

/* The symbols of a list; all are looked at, so that all have their owner. The first error stays recorded. */
static int take(const char *list, void *const *objects, int most, lm_symbol **out, lm__sketch **sketch,
                lm_status *status)
{
    char what[64], error[1024];
    int n = 0;
    snprintf(error, sizeof error, "%s", lm_last_error());
    for (; n < most && objects[n]; n++) {
        snprintf(what, sizeof what, "lm_functional: .%s[%d]", list, n);
        out[n] = lm__symbol_of(objects[n], what, sketch);
        lm_status one = out[n] ? lm_status_of(out[n]) : lm_last_status();
        if (*status || !one) continue;
        *status = one;
        snprintf(error, sizeof error, "%s", out[n] ? lm_error(out[n]) : lm_last_error());
    }
    if (*status) lm__fail(*status, "%s", error);
    return n;
}

lm_model *lm_functional_new(const lm_functional_args *args)
{
    lm_functional_args all = lm_functional_defaults();
    lm__functional parts = {0};
    lm__sketch *sketch = NULL;
    lm_status status = LM_OK;
    if (args) memcpy(&all, args, args->size < sizeof all ? args->size : sizeof all);
    parts.noutputs = take("outputs", all.outputs, LM_MAX_OUTPUTS, parts.output, &sketch, &status);
    parts.ninputs = take("inputs", all.inputs, LM_MAX_INPUTS, parts.input, &sketch, &status);
    parts.name = all.name;
    if (!status && parts.name && (!*parts.name || !lm__is_plain(parts.name)))
        status = lm__fail(LM_INVALID, "lm_functional: the name is empty, or not text without control characters");
    return lm__model_functional(&parts, sketch, status);
}
