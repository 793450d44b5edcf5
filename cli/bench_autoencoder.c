/* cli/bench_autoencoder.c: a network that squeezes 784 numbers into 32 and learns to give them back. */
#include "bench.h"

enum { BATCH = 128, PIXELS = 784, STEPS = 200 };

static lm_model *network(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {PIXELS}),
        lm_dense(.units = 256, .activation = "relu"),
        lm_dense(.units = 32, .activation = "relu"),
        lm_dense(.units = 256, .activation = "relu"),
        lm_dense(.units = PIXELS, .activation = "sigmoid"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "binary_crossentropy");
    return m;
}

/* Numbers from 0 to 1 drawn at random: how fast a step is does not depend on them. */
static lm_tensor *numbers(void)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 2, (int64_t[]){BATCH, PIXELS});
    float *at = lm_tensor_data(t);
    uint32_t state = 1;
    for (size_t i = 0; at && i < lm_tensor_size(t); i++) {
        state = state * 1664525 + 1013904223;
        at[i] = (float)(state >> 8) * 0x1p-24f;
    }
    return t;
}

static int run(bench_figures *out)
{
    bench_training t = {.model = network(), .x = numbers(), .batch = BATCH, .steps = STEPS};
    t.y = t.x;
    int status = bench_train(&t, out);
    lm_free(t.model), lm_free(t.x);
    return status;
}

const bench_workload bench_autoencoder = {
    "autoencoder", "samples",
    "Dense 784 to 256, 32, 256, relu, and back to 784, sigmoid; Adam, binary cross-entropy\n"
    "against its own input; 128 rows of random numbers", run};
