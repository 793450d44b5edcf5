/* cli/bench_seedcnn.c: the tutorial's network on MNIST: training, and inference of 1 and of 256 pictures. */
#include "bench.h"

#include <stdlib.h>

enum { BATCH = 32, WARM_UP = 5, STEPS = 300, STEPS_1 = 300, STEPS_256 = 50, PICTURES = 60000, CLASSES = 10 };

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

/* The first training pictures of MNIST, from 0 to 1, and labels. */
static int load(int64_t count, lm_tensor **x, lm_tensor **y)
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
    *x = lm_tensor_divide(pictures, 255);
    *y = lm_data_array(train, 1);
    int status = cli_failed(*x);
    if (!status) status = cli_failed(*y);
    lm_free(pictures), lm_free(train), lm_free(test);
    return status;
}

/* --- training --------------------------------------------------------------------------------------------------- */

typedef struct training {
    lm_model *model;
    lm_tensor *x, *y;
    lm_dataset *data;
    int64_t done;                       /* batches taken so far */
} training;

static int train(void *user, int steps)
{
    training *t = user;
    lm_dataset *rest = lm_data_skip(lm_retain(t->data), t->done);
    lm_fit(t->model, rest, .epochs = 1, .steps_per_epoch = steps, .verbose = 0);
    lm_free(rest);
    t->done += steps;
    return cli_failed(t->model);
}

/* One step by itself, for its loss. */
static double single(training *t)
{
    lm_tensor *x = lm_tensor_slice(t->x, t->done * BATCH, (t->done + 1) * BATCH);
    lm_tensor *y = lm_tensor_slice(t->y, t->done * BATCH, (t->done + 1) * BATCH);
    lm_logs logs = lm_train_on_batch(t->model, x, y, NULL);
    lm_free(x), lm_free(y);
    t->done++;
    return lm_get(logs, "loss");
}

static int run_training(bench_figures *out)
{
    training t = {.model = network()};
    int status = load(PICTURES, &t.x, &t.y);
    t.data = lm_data_batch(lm_data_from_arrays(t.x, t.y), BATCH, true);
    if (!status) {
        out->items_per_step = BATCH;
        out->loss_first = single(&t);
        status = train(&t, WARM_UP - 1);
    }
    if (!status) status = bench_rounds(train, &t, STEPS, &out->ms_per_step);
    if (!status) {
        out->loss_last = single(&t);
        out->flops_per_step = lm_flops(t.model, BATCH, true);
        status = cli_failed(t.model);
    }
    lm_free(t.data), lm_free(t.x), lm_free(t.y), lm_free(t.model);
    return status;
}

/* --- inference -------------------------------------------------------------------------------------------------- */

typedef struct inference {
    lm_model *model;
    int64_t pictures;
    const void *x;
    float *y;
} inference;

static int infer(void *user, int steps)
{
    const inference *i = user;
    for (int k = 0; k < steps; k++)
        if (lm_predict_into(i->model, i->pictures, i->x, i->y)) return cli_error("%s", lm_last_error());
    return CLI_OK;
}

static int run_inference(int64_t pictures, int steps, bench_figures *out)
{
    lm_tensor *x, *y;
    inference i = {.model = network(), .pictures = pictures};
    int status = load(pictures, &x, &y);
    i.x = lm_tensor_read(x);
    i.y = malloc((size_t)pictures * CLASSES * sizeof *i.y);
    if (!status && !i.y) status = cli_error("out of memory");
    if (!status) status = infer(&i, WARM_UP);
    if (!status) status = bench_rounds(infer, &i, steps, &out->ms_per_step);
    if (!status) {
        out->items_per_step = pictures;
        out->loss_first = out->loss_last = LM_NONE;
        out->flops_per_step = lm_flops(i.model, pictures, false);
        status = cli_failed(i.model);
    }
    free(i.y);
    lm_free(x), lm_free(y), lm_free(i.model);
    return status;
}

static int run_one(bench_figures *out) { return run_inference(1, STEPS_1, out); }
static int run_many(bench_figures *out) { return run_inference(256, STEPS_256, out); }

const bench_workload bench_seedcnn = {"seedcnn", "samples", run_training};
const bench_workload bench_seedcnn_infer_1 = {"seedcnn_infer_1", "samples", run_one};
const bench_workload bench_seedcnn_infer_256 = {"seedcnn_infer_256", "samples", run_many};
