/* nn/initializers/constant.c: one number everywhere. */
#include "nn/initializer.h"
#include "nn/random.h"
#include <lamina/initializers.h>

#ifdef LM_HEADER
/* Constant: one number everywhere. */
typedef struct lm_init_constant_args {
    size_t size;
    const char *name;
    double value;
} lm_init_constant_args;
lm_initializer *lm_init_constant_new(const lm_init_constant_args *args);
#define LM_INIT_CONSTANT_DEFAULTS LM__LIST(.value = 0)
#define lm_init_constant(...)                                                                                      \
    LM__WITH(lm_init_constant_args, LM_INIT_CONSTANT_DEFAULTS, lm_init_constant_new(&lm__a), __VA_ARGS__)
#endif

static lm_status fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    const lm_init_constant_args *a = self->base.args;
    lm__fill_uniform(t, seed, stream, a->value, a->value);
    return LM_OK;
}

static const lm_init_constant_args defaults = {.size = sizeof defaults, LM_INIT_CONSTANT_DEFAULTS};
static const lm__field fields[] = {
    LM__FIELD(lm_init_constant_args, value, LM__FIELD_FLOAT),
    {0},
};

const lm__initializer_class lm__initializer_constant = {
    .base = {.name = "Constant", .module = "keras.initializers", .type = &lm__initializer_type,
             .object_bytes = sizeof(lm_initializer), .args_bytes = sizeof defaults, .defaults = &defaults,
             .fields = fields},
    .fill = fill,
};

lm_initializer *lm_init_constant_new(const lm_init_constant_args *args)
{
    return lm__initializer_new(&lm__initializer_constant, args);
}
