/* nn/initializers/ones.c: ones. */
#include "nn/initializer.h"
#include "nn/random.h"
#include <lamina/initializers.h>

#ifdef LM_HEADER
/* Ones: ones. */
typedef struct lm_init_ones_args {
    size_t size;
    const char *name;
} lm_init_ones_args;
lm_initializer *lm_init_ones_new(const lm_init_ones_args *args);
#define lm_init_ones() lm_init_ones_new(NULL)
#endif

static lm_status fill(const lm_initializer *self, lm_tensor *t, uint64_t seed, uint64_t stream)
{
    (void)self;
    lm__fill_uniform(t, seed, stream, 1, 1);
    return LM_OK;
}

static const lm_init_ones_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    {0},
};

const lm__initializer_class lm__initializer_ones = {
    .base = {.name = "Ones", .module = "keras.initializers", .type = &lm__initializer_type,
             .object_bytes = sizeof(lm_initializer), .args_bytes = sizeof defaults, .defaults = &defaults,
             .fields = fields},
    .fill = fill,
};

lm_initializer *lm_init_ones_new(const lm_init_ones_args *args)
{
    return lm__initializer_new(&lm__initializer_ones, args);
}
