/* cli/bench_resnet20.c: the residual network of 20 layers for pictures of 32 x 32 (He et al., CVPR 2016). */
#include "bench.h"

enum { BATCH = 128, SIDE = 32, CHANNELS = 3, CLASSES = 10, STAGES = 3, BLOCKS = 3, FILTERS = 16 };

static lm_symbol *normalized(void *x, int64_t filters, int64_t kernel, int64_t stride)
{
    lm_symbol *y = lm_call(lm_conv2d(.filters = filters, .kernel_size = {kernel}, .strides = {stride},
                                     .padding = "same", .use_bias = false), x);
    return lm_call(lm_batch_normalization(), y);
}

/* Two convolutions beside the way past them, which gets one of 1 x 1 where the size changes. */
static lm_symbol *block(lm_symbol *x, int64_t filters, int64_t stride)
{
    lm_symbol *y = lm_call(lm_relu(), normalized(x, filters, 3, stride));
    y = normalized(y, filters, 3, 1);
    if (stride != 1) x = normalized(x, filters, 1, stride);
    return lm_call(lm_relu(), lm_call(lm_add(), y, x));
}

static lm_model *network(void)
{
    lm_layer *pictures = lm_input(.shape = {SIDE, SIDE, CHANNELS});
    lm_symbol *x = lm_call(lm_relu(), normalized(pictures, FILTERS, 3, 1));
    for (int stage = 0; stage < STAGES; stage++)
        for (int i = 0; i < BLOCKS; i++) x = block(x, FILTERS << stage, stage && !i ? 2 : 1);
    x = lm_call(lm_global_average_pooling2d(), x);
    lm_symbol *classes = lm_call(lm_dense(.units = CLASSES, .activation = "softmax"), x);
    lm_model *m = lm_functional(.inputs = {pictures}, .outputs = {classes});
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.1, .momentum = 0.9),
               .loss = "sparse_categorical_crossentropy");
    return m;
}

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525 + 1013904223;
    return *state >> 8;
}

/* Noise and classes drawn at random: they are learnt by heart. */
static int run(bench_figures *out)
{
    uint32_t state = 1;
    lm_tensor *x = lm_tensor_new(LM_F32, 4, (int64_t[]){BATCH, SIDE, SIDE, CHANNELS});
    lm_tensor *y = lm_tensor_new(LM_I64, 1, (int64_t[]){BATCH});
    float *pixel = lm_tensor_data(x);
    int64_t *label = lm_tensor_data(y);
    for (size_t i = 0; pixel && i < lm_tensor_size(x); i++) pixel[i] = (float)next(&state) / (1 << 24);
    for (int i = 0; label && i < BATCH; i++) label[i] = next(&state) % CLASSES;
    bench_training t = {.model = network(), .x = x, .y = y, .batch = BATCH, .steps = 4};
    int status = bench_train(&t, out);
    lm_free(t.model), lm_free(x), lm_free(y);
    return status;
}

const bench_workload bench_resnet20 = {
    "resnet20", "samples",
    "ResNet-20 for 32 x 32 x 3: 16, 32 and 64 channels, three blocks each, batch\n"
    "normalization; SGD with momentum 0.9; 128 random pictures", run};
