/* nn/layers/embedding.c: y = row x of a table, for each whole number of the input. */
#include "nn/layer.h"
#include "nn/match.h"
#include <lamina/layers.h>
#include <lamina/ops.h>

#include <math.h>

#ifdef LM_HEADER
/* Embedding: each number of the input, from 0 to input_dim - 1, becomes a row of a table that is trained. Another
 * number fails the call, with a message that names it; negative ones count from the end, as in Keras on a CPU.
 * Input (N, …) whole numbers: int32 and int64 as they are; others become int32, fractions cut off, and NaN and
 * infinity fail as a number that is out of range. Output (N, …,
 * output_dim). Weights: embeddings (input_dim, output_dim). The gradient has all rows, so that decay and averages of
 * an optimizer reach those that a batch did not use, as in Keras. mask_zero: only false. */
typedef struct lm_embedding_args {
    LM_LAYER_FIELDS;
    int64_t input_dim, output_dim;              /* rows and columns of the table, required */
    const char *embeddings_initializer;
    lm_initializer *embeddings_initializer_object; /* taken over */
} lm_embedding_args;
#define LM_EMBEDDING_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .embeddings_initializer = "uniform")
lm_embedding_args lm_embedding_defaults(void);
lm_layer *lm_embedding_new(const lm_embedding_args *args);
#define lm_embedding(...) LM__WITH(lm_embedding_args, LM_EMBEDDING_DEFAULTS, lm_embedding_new(&lm__a), __VA_ARGS__)
#endif

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_embedding_args *a = layer->base.args;
    (void)input;
    return lm__layer_weight(layer, "embeddings", 2, (int64_t[]){a->input_dim, a->output_dim}, true,
                            a->embeddings_initializer_object, a->embeddings_initializer, seed);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    if (!lm__bad(x) && x->dtype != LM_I64) x = lm__index_of(x, LM_I32);
    return lm_op_gather(lm__layer_read(layer, call, 0), x, 0);
}

static const lm_embedding_args defaults = {.size = sizeof defaults, LM_EMBEDDING_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_embedding_args),
    LM__FIELD(lm_embedding_args, input_dim, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD(lm_embedding_args, output_dim, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD_INIT(lm_embedding_args, embeddings_initializer),
    {0},
};

const lm__layer_class lm__layer_embedding = {
    .base = LM__LAYER_CLASS("Embedding", defaults, fields,
                            .ignored = "mask_zero=false|input_length"),
    .build = build,
    .call = call,
    .takes_numbers = true,
};

lm_embedding_args lm_embedding_defaults(void) { return defaults; }
lm_layer *lm_embedding_new(const lm_embedding_args *args) { return lm__layer_new(&lm__layer_embedding, args); }
