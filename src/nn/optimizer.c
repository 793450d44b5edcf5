/* nn/optimizer.c: what all optimizers share as objects: classes, state, order of variables. */
#include "nn/optimizer.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static void release_state(lm_optimizer *self)
{
    for (int i = 0; i < self->nvariables; i++) {
        lm_free(self->variable ? self->variable[i] : NULL);
        lm_free(self->average ? self->average[i] : NULL);
    }
    for (int i = 0; self->slot && i < self->nvariables * self->nslots; i++) lm_free(self->slot[i]);
    lm__free(self->variable), lm__free(self->slot), lm__free(self->average);
    lm_free(self->iteration), lm_free(self->learning_rate);
    self->variable = self->slot = self->average = NULL, self->iteration = self->learning_rate = NULL;
    self->nvariables = self->nslots = 0;
}

static void destroy(void *object)
{
    release_state(object);
    lm__configured_destroy(object);
}

static lm_optimizer poisoned;
const lm__type lm__optimizer_type = {
    .name = "optimizer", .destroy = destroy, .poisoned = &poisoned.base.object, .bytes = sizeof(lm_optimizer)};
static lm_optimizer poisoned = {.base.object = LM__POISON(&lm__optimizer_type)};

#define LM_OPTIMIZER(name) extern const lm__optimizer_class lm__optimizer_##name;
#include "nn/optimizers/optimizers.def"
#undef LM_OPTIMIZER

const lm__class *const lm__optimizer_classes[] = {
#define LM_OPTIMIZER(name) &lm__optimizer_##name.base,
#include "nn/optimizers/optimizers.def"
#undef LM_OPTIMIZER
    NULL,
};

lm_optimizer *lm__optimizer_new(const lm__optimizer_class *class, const void *args)
{
    return lm__configured_new(&class->base, args);
}

lm_optimizer *lm__optimizer_named(const char *name)
{
    const lm__class *class = lm__class_find(lm__optimizer_classes, name ? name : "", "optimizer");
    return class ? lm__configured_new(class, NULL) : lm__object_poison(&lm__optimizer_type);
}

lm_status lm__optimizer_check(const lm__configured *self)
{
    const lm__optimizer_args *a = self->args;
    if (!isnan(a->clipnorm) + !isnan(a->clipvalue) + !isnan(a->global_clipnorm) > 1)
        return lm__fail(LM_INVALID, "%s: give only one of clipnorm, clipvalue and global_clipnorm",
                        self->class->name);
    return LM_OK;
}

/* A new variable of zeros like `like`, named "adam/dense_kernel_momentum". */
static lm_status zeros_like(const lm_optimizer *self, const lm_variable *like, const char *what, lm_variable **out)
{
    char name[240], prefix[64];
    lm__snake_case(self->base.class->name, prefix, sizeof prefix);
    int n = snprintf(name, sizeof name, "%s/", prefix);
    for (const char *c = like->name; *c && n < 180; c++) name[n++] = *c == '/' ? '_' : *c;
    snprintf(name + n, sizeof name - (size_t)n, "_%s", what);
    const lm_tensor *v = like->value;
    *out = lm__variable_over(name, lm_tensor_new(v->dtype, v->rank, v->dims), false);
    return lm__object_check(*out, &lm__variable_type, name);
}

static lm_status scalar(const char *name, lm_dtype dtype, double value, lm_variable **out)
{
    *out = lm__variable_over(name, lm_tensor_scalar(dtype, value), false);
    return lm__object_check(*out, &lm__variable_type, name);
}

static lm_status make_state(lm_optimizer *self)
{
    const lm__optimizer_class *class = (const lm__optimizer_class *)self->base.class;
    const lm__optimizer_args *a = self->base.args;
    const char *names[LM__OPTIMIZER_SLOTS];
    int n = self->nvariables, nslots = class->slots(self, names);
    self->slot = lm__calloc((size_t)(n * nslots) + 1, sizeof *self->slot);
    self->average = a->use_ema ? lm__calloc((size_t)n + 1, sizeof *self->average) : NULL;
    if (!self->slot || (a->use_ema && !self->average)) return lm__no_memory((size_t)n * sizeof *self->slot);
    self->nslots = nslots;
    for (int i = 0; i < n; i++) {
        if (self->average) LM_TRY(zeros_like(self, self->variable[i], "average", &self->average[i]));
        for (int k = 0; k < nslots; k++)
            LM_TRY(zeros_like(self, self->variable[i], names[k], &self->slot[i * nslots + k]));
    }
    LM_TRY(scalar("iteration", LM_I64, 0, &self->iteration));
    return scalar("learning_rate", n ? self->variable[0]->value->dtype : LM_F32, a->learning_rate,
                  &self->learning_rate);
}

lm_status lm__optimizer_build(lm_optimizer *self, int n, lm_variable *const *variables)
{
    if (self->variable)
        return lm__fail(LM_INVALID, "the optimizer already belongs to a model; each compile needs a new one");
    self->variable = lm__calloc((size_t)n + 1, sizeof *self->variable);
    if (!self->variable) return lm__no_memory((size_t)n * sizeof *self->variable);
    for (int i = 0; i < n; i++) self->variable[i] = lm_retain(variables[i]);
    self->nvariables = n;
    lm_status status = make_state(self);
    if (status) release_state(self);
    return status;
}

static int put(lm_variable **out, int at, lm_variable *v)
{
    if (out) out[at] = v;
    return at + 1;
}

int lm__optimizer_variables(const lm_optimizer *self, lm_variable **out)
{
    int n = 0, paired = ((const lm__optimizer_class *)self->base.class)->paired;
    if (!self->iteration) return 0;
    n = put(out, n, self->iteration);
    n = put(out, n, self->learning_rate);
    for (int i = 0; self->average && i < self->nvariables; i++) n = put(out, n, self->average[i]);
    for (int i = 0; i < self->nvariables; i++)
        for (int k = 0; k < paired && k < self->nslots; k++) n = put(out, n, self->slot[i * self->nslots + k]);
    for (int k = paired; k < self->nslots; k++)
        for (int i = 0; i < self->nvariables; i++) n = put(out, n, self->slot[i * self->nslots + k]);
    return n;
}

double lm__optimizer_rate(const lm_optimizer *self)
{
    if (self->learning_rate) return lm_tensor_get(self->learning_rate->value, 0);
    return ((const lm__optimizer_args *)self->base.args)->learning_rate;
}

/* The variable is what trains; the argument is what the configuration says. */
lm_status lm__optimizer_set_rate(lm_optimizer *self, double rate)
{
    if (!(rate >= 0) || isinf(rate))
        return lm__fail(LM_INVALID, "learning rate %g; it must be a finite number of 0 or more", rate);
    ((lm__optimizer_args *)self->base.args)->learning_rate = rate;
    if (!self->learning_rate) return LM_OK;
    lm_tensor *value = lm_tensor_scalar(self->learning_rate->value->dtype, rate);
    lm_status status = lm_variable_set(self->learning_rate, value);
    lm_free(value);
    return status;
}

lm_status lm__optimizer_finish(lm_optimizer *self)
{
    for (int i = 0; self->average && i < self->nvariables; i++)
        LM_TRY(lm_variable_set(self->variable[i], self->average[i]->value));
    return LM_OK;
}
