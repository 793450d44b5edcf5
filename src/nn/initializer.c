/* nn/initializer.c: what all initializers share. */
#include "nn/initializer.h"

#include <math.h>

static lm_initializer poisoned;
const lm__type lm__initializer_type = {
    .name = "initializer", .destroy = lm__configured_destroy, .poisoned = &poisoned.base.object,
    .bytes = sizeof(lm_initializer)};
static lm_initializer poisoned = {.base.object = LM__POISON(&lm__initializer_type)};

#define LM_INITIALIZER(name) extern const lm__initializer_class lm__initializer_##name;
#include "nn/initializers/initializers.def"
#undef LM_INITIALIZER

const lm__class *const lm__initializer_classes[] = {
#define LM_INITIALIZER(name) &lm__initializer_##name.base,
#include "nn/initializers/initializers.def"
#undef LM_INITIALIZER
    NULL,
};

lm_initializer *lm__initializer_new(const lm__initializer_class *class, const void *args)
{
    return lm__configured_new(&class->base, args);
}

lm_initializer *lm__initializer_named(const char *name)
{
    const lm__class *class = lm__class_find(lm__initializer_classes, name ? name : "", "initializer");
    return class ? lm__configured_new(class, NULL) : lm__object_poison(&lm__initializer_type);
}

lm_status lm__initializer_fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    return ((const lm__initializer_class *)self->base.class)->fill(self, t, seed, stream);
}

void lm__fans(const lm_tensor *t, double *in, double *out)
{
    double receptive = 1;
    if (t->rank < 2) {
        *in = *out = t->rank ? (double)t->dims[0] : 1;
        return;
    }
    for (int i = 0; i < t->rank - 2; i++) receptive *= (double)t->dims[i];
    *in = receptive * (double)t->dims[t->rank - 2];
    *out = receptive * (double)t->dims[t->rank - 1];
}
