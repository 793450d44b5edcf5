/* nn/initializers/random_normal.c: normal with a mean and a standard deviation. */
#include "nn/initializer.h"
#include "nn/random.h"
#include <lamina/initializers.h>

#include <math.h>

#ifdef LM_HEADER
/* RandomNormal: normal with a mean and a standard deviation. */
typedef struct lm_init_random_normal_args {
    size_t size;
    const char *name;
    double mean;
    double stddev;
} lm_init_random_normal_args;
lm_initializer *lm_init_random_normal_new(const lm_init_random_normal_args *args);
#define LM_INIT_RANDOM_NORMAL_DEFAULTS LM__LIST(.mean = 0, .stddev = 0.05)
#define lm_init_random_normal(...)                                                                                   \
    LM__WITH(lm_init_random_normal_args, LM_INIT_RANDOM_NORMAL_DEFAULTS, lm_init_random_normal_new(&lm__a),          \
             __VA_ARGS__)
#endif

static lm_status fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    const lm_init_random_normal_args *a = self->base.args;
    lm__fill_normal(t, seed, stream, a->mean, a->stddev, false);
    return LM_OK;
}

static const lm_init_random_normal_args defaults = {.size = sizeof defaults, LM_INIT_RANDOM_NORMAL_DEFAULTS};
static const lm__field fields[] = {
    LM__FIELD(lm_init_random_normal_args, mean, LM__FIELD_FLOAT),
    LM__FIELD(lm_init_random_normal_args, stddev, LM__FIELD_FLOAT, .low = 0, .high = HUGE_VAL),
    {0},
};

const lm__initializer_class lm__initializer_random_normal = {
    .base = {.name = "RandomNormal", .aliases = "normal", .module = "keras.initializers",
             .type = &lm__initializer_type, .object_bytes = sizeof(lm_initializer), .args_bytes = sizeof defaults,
             .defaults = &defaults, .fields = fields},
    .fill = fill,
};

lm_initializer *lm_init_random_normal_new(const lm_init_random_normal_args *args)
{
    return lm__initializer_new(&lm__initializer_random_normal, args);
}
