/* nn/policy.c: see policy.h. */
#include "nn/policy.h"

#include "base/status.h"
#include <lamina/model.h>

#include <stdatomic.h>
#include <string.h>

static const lm__policy policies[] = {
    {"float32", LM_F32, LM_F32},
    {"float64", LM_F64, LM_F64},
    {"mixed_bfloat16", LM_F32, LM_BF16},
};
static _Atomic(const lm__policy *) in_force = &policies[0];

lm_status lm__policy_find(const char *name, const lm__policy **out)
{
    *out = atomic_load(&in_force);
    if (!name) return LM_OK;
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++)
        if (!strcmp(name, policies[i].name)) {
            *out = &policies[i];
            return LM_OK;
        }
    if (!strcmp(name, "mixed_float16") || !strcmp(name, "float16"))
        return lm__fail(LM_INVALID, "dtype = \"%s\", but float16 overflows in training unless the loss is scaled, "
                        "which Lamina does not do; use \"mixed_bfloat16\", which needs no scaling", name);
    return lm__fail(LM_INVALID, "dtype = \"%.60s\", but it must be \"float32\" or \"float64\" or \"mixed_bfloat16\"",
                    name);
}

lm_status lm_set_dtype_policy(const char *name)
{
    const lm__policy *policy;
    if (!name) return lm__fail(LM_INVALID, "the name of the policy is NULL; \"float32\" is the usual one");
    LM_TRY(lm__policy_find(name, &policy));
    atomic_store(&in_force, policy);
    return LM_OK;
}

const char *lm_dtype_policy(void)
{
    return atomic_load(&in_force)->name;
}
