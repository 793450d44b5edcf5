/* nn/layers/position_embedding.c: y = row t of a table at position t. */
#include "nn/layer.h"
#include "ops/structure.h"
#include <lamina/layers.h>

#include <math.h>

#ifdef LM_HEADER
/* PositionEmbedding, KerasHub's: a row of a table that is trained for each position, for all samples alike; usually
 * added to the tokens' embedding: x = lm_call(lm_add(), x, lm_call(lm_position_embedding(.sequence_length = 64), x)).
 * Input (N, …, positions, features), of which the shape alone counts, with at most sequence_length positions; the
 * output has its shape. Weights: embeddings (sequence_length, features). */
typedef struct lm_position_embedding_args {
    LM_LAYER_FIELDS;
    int64_t sequence_length; /* rows of the table, required */
    const char *initializer;
    lm_initializer *initializer_object; /* taken over */
} lm_position_embedding_args;
#define LM_POSITION_EMBEDDING_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .initializer = "glorot_uniform")
lm_position_embedding_args lm_position_embedding_defaults(void);
lm_layer *lm_position_embedding_new(const lm_position_embedding_args *args);
#define lm_position_embedding(...)                                                                                   \
    LM__WITH(lm_position_embedding_args, LM_POSITION_EMBEDDING_DEFAULTS, lm_position_embedding_new(&lm__a),          \
             __VA_ARGS__)
#endif

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_position_embedding_args *a = layer->base.args;
    char got[128];
    if (input->rank < 3)
        return lm__fail(LM_INVALID, "PositionEmbedding takes (N, positions, features), but its input has shape %s",
                        lm__layer_shape_text(input, got, sizeof got));
    LM_TRY(lm__layer_known(layer, input, -1));
    lm__dim positions = input->dim[input->rank - 2];
    if (lm__dim_known(positions) && positions > a->sequence_length)
        return lm__fail(LM_INVALID, "PositionEmbedding has sequence_length = %lld rows, but its input has shape %s",
                        (long long)a->sequence_length, lm__layer_shape_text(input, got, sizeof got));
    return lm__layer_weight(layer, "embeddings", 2, (int64_t[]){a->sequence_length, input->dim[input->rank - 1]},
                            true, a->initializer_object, a->initializer, seed);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    if (lm__bad(x)) return x;
    lm_value *table = lm__layer_read(layer, call, 0);
    lm__dim positions = x->shape.dim[x->shape.rank - 2];
    if (positions != ((const lm_position_embedding_args *)layer->base.args)->sequence_length)
        table = lm__slice_axis(table, 0, 0, positions);
    return lm__broadcast_to(table, &x->shape);
}

static const lm_position_embedding_args defaults = {.size = sizeof defaults, LM_POSITION_EMBEDDING_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_position_embedding_args),
    LM__FIELD(lm_position_embedding_args, sequence_length, LM__FIELD_INT, .low = 1, .high = HUGE_VAL),
    LM__FIELD_INIT(lm_position_embedding_args, initializer),
    {0},
};

const lm__layer_class lm__layer_position_embedding = {
    .base = LM__LAYER_CLASS("PositionEmbedding", defaults, fields, .package = "keras_hub"),
    .build = build,
    .call = call,
};

lm_position_embedding_args lm_position_embedding_defaults(void) { return defaults; }
lm_layer *lm_position_embedding_new(const lm_position_embedding_args *args)
{
    return lm__layer_new(&lm__layer_position_embedding, args);
}
