/* nn/initializers/he_uniform.c: uniform in ±sqrt(6 / fan_in)  (He et al., ICCV 2015). */
#include "nn/initializer.h"
#include "nn/random.h"
#include <lamina/initializers.h>

#ifdef LM_HEADER
/* HeUniform: uniform in ±sqrt(6 / fan_in)  (He et al., ICCV 2015). */
typedef struct lm_init_he_uniform_args {
    size_t size;
    const char *name;
} lm_init_he_uniform_args;
lm_initializer *lm_init_he_uniform_new(const lm_init_he_uniform_args *args);
#define lm_init_he_uniform() lm_init_he_uniform_new(NULL)
#endif

static lm_status fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    (void)self;
    lm__fill_scaled(t, seed, stream, 2, LM__FAN_IN, false);
    return LM_OK;
}

static const lm_init_he_uniform_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {{0}};

const lm__initializer_class lm__initializer_he_uniform = {
    .base = {.name = "HeUniform", .module = "keras.initializers", .type = &lm__initializer_type,
             .object_bytes = sizeof(lm_initializer), .args_bytes = sizeof defaults, .defaults = &defaults,
             .fields = fields},
    .fill = fill,
};

lm_initializer *lm_init_he_uniform_new(const lm_init_he_uniform_args *args)
{
    return lm__initializer_new(&lm__initializer_he_uniform, args);
}
