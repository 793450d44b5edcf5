/* nn/optimizers/sgd.c: p -= rate · g, with momentum. */
#include "nn/optimizer.h"
#include "ops/support.h"
#include <lamina/optimizers.h>

#include <math.h>

#ifdef LM_HEADER
/* SGD: p -= rate·g; with momentum m: v = m·v - rate·g, p += v; Nesterov: p += m·v - rate·g with the new v
 * (Sutskever et al., ICML 2013). Full batch or mini-batch is the data's choice. */
typedef struct lm_sgd_args {
    LM_OPTIMIZER_FIELDS;
    double momentum;                            /* 0…1; 0: none */
    bool nesterov;
} lm_sgd_args;
#define LM_SGD_DEFAULTS LM__LIST(LM_OPTIMIZER_DEFAULTS, .learning_rate = 0.01)
lm_sgd_args lm_sgd_defaults(void);
lm_optimizer *lm_sgd_new(const lm_sgd_args *args);
#define lm_sgd(...) LM__WITH(lm_sgd_args, LM_SGD_DEFAULTS, lm_sgd_new(&lm__a), __VA_ARGS__)
#endif

static int slots(const lm_optimizer *self, const char *names[LM__OPTIMIZER_SLOTS])
{
    const lm_sgd_args *a = self->base.args;
    names[0] = "momentum";
    return a->momentum > 0;
}

static lm_value *update(const lm_optimizer *self, const lm__update *u)
{
    const lm_sgd_args *a = self->base.args;
    lm_value *step = lm_op_multiply(u->gradient, u->rate);
    if (!(a->momentum > 0)) return lm_op_subtract(u->value, step);
    lm_value *momentum = lm__update_scalar(u, a->momentum);
    lm_value *v = lm_op_subtract(lm_op_multiply(lm__update_slot(u, 0), momentum), step);
    lm__update_set(u, 0, v);
    if (a->nesterov) v = lm_op_subtract(lm_op_multiply(v, momentum), step);
    return lm_op_add(u->value, v);
}

static const lm_sgd_args defaults = {.size = sizeof defaults, LM_SGD_DEFAULTS};
static const lm__field fields[] = {
    LM__OPTIMIZER_FIELD_ROWS(lm_sgd_args),
    LM__FIELD(lm_sgd_args, momentum, LM__FIELD_FLOAT, .low = 0, .high = 1),
    LM__FIELD(lm_sgd_args, nesterov, LM__FIELD_BOOL),
    {0},
};

const lm__optimizer_class lm__optimizer_sgd = {
    .base = LM__OPTIMIZER_CLASS("SGD", defaults, fields),
    .slots = slots,
    .update = update,
};

lm_sgd_args lm_sgd_defaults(void) { return defaults; }
lm_optimizer *lm_sgd_new(const lm_sgd_args *args) { return lm__optimizer_new(&lm__optimizer_sgd, args); }
