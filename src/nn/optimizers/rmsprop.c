/* nn/optimizers/rmsprop.c: p -= rate · g / sqrt(mean of g² + epsilon). */
#include "nn/optimizer.h"
#include "ops/support.h"
#include <lamina/optimizers.h>

#include <math.h>

#ifdef LM_HEADER
/* RMSprop: v = rho·v + (1-rho)·g², p -= rate·g / sqrt(v + epsilon) (Tieleman and Hinton, 2012); centered: v less the
 * square of the mean of g (Graves, 2013); with momentum m: s = m·s + that step, p -= s. */
typedef struct lm_rmsprop_args {
    LM_OPTIMIZER_FIELDS;
    double rho;                                 /* 0.9 */
    double momentum;
    double epsilon;                             /* 1e-7, inside the root */
    bool centered;
} lm_rmsprop_args;
#define LM_RMSPROP_DEFAULTS LM__LIST(LM_OPTIMIZER_DEFAULTS, .rho = 0.9, .epsilon = 1e-7)
lm_rmsprop_args lm_rmsprop_defaults(void);
lm_optimizer *lm_rmsprop_new(const lm_rmsprop_args *args);
#define lm_rmsprop(...) LM__WITH(lm_rmsprop_args, LM_RMSPROP_DEFAULTS, lm_rmsprop_new(&lm__a), __VA_ARGS__)
#endif

/* Slots: velocity, then momentum and average of the gradient where they are used. */
static int slots(const lm_optimizer *self, const char *names[LM__OPTIMIZER_SLOTS])
{
    const lm_rmsprop_args *a = self->base.args;
    int n = 0;
    names[n++] = "velocity";
    if (a->momentum > 0) names[n++] = "momentum";
    if (a->centered) names[n++] = "average_gradient";
    return n;
}

/* old·rho + new·(1 - rho), which becomes the slot. */
static lm_value *decayed(const lm__update *u, int slot, double rho, lm_value *fresh)
{
    lm_value *old = lm_op_multiply(lm__update_slot(u, slot), lm__update_scalar(u, rho));
    lm_value *next = lm_op_add(old, lm_op_multiply(fresh, lm__update_scalar(u, 1 - rho)));
    lm__update_set(u, slot, next);
    return next;
}

static lm_value *update(const lm_optimizer *self, const lm__update *u)
{
    const lm_rmsprop_args *a = self->base.args;
    lm_value *v = decayed(u, 0, a->rho, lm_op_square(u->gradient));
    lm_value *under = lm_op_add(v, lm__update_scalar(u, a->epsilon));
    if (a->centered)
        under = lm_op_subtract(under, lm_op_square(decayed(u, 1 + (a->momentum > 0), a->rho, u->gradient)));
    lm_value *step = lm_op_divide(lm_op_multiply(u->gradient, u->rate), lm_op_sqrt(under));
    if (a->momentum > 0) {
        step = lm_op_add(lm_op_multiply(lm__update_slot(u, 1), lm__update_scalar(u, a->momentum)), step);
        lm__update_set(u, 1, step);
    }
    return lm_op_subtract(u->value, step);
}

static const lm_rmsprop_args defaults = {.size = sizeof defaults, LM_RMSPROP_DEFAULTS};
static const lm__field fields[] = {
    LM__OPTIMIZER_FIELD_ROWS(lm_rmsprop_args),
    LM__FIELD(lm_rmsprop_args, rho, LM__FIELD_FLOAT, .low = 0, .high = 1),
    LM__FIELD(lm_rmsprop_args, momentum, LM__FIELD_FLOAT, .low = 0, .high = 1),
    LM__FIELD(lm_rmsprop_args, epsilon, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_rmsprop_args, centered, LM__FIELD_BOOL),
    {0},
};

const lm__optimizer_class lm__optimizer_rmsprop = {
    .base = LM__OPTIMIZER_CLASS("RMSprop", defaults, fields),
    .slots = slots,
    .update = update,
};

lm_rmsprop_args lm_rmsprop_defaults(void) { return defaults; }
lm_optimizer *lm_rmsprop_new(const lm_rmsprop_args *args) { return lm__optimizer_new(&lm__optimizer_rmsprop, args); }
