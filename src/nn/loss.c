/* nn/loss.c: what all losses share: matching, weighting, reduction. */
#include "nn/loss.h"

#include "nn/match.h"
#include "ops/support.h"

#include <string.h>

static lm_loss poisoned;
const lm__type lm__loss_type = {
    .name = "loss", .destroy = lm__configured_destroy, .poisoned = &poisoned.base.object, .bytes = sizeof(lm_loss)};
static lm_loss poisoned = {.base.object = LM__POISON(&lm__loss_type)};

#define LM_LOSS(name) extern const lm__loss_class lm__loss_##name;
#include "nn/losses/losses.def"
#undef LM_LOSS

const lm__class *const lm__loss_classes[] = {
#define LM_LOSS(name) &lm__loss_##name.base,
#include "nn/losses/losses.def"
#undef LM_LOSS
    NULL,
};

lm_loss *lm__loss_new(const lm__loss_class *class, const void *args)
{
    return lm__configured_new(&class->base, args);
}

lm_loss *lm__loss_named(const char *name)
{
    const lm__class *class = lm__class_find(lm__loss_classes, name ? name : "", "loss");
    return class ? lm__configured_new(class, NULL) : lm__object_poison(&lm__loss_type);
}

lm_value *lm__logits_of(lm_value *y_pred, const char *op)
{
    return lm__bad(y_pred) || strcmp(y_pred->node->op->name, op) ? NULL : y_pred->node->in[0];
}

lm_value *lm__clip_probability(lm_value *p)
{
    return lm_op_clip(p, 1e-7, 1 - 1e-7);
}

/* Weights broadcast over the values' trailing axes, or are refused. */
static lm_value *weighted(lm_value *values, lm_value *weight)
{
    lm__same_rank(&values, &weight);
    while (!lm__bad(weight) && weight->shape.rank < values->shape.rank) weight = lm__add_last(weight);
    return lm_op_multiply(values, weight);
}

static lm_value *reduce(const char *reduction, lm_value *values)
{
    if (lm__bad(values) || !strcmp(reduction, "none") || !values->shape.rank) return values;
    if (!strcmp(reduction, "sum")) return lm_op_sum(values);
    return lm_op_mean(values);
}

lm_value *lm__loss_apply(const lm_loss *self, lm_value *y_true, lm_value *y_pred, lm_value *weight)
{
    const lm__loss_class *class = (const lm__loss_class *)self->base.class;
    lm_value *both[] = {y_pred, y_true};
    if (lm__match_targets(&y_true, &y_pred, class->integer_targets)) return lm__graph_fail(NULL, 2, both);
    lm_value *values = class->call(self, y_true, y_pred);
    if (weight && !lm__bad(values)) values = weighted(values, lm__cast_to(weight, values->dtype));
    return reduce(((const lm__loss_args *)self->base.args)->reduction, values);
}
