/* api/profile.c: the public face of profiles (lamina/profile.h). */
#include "base/settings.h"
#include "plan/profile.h"
#include "train/profile.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static lm_profile *poison(void) { return lm__object_poison(&lm__profile_type); }

lm_profile_args lm_profile_defaults(void)
{
    return (lm_profile_args){.size = sizeof(lm_profile_args), LM_PROFILE_DEFAULTS};
}

static lm_status check(const lm_profile_args *args)
{
    if (!args || args->size != sizeof *args)
        return lm__fail(LM_INVALID, "profile: the arguments are NULL or of another version of the library");
    if (args->runs < 0 || !(args->seconds >= 0) || !isfinite(args->seconds))
        return lm__fail(LM_INVALID, "profile: runs = %d, seconds = %g, but both must be 0 or more", args->runs,
                        args->seconds);
    return LM_OK;
}

lm_profile *lm_profile_training_with(lm_model *model, lm_tensor *x, lm_tensor *y, const lm_profile_args *args)
{
    if (lm__object_check(model, &lm__model_type, "model") || check(args) || lm__model_enter_alone(model))
        return poison();
    lm_profile *p = lm__model_profile_training(model, x, y, args);
    lm__model_leave(model);
    return p;
}

lm_profile *lm_profile_prediction_with(const lm_model *model, lm_tensor *x, const lm_profile_args *args)
{
    if (lm__object_check(model, &lm__model_type, "model") || check(args)) return poison();
    lm__model_look(model);
    lm_profile *p = lm__model_profile_prediction(model, x, args);
    lm__model_looked(model);
    return p;
}

lm_profile *lm_profile_function_with(lm_function *function, lm_tensor *const *inputs, const lm_profile_args *args)
{
    if (lm__object_check(function, &lm__function_type, "function") || check(args)) return poison();
    return lm__function_profile_on(function, inputs, args);
}

bool lm_plan_pass(int index, const char **name, const char **about)
{
    static const char *const passes[][2] = {
#define LM__PASS(name, text) {#name, text},
        LM__PASS_LIST(LM__PASS)
#undef LM__PASS
    };
    if (index < 0 || index >= LM__PASS_COUNT) return false;
    if (name) *name = passes[index][0];
    if (about) *about = passes[index][1];
    return true;
}

/* The pass whose name is the `length` bytes at `name`: its bit, or 0 with LM_NOT_FOUND recorded. */
static unsigned find_pass(const char *name, size_t length)
{
    char word[64];
    const char *names[LM__PASS_COUNT + 1] = {0};
    for (int i = 0; lm_plan_pass(i, &names[i], NULL); i++)
        if (strlen(names[i]) == length && !memcmp(names[i], name, length)) return 1u << i;
    snprintf(word, sizeof word, "%.*s", (int)length, name);
    const char *near = lm__nearest(word, names);
    if (near) lm__fail(LM_NOT_FOUND, "plans have no pass \"%s\" (did you mean %s?)", word, near);
    else lm__fail(LM_NOT_FOUND, "plans have no pass \"%s\"; lm_plan_pass tells their names", word);
    return 0;
}

lm_status lm_plan_without(const char *passes)
{
    unsigned off = 0;
    for (const char *at = passes ? passes : ""; *at;) {
        size_t length = strcspn(at, ",");
        unsigned bit = find_pass(at, length);
        if (!bit) return LM_NOT_FOUND;
        off |= bit;
        at += length + (at[length] == ',');
    }
    lm__set_passes_off(off);
    return LM_OK;
}
