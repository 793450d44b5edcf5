/* plan/context.h: contexts whose arena comes from elsewhere. */
#ifndef LM_PLAN_CONTEXT_H
#define LM_PLAN_CONTEXT_H

#include "plan/plan.h"

/* A context without an arena; it must be attached to one before it runs. */
lm_status lm__context_make(const lm__plan *plan, lm__context **out);

/* Lets it run in `memory`: the plan's arena bytes, 64-byte aligned. Nothing is kept there between runs. */
void lm__context_attach(lm__context *context, char *memory);

#endif
