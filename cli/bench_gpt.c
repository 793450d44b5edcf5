/* cli/bench_gpt.c: a small GPT over characters: four blocks that normalise first, learned positions. */
#include "bench.h"

enum { CLASSES = 65, WIDTH = 128, HEADS = 4, BLOCKS = 4, BATCH = 12, POSITIONS = 64, STEPS = 20 };

static lm_symbol *normal(lm_symbol *x) { return lm_call(lm_layer_normalization(), x); }

static lm_symbol *block(lm_symbol *x)
{
    lm_layer *attention = lm_multi_head_attention(.num_heads = HEADS, .key_dim = WIDTH / HEADS);
    lm_symbol *h = normal(x);
    x = lm_call(lm_add(), x, lm_call_with(attention, .inputs = {h, h}, .use_causal_mask = true));
    h = lm_call(lm_dense(.units = 4 * WIDTH, .activation = "gelu_approximate"), normal(x));
    return lm_call(lm_add(), x, lm_call(lm_dense(.units = WIDTH), h));
}

static lm_model *network(void)
{
    lm_layer *in = lm_input(.shape = {POSITIONS}, .dtype = "int32");
    lm_symbol *tokens = lm_call(lm_embedding(.input_dim = CLASSES, .output_dim = WIDTH), in);
    lm_layer *positions = lm_position_embedding(.sequence_length = POSITIONS, .initializer = "random_uniform");
    lm_symbol *x = lm_call(lm_add(), tokens, lm_call(positions, tokens));
    for (int b = 0; b < BLOCKS; b++) x = block(x);
    x = lm_call(lm_dense(.units = CLASSES, .activation = "softmax"), normal(x));
    lm_model *m = lm_functional(.inputs = {in}, .outputs = {x});
    lm_compile(m, .optimizer = lm_adamw(), .loss = "sparse_categorical_crossentropy");
    return m;
}

/* Characters drawn at random: how fast a step is does not depend on them. */
static lm_tensor *characters(uint32_t state)
{
    lm_tensor *t = lm_tensor_new(LM_I32, 2, (int64_t[]){BATCH, POSITIONS});
    int32_t *at = lm_tensor_data(t);
    for (size_t i = 0; at && i < lm_tensor_size(t); i++) {
        state = state * 1664525 + 1013904223;
        at[i] = (int32_t)((state >> 8) % CLASSES);
    }
    return t;
}

static int run(bench_figures *out)
{
    bench_training t = {.model = network(), .x = characters(1), .y = characters(2), .batch = BATCH,
                        .items = BATCH * POSITIONS, .steps = STEPS};
    int status = bench_train(&t, out);
    lm_free(t.model), lm_free(t.x), lm_free(t.y);
    return status;
}

const bench_workload bench_gpt = {
    "gpt", "tokens",
    "Embedding 65 to 128 and learned positions; 4 blocks of LayerNormalization, causal\n"
    "MultiHeadAttention of 4 heads, LayerNormalization, Dense 512, gelu, Dense 128; Dense 65,\n"
    "softmax; AdamW, cross-entropy of every token; 12 sequences of 64 random characters", run};
