/* train/state.c: see state.h. */
#include "train/state.h"

#include "base/alloc.h"
#include "base/status.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

lm_status lm__run_state_new(lm__run_state *state)
{
    *state = (lm__run_state){.json = json_object()};
    return state->json ? LM_OK : lm__no_memory(sizeof *state);
}

void lm__run_state_free(lm__run_state *state)
{
    json_decref(state->json);
    for (size_t i = 0; i < state->count; i++) lm__free(state->item[i].name), lm_free(state->item[i].tensor);
    lm__free(state->item);
    *state = (lm__run_state){0};
}

lm_status lm__run_state_put(lm__run_state *state, const char *name, lm_tensor *tensor)
{
    LM_TRY(lm__object_check(tensor, &lm__tensor_type, name));
    if (lm__grow(&state->item, state->count, &state->capacity, sizeof *state->item))
        return lm__no_memory((state->count + 1) * sizeof *state->item);
    char *copy = lm__strdup(name);
    if (!copy) return lm__no_memory(strlen(name) + 1);
    state->item[state->count].name = copy;
    state->item[state->count++].tensor = lm_retain(tensor);
    return LM_OK;
}

lm_tensor *lm__run_state_get(const lm__run_state *state, const char *name)
{
    for (size_t i = 0; i < state->count; i++)
        if (!strcmp(state->item[i].name, name)) return state->item[i].tensor;
    return NULL;
}

lm_status lm__run_state_copy(const lm__run_state *state, const char *name, lm_tensor *to)
{
    const lm_tensor *from = lm__run_state_get(state, name);
    if (!from) return lm__fail(LM_CORRUPT, "%s is missing", name);
    if (from->dtype != to->dtype || from->rank != to->rank ||
        memcmp(from->dims, to->dims, (size_t)to->rank * sizeof *to->dims))
        return lm__fail(LM_CORRUPT, "%s has another type or shape than here", name);
    memcpy(to->data, from->data, lm_tensor_bytes(to));
    return LM_OK;
}

/* jansson's reals come back bit for bit: it prints 17 digits. */
lm_status lm__keep_number(json_t *json, const char *name, double value)
{
    json_t *item = isnan(value)   ? json_string("nan")
                   : isinf(value) ? json_string(value > 0 ? "inf" : "-inf")
                                  : json_real(value);
    return item && !json_object_set_new(json, name, item) ? LM_OK : lm__no_memory(64);
}

lm_status lm__keep_integer(json_t *json, const char *name, int64_t value)
{
    json_t *item = json_integer(value);
    return item && !json_object_set_new(json, name, item) ? LM_OK : lm__no_memory(64);
}

lm_status lm__kept_number(const json_t *json, const char *name, double *value)
{
    const json_t *item = json_object_get(json, name);
    const char *text = json_string_value(item);
    if (json_is_number(item)) *value = json_number_value(item);
    else if (text && !strcmp(text, "nan")) *value = NAN;
    else if (text && !strcmp(text, "inf")) *value = INFINITY;
    else if (text && !strcmp(text, "-inf")) *value = -INFINITY;
    else return lm__fail(LM_CORRUPT, "\"%s\" is no number", name);
    return LM_OK;
}

lm_status lm__kept_integer(const json_t *json, const char *name, int64_t low, int64_t high, int64_t *value)
{
    const json_t *item = json_object_get(json, name);
    if (!json_is_integer(item)) return lm__fail(LM_CORRUPT, "\"%s\" is no whole number", name);
    int64_t found = json_integer_value(item);
    if (found < low || found > high)
        return lm__fail(LM_CORRUPT, "\"%s\" is %lld, which lies outside %lld … %lld", name, (long long)found,
                        (long long)low, (long long)high);
    *value = found;
    return LM_OK;
}
