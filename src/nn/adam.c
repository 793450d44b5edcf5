/* nn/adam.c: Kingma and Ba, Adam: a method for stochastic optimization, ICLR 2015, algorithm 1, in the form of the
 * end of its section 2: alpha = rate · sqrt(1 - beta_2^t) / (1 - beta_1^t). amsgrad: Reddi et al., ICLR 2018. */
#include "nn/adam.h"

#include "ops/support.h"

int lm__adam_slots(const lm__adam *a, const char *names[LM__OPTIMIZER_SLOTS])
{
    names[0] = "momentum", names[1] = "velocity", names[2] = "velocity_hat";
    return a->amsgrad ? 3 : 2;
}

/* 1 - beta^t */
static lm_value *correction(const lm__update *u, double beta)
{
    return lm_op_subtract(lm__update_scalar(u, 1), lm_op_power(lm__update_scalar(u, beta), u->step));
}

/* slot += (fresh - slot) · (1 - beta) */
static lm_value *moved(const lm__update *u, int slot, double beta, lm_value *fresh)
{
    lm_value *old = lm__update_slot(u, slot);
    lm_value *next = lm_op_add(old, lm_op_multiply(lm_op_subtract(fresh, old), lm__update_scalar(u, 1 - beta)));
    lm__update_set(u, slot, next);
    return next;
}

lm_value *lm__adam_update(const lm__adam *a, const lm__update *u)
{
    lm_value *alpha =
        lm_op_multiply(u->rate, lm_op_divide(lm_op_sqrt(correction(u, a->beta_2)), correction(u, a->beta_1)));
    lm_value *m = moved(u, 0, a->beta_1, u->gradient);
    lm_value *v = moved(u, 1, a->beta_2, lm_op_square(u->gradient));
    if (a->amsgrad) {
        v = lm_op_maximum(lm__update_slot(u, 2), v);
        lm__update_set(u, 2, v);
    }
    lm_value *under = lm_op_add(lm_op_sqrt(v), lm__update_scalar(u, a->epsilon));
    return lm_op_subtract(u->value, lm_op_divide(lm_op_multiply(m, alpha), under));
}
