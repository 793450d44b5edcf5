/* What steps cost, in figures that are the same in every run: kernel calls, bytes and allocations. Prints lines "NAME
 * FIGURE"; with the argument "train" it only trains a small model, for callgrind, which counts in guard_steps. */
#include <lamina/lamina.h>
#include <stdio.h>
#include <string.h>

static lm_tensor *pictures(int64_t n)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 4, (int64_t[]){n, 28, 28, 1});
    float *x = lm_tensor_data(t);
    for (size_t i = 0; x && i < lm_tensor_size(t); i++) x[i] = (float)(i * 7 % 31) / 31;
    return t;
}

static lm_tensor *integers(int rank, const int64_t *dims, int most)
{
    lm_tensor *t = lm_tensor_new(LM_I32, rank, dims);
    int32_t *x = lm_tensor_data(t);
    for (size_t i = 0; x && i < lm_tensor_size(t); i++) x[i] = (int32_t)(i * 5 % (size_t)most);
    return t;
}

/* The tutorial's, and the same with everything smaller. */
static lm_model *digits(int filters, int units)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {28, 28, 1}), lm_conv2d(.filters = filters, .kernel_size = {3, 3}, .activation = "relu"),
        lm_max_pooling2d(.pool_size = {2, 2}), lm_flatten(), lm_dense(.units = units, .activation = "relu"),
        lm_dense(.units = 10, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

static lm_model *normalised(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {28, 28, 1}), lm_conv2d(.filters = 8, .kernel_size = {3, 3}, .use_bias = false),
        lm_batch_normalization(), lm_relu(), lm_dropout(.rate = 0.3), lm_global_average_pooling2d(),
        lm_dense(.units = 10, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_sgd(.momentum = 0.9), .loss = "sparse_categorical_crossentropy");
    return m;
}

static lm_model *letters(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {12}, .dtype = "int32"), lm_embedding(.input_dim = 20, .output_dim = 8),
        lm_lstm(.units = 16, .return_sequences = true), lm_dense(.units = 20, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy");
    return m;
}

static unsigned long long allocations(lm_model *m, lm_dataset *data, int steps)
{
    unsigned long long before = lm_memory().allocations;
    lm_fit(m, data, .epochs = 1, .steps_per_epoch = steps, .verbose = 0, .shuffle = false);
    return lm_memory().allocations - before;
}

static void put(const char *name, const char *what, double figure) { printf("%s.%s %.0f\n", name, what, figure); }

/* Takes over all three. */
static int measure(const char *name, lm_model *m, lm_tensor *x, lm_tensor *y)
{
    lm_profile *train = lm_profile_training(m, x, y, .runs = 1, .bound = false);
    lm_profile *predict = lm_profile_prediction(m, x, .runs = 1, .bound = false);
    int64_t batch = lm_tensor_dim(x, 0);
    lm_dataset *data = lm_data_repeat(lm_data_batch(lm_data_from_arrays(x, y), batch, true), LM_ANY);
    allocations(m, data, 5);
    unsigned long long ten = allocations(m, data, 10), thirty = allocations(m, data, 30);
    int failed = lm_failed(m) || lm_failed(train) || lm_failed(predict);
    if (failed) fprintf(stderr, "%s: %s %s %s\n", name, lm_error(m), lm_error(train), lm_error(predict));
    put(name, "training.calls", lm_profile_steps(train));
    put(name, "training.bytes", (double)lm_profile_sum(train).memory);
    put(name, "training.moved", lm_profile_sum(train).bytes);
    put(name, "training.allocations", (double)(thirty - ten));
    put(name, "prediction.calls", lm_profile_steps(predict));
    put(name, "prediction.bytes", (double)lm_profile_sum(predict).memory);
    lm_free(train), lm_free(predict), lm_free(data), lm_free(m), lm_free(x), lm_free(y);
    return failed;
}

__attribute__((noinline)) void guard_steps(lm_model *m, lm_dataset *data)
{
    lm_fit(m, data, .epochs = 1, .steps_per_epoch = 20, .verbose = 0, .shuffle = false);
}

/* The first steps make the plan; the next ones count. */
static int train(void)
{
    lm_model *m = digits(4, 16);
    lm_tensor *x = pictures(8), *y = integers(1, (int64_t[]){8}, 10);
    lm_dataset *data = lm_data_repeat(lm_data_batch(lm_data_from_arrays(x, y), 8, true), LM_ANY);
    lm_fit(m, data, .epochs = 1, .steps_per_epoch = 2, .verbose = 0, .shuffle = false);
    guard_steps(m, data);
    int failed = lm_failed(m);
    if (failed) fprintf(stderr, "%s\n", lm_error(m));
    lm_free(data), lm_free(x), lm_free(y), lm_free(m);
    return failed;
}

int main(int argc, char **argv)
{
    lm_set_threads(1);
    if (argc > 1 && !strcmp(argv[1], "train")) return train();
    int64_t labels[] = {32}, few[] = {4}, text[] = {4, 12};
    int failed = measure("tutorial", digits(32, 128), pictures(32), integers(1, labels, 10));
    failed |= measure("small", digits(4, 16), pictures(4), integers(1, few, 10));
    failed |= measure("normalised", normalised(), pictures(4), integers(1, few, 10));
    failed |= measure("letters", letters(), integers(2, text, 20), integers(2, text, 20));
    return failed;
}
