/* cli/bench_dcgan.c: a DCGAN (Radford et al., ICLR 2016) on pictures of 28 x 28: both updates in one step. */
#include "bench.h"

enum { BATCH = 64, NOISE = 64 };

static lm_model *generator(void)
{
    return lm_sequential(
        lm_input(.shape = {NOISE}),
        lm_dense(.units = 7 * 7 * 128, .use_bias = false),
        lm_batch_normalization(),
        lm_leaky_relu(.negative_slope = 0.2),
        lm_reshape(.target_shape = {7, 7, 128}),
        lm_conv2d_transpose(.filters = 64, .kernel_size = {4}, .strides = {2}, .padding = "same", .use_bias = false),
        lm_batch_normalization(),
        lm_leaky_relu(.negative_slope = 0.2),
        lm_conv2d_transpose(.filters = 1, .kernel_size = {4}, .strides = {2}, .padding = "same",
                            .activation = "tanh"));
}

static lm_model *discriminator(void)
{
    return lm_sequential(
        lm_input(.shape = {28, 28, 1}),
        lm_conv2d(.filters = 64, .kernel_size = {4}, .strides = {2}, .padding = "same"),
        lm_leaky_relu(.negative_slope = 0.2),
        lm_dropout(.rate = 0.3),
        lm_conv2d(.filters = 128, .kernel_size = {4}, .strides = {2}, .padding = "same"),
        lm_leaky_relu(.negative_slope = 0.2),
        lm_dropout(.rate = 0.3),
        lm_flatten(),
        lm_dense(.units = 1));
}

/* Numbers from 0 to 1. */
static lm_tensor *pictures(void)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 4, (int64_t[]){BATCH, 28, 28, 1});
    float *x = lm_tensor_data(t);
    uint32_t state = 1;
    for (size_t i = 0; x && i < lm_tensor_size(t); i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) * 0x1p-24f;
    }
    return t;
}

/* The step as one function of the real pictures; results: the discriminator's loss and the generator's. */
static lm_function *step_of(lm_model *g, lm_model *d, lm_optimizer *adam_g, lm_optimizer *adam_d, lm_variable *seeds)
{
    lm_graph *graph = lm_graph_new();
    lm_loss *bce = lm_loss_binary_crossentropy(.from_logits = true);
    lm_value *x = lm_placeholder(graph, "x", LM_F32, BATCH, 28, 28, 1);
    lm_value *noise = lm_op_random_normal(lm_seed_next(graph, seeds), .shape = {BATCH, NOISE});
    lm_value *fake = lm_model_call(g, noise, .training = true);
    lm_value *yes = lm_model_call(d, x, .training = true), *no = lm_model_call(d, fake, .training = true);
    lm_value *loss_g = lm_loss_call(bce, lm_op_full_like(no, 1), no, NULL);
    lm_value *loss_d = lm_op_add(lm_loss_call(bce, lm_op_full_like(yes, 1), yes, NULL),
                                 lm_loss_call(bce, lm_op_full_like(no, 0), no, NULL));
    lm_optimizer_minimize(adam_g, loss_g, g);
    lm_optimizer_minimize(adam_d, loss_d, d);
    lm_function *step =
        lm_function(.graph = graph, .inputs = {x}, .outputs = {loss_d, loss_g},
                    .guard = lm_op_logical_and(lm_op_isfinite(loss_d), lm_op_isfinite(loss_g)));
    lm_free(graph), lm_free(bce);
    return step;
}

static int train(bench_figures *out)
{
    lm_model *g = generator(), *d = discriminator();
    lm_optimizer *adam_g = lm_adam(.learning_rate = 1e-4), *adam_d = lm_adam(.learning_rate = 1e-4);
    lm_variable *seeds = lm_seed_generator(0);
    lm_tensor *x = pictures();
    lm_function *step = step_of(g, d, adam_g, adam_d, seeds);
    int status = bench_call(&(bench_calls){.function = step, .inputs = &x, .outputs = 2, .items = BATCH}, out);
    lm_free(step), lm_free(x), lm_free(seeds), lm_free(adam_g), lm_free(adam_d), lm_free(g), lm_free(d);
    return status;
}

const bench_workload bench_dcgan = {
    "dcgan", "samples",
    "a GAN: 64 numbers -> Dense 7x7x128 -> ConvTranspose 64 -> ConvTranspose 1 against Conv 64\n"
    "-> Conv 128 -> Dense 1, batches of 64; both updates, with Adam, in one step", train};
