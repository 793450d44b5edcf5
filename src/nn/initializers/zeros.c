/* nn/initializers/zeros.c: zeros. */
#include "nn/initializer.h"
#include "nn/random.h"
#include <lamina/initializers.h>

#ifdef LM_HEADER
/* Zeros: zeros. */
typedef struct lm_init_zeros_args {
    size_t size;
    const char *name;
} lm_init_zeros_args;
lm_initializer *lm_init_zeros_new(const lm_init_zeros_args *args);
#define lm_init_zeros() lm_init_zeros_new(NULL)
#endif

static lm_status fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    (void)self;
    lm__fill_uniform(t, seed, stream, 0, 0);
    return LM_OK;
}

static const lm_init_zeros_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    {0},
};

const lm__initializer_class lm__initializer_zeros = {
    .base = {.name = "Zeros", .module = "keras.initializers", .type = &lm__initializer_type,
             .object_bytes = sizeof(lm_initializer), .args_bytes = sizeof defaults, .defaults = &defaults,
             .fields = fields},
    .fill = fill,
};

lm_initializer *lm_init_zeros_new(const lm_init_zeros_args *args)
{
    return lm__initializer_new(&lm__initializer_zeros, args);
}
