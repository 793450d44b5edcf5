/* nn/initializers/random_uniform.c: uniform in [minval, maxval). */
#include "nn/initializer.h"
#include "nn/random.h"
#include <lamina/initializers.h>

#ifdef LM_HEADER
/* RandomUniform: uniform in [minval, maxval). */
typedef struct lm_init_random_uniform_args {
    size_t size;
    const char *name;
    double minval;
    double maxval;
} lm_init_random_uniform_args;
lm_initializer *lm_init_random_uniform_new(const lm_init_random_uniform_args *args);
#define LM_INIT_RANDOM_UNIFORM_DEFAULTS LM__LIST(.minval = -0.05, .maxval = 0.05)
#define lm_init_random_uniform(...)                                                                                  \
    LM__WITH(lm_init_random_uniform_args, LM_INIT_RANDOM_UNIFORM_DEFAULTS, lm_init_random_uniform_new(&lm__a),       \
             __VA_ARGS__)
#endif

static lm_status fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    const lm_init_random_uniform_args *a = self->base.args;
    lm__fill_uniform(t, seed, stream, a->minval, a->maxval);
    return LM_OK;
}

static const lm_init_random_uniform_args defaults = {.size = sizeof defaults, LM_INIT_RANDOM_UNIFORM_DEFAULTS};
static const lm__field fields[] = {
    LM__FIELD(lm_init_random_uniform_args, minval, LM__FIELD_FLOAT),
    LM__FIELD(lm_init_random_uniform_args, maxval, LM__FIELD_FLOAT),
    {0},
};

const lm__initializer_class lm__initializer_random_uniform = {
    .base = {.name = "RandomUniform", .aliases = "uniform", .module = "keras.initializers",
             .type = &lm__initializer_type, .object_bytes = sizeof(lm_initializer), .args_bytes = sizeof defaults,
             .defaults = &defaults, .fields = fields},
    .fill = fill,
};

lm_initializer *lm_init_random_uniform_new(const lm_init_random_uniform_args *args)
{
    return lm__initializer_new(&lm__initializer_random_uniform, args);
}
