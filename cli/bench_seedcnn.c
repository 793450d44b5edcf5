/* cli/bench_seedcnn.c: the tutorial's network on MNIST: training, and inference of 1 and of 256 pictures. */
#include "bench.h"

enum { BATCH = 32, STEPS = 300, STEPS_1 = 300, STEPS_256 = 50, CLASSES = 10 };
enum { PICTURES = (3 * STEPS + 10) * BATCH };       /* three rounds and what goes before: none is seen twice */

static lm_model *network(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {28, 28, 1}),
        lm_conv2d(.filters = 32, .kernel_size = {3, 3}, .activation = "relu"),
        lm_max_pooling2d(.pool_size = {2, 2}),
        lm_flatten(),
        lm_dense(.units = 128, .activation = "relu"),
        lm_dense(.units = CLASSES, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy");
    return m;
}

int bench_mnist(int64_t count, lm_tensor **x, lm_tensor **y)
{
    lm_dataset *train, *test;
    *x = *y = NULL;
    if (lm_data_mnist(&train, &test)) {
        int status = cli_failed(train);
        lm_free(train), lm_free(test);
        return status;
    }
    if (count < lm_data_count(train)) train = lm_data_take(train, count);
    lm_tensor *pictures = lm_data_array(train, 0);
    *y = lm_data_array(train, 1);
    lm_free(train), lm_free(test);      /* before there are floats too */
    *x = lm_tensor_divide(pictures, 255);
    int status = cli_failed(*x);
    if (!status) status = cli_failed(*y);
    lm_free(pictures);
    return status;
}

static int train(bench_figures *out)
{
    bench_training t = {.model = network(), .batch = BATCH, .steps = STEPS};
    int status = bench_mnist(PICTURES, &t.x, &t.y);
    if (!status) status = bench_train(&t, out);
    lm_free(t.x), lm_free(t.y), lm_free(t.model);
    return status;
}

static int infer(int64_t pictures, int steps, bench_figures *out)
{
    lm_tensor *x, *y;
    lm_model *model = network();
    int status = bench_mnist(pictures, &x, &y);
    if (!status) status = bench_predict(model, x, 0, steps, out);
    lm_free(x), lm_free(y), lm_free(model);
    return status;
}

static int infer_1(bench_figures *out) { return infer(1, STEPS_1, out); }
static int infer_256(bench_figures *out) { return infer(256, STEPS_256, out); }

const bench_workload bench_seedcnn = {
    "seedcnn", "samples",
    "training of 28x28x1 -> Conv 3x3x32 relu -> MaxPool 2 -> Dense 128 relu -> Dense 10 with\n"
    "Adam on MNIST, batches of 32, fetching the batch from an array included", train};
const bench_workload bench_seedcnn_infer_1 = {
    "seedcnn_infer_1", "samples", "the same model predicting one picture, one call on the caller's memory", infer_1};
const bench_workload bench_seedcnn_infer_256 = {
    "seedcnn_infer_256", "samples", "the same, 256 pictures", infer_256};
