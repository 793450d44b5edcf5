/* plan/profile.h: profiles of functions (lamina/profile.h). */
#ifndef LM_PLAN_PROFILE_H
#define LM_PLAN_PROFILE_H

#include "plan/plan.h"
#include <lamina/profile.h>

extern const lm__type lm__profile_type;

/* Runs the function's plan for these sizes, as lm__function_call would, and puts back what it stores. A poisoned
 * profile on failure. */
lm_profile *lm__function_profile(lm_function *function, const int64_t *symbols, const void *const *inputs,
                                 const lm_profile_args *args);
/* The same on tensors, checked against the function's inputs. */
lm_profile *lm__function_profile_on(lm_function *function, lm_tensor *const *inputs, const lm_profile_args *args);

#endif
