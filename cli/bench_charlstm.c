/* cli/bench_charlstm.c: a network of two LSTM layers that learns the next of 65 characters at every step. */
#include "bench.h"

enum { BATCH = 64, STEPS = 100, CHARACTERS = 65, WIDTH = 64, UNITS = 256 };

static lm_model *network(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {STEPS}),
        lm_embedding(.input_dim = CHARACTERS, .output_dim = WIDTH),
        lm_lstm(.units = UNITS, .return_sequences = true),
        lm_lstm(.units = UNITS, .return_sequences = true),
        lm_dense(.units = CHARACTERS, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy");
    return m;
}

/* Characters drawn at random: how fast a step is does not depend on them. */
static lm_tensor *characters(uint32_t state)
{
    lm_tensor *t = lm_tensor_new(LM_I64, 2, (int64_t[]){BATCH, STEPS});
    int64_t *at = lm_tensor_data(t);
    for (size_t i = 0; at && i < lm_tensor_size(t); i++) {
        state = state * 1664525 + 1013904223;
        at[i] = (int64_t)((state >> 8) % CHARACTERS);
    }
    return t;
}

static int run(bench_figures *out)
{
    bench_training t = {.model = network(), .x = characters(1), .y = characters(2), .batch = BATCH,
                        .items = BATCH * STEPS, .steps = 8};
    int status = bench_train(&t, out);
    lm_free(t.model), lm_free(t.x), lm_free(t.y);
    return status;
}

const bench_workload bench_charlstm = {
    "charlstm", "tokens",
    "Embedding 65 to 64, two LSTM of 256, Dense 65, softmax at each of 100 steps; Adam; 64\n"
    "sequences of random characters", run};
