/* nn/initializers/glorot_normal.c: truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS
 * 2010). */
#include "nn/initializer.h"
#include "nn/random.h"
#include <lamina/initializers.h>

#ifdef LM_HEADER
/* GlorotNormal: truncated normal of variance 2 / (fan_in + fan_out)  (Glorot and Bengio, AISTATS 2010). */
typedef struct lm_init_glorot_normal_args {
    size_t size;
    const char *name;
} lm_init_glorot_normal_args;
lm_initializer *lm_init_glorot_normal_new(const lm_init_glorot_normal_args *args);
#define lm_init_glorot_normal() lm_init_glorot_normal_new(NULL)
#endif

static lm_status fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    (void)self;
    lm__fill_scaled(t, seed, stream, 1, LM__FAN_AVERAGE, true);
    return LM_OK;
}

static const lm_init_glorot_normal_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {{0}};

const lm__initializer_class lm__initializer_glorot_normal = {
    .base = {.name = "GlorotNormal", .module = "keras.initializers", .type = &lm__initializer_type,
             .object_bytes = sizeof(lm_initializer), .args_bytes = sizeof defaults, .defaults = &defaults,
             .fields = fields},
    .fill = fill,
};

lm_initializer *lm_init_glorot_normal_new(const lm_init_glorot_normal_args *args)
{
    return lm__initializer_new(&lm__initializer_glorot_normal, args);
}
