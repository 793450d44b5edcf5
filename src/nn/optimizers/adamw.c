/* nn/optimizers/adamw.c: Adam with decoupled weight decay. */
#include "nn/adam.h"
#include <lamina/optimizers.h>

#include <math.h>

#ifdef LM_HEADER
/* AdamW: Adam, with p -= p·weight_decay·rate before each update (Loshchilov and Hutter, ICLR 2019). */
typedef struct lm_adamw_args {
    LM_OPTIMIZER_FIELDS;
    double beta_1;                              /* 0.9 */
    double beta_2;                              /* 0.999 */
    double epsilon;                             /* 1e-7, outside the root */
    bool amsgrad;
} lm_adamw_args;
#define LM_ADAMW_DEFAULTS                                                                                            \
    LM__LIST(LM_OPTIMIZER_DEFAULTS, .weight_decay = 0.004, .beta_1 = 0.9, .beta_2 = 0.999, .epsilon = 1e-7)
lm_adamw_args lm_adamw_defaults(void);
lm_optimizer *lm_adamw_new(const lm_adamw_args *args);
#define lm_adamw(...) LM__WITH(lm_adamw_args, LM_ADAMW_DEFAULTS, lm_adamw_new(&lm__a), __VA_ARGS__)
#endif

static lm__adam rule(const lm_optimizer *self)
{
    const lm_adamw_args *a = self->base.args;
    return (lm__adam){a->beta_1, a->beta_2, a->epsilon, a->amsgrad};
}

static int slots(const lm_optimizer *self, const char *names[LM__OPTIMIZER_SLOTS])
{
    lm__adam a = rule(self);
    return lm__adam_slots(&a, names);
}

static lm_value *update(const lm_optimizer *self, const lm__update *u)
{
    lm__adam a = rule(self);
    return lm__adam_update(&a, u);
}

static const lm_adamw_args defaults = {.size = sizeof defaults, LM_ADAMW_DEFAULTS};
static const lm__field fields[] = {
    LM__OPTIMIZER_FIELD_ROWS(lm_adamw_args),
    LM__FIELD(lm_adamw_args, beta_1, LM__FIELD_FLOAT, .low = 0, .high = 1),
    LM__FIELD(lm_adamw_args, beta_2, LM__FIELD_FLOAT, .low = 0, .high = 1),
    LM__FIELD(lm_adamw_args, epsilon, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    LM__FIELD(lm_adamw_args, amsgrad, LM__FIELD_BOOL),
    {0},
};

const lm__optimizer_class lm__optimizer_adamw = {
    .base = LM__OPTIMIZER_CLASS("AdamW", defaults, fields),
    .slots = slots,
    .update = update,
    .paired = 2,
};

lm_adamw_args lm_adamw_defaults(void) { return defaults; }
lm_optimizer *lm_adamw_new(const lm_adamw_args *args) { return lm__optimizer_new(&lm__optimizer_adamw, args); }
