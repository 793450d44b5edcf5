/* nn/activations/activation.c: expands activations.def. */
#include "nn/activations/activation.h"

#include <string.h>

static const lm__activation all[] = {
#define LM_ACTIVATION(name) {#name, lm__activation_##name},
#define LM_ALIAS(alias, name)
#include "nn/activations/activations.def"
#undef LM_ACTIVATION
#undef LM_ALIAS
};

/* Every name that is understood. */
static const char *const names[] = {
#define LM_ACTIVATION(name) #name,
#define LM_ALIAS(alias, name) #alias,
#include "nn/activations/activations.def"
#undef LM_ACTIVATION
#undef LM_ALIAS
    NULL,
};

static const char *canonical(const char *name)
{
#define LM_ACTIVATION(known)
#define LM_ALIAS(alias, known)                                                                                   \
    if (strcmp(name, #alias) == 0) return #known;
#include "nn/activations/activations.def"
#undef LM_ACTIVATION
#undef LM_ALIAS
    return name;
}

lm_status lm__activation_find(const char *name, const lm__activation **out)
{
    *out = NULL;
    if (!name) return lm__fail(LM_INVALID, "activation: NULL where a name was expected (\"linear\" for none)");
    const char *wanted = canonical(name);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, wanted) == 0) {
            *out = &all[i];
            return LM_OK;
        }
    const char *near = lm__nearest(name, names);
    if (near) return lm__fail(LM_NOT_FOUND, "unknown activation \"%s\" (did you mean \"%s\"?)", name, near);
    return lm__fail(LM_NOT_FOUND, "unknown activation \"%s\" (\"linear\" is the one that does nothing)", name);
}
