/* plan/control.h: control ops as kernels: their state is the plans of their bodies, their shared memory the
 * bodies' arena. */
#ifndef LM_PLAN_CONTROL_H
#define LM_PLAN_CONTROL_H

#include "plan/internal.h"

/* Makes the plans of the node's bodies and sets the step's kernel, state and needs. */
lm_status lm__control_prepare(lm__plan *plan, lm__step *step);

/* The plans behind a step, for listings: how many (0 for other kernels). */
int lm__control_bodies(const lm__step *step, const lm__plan *bodies[2]);

#endif
