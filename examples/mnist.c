/* examples/mnist.c: the tutorial's job: a small convolutional net learns to read digits, is tested, and reads new ones. */
#include "example.h"

#include <stdio.h>

enum { CLASSES = 10, SHOWN = 8 };

static int64_t likeliest(const lm_tensor *p, int64_t row)
{
    int64_t best = 0;
    for (int64_t c = 1; c < CLASSES; c++)
        if (lm_tensor_get(p, (size_t)(row * CLASSES + c)) > lm_tensor_get(p, (size_t)(row * CLASSES + best))) best = c;
    return best;
}

/* --apply: the pictures of an array (N, 28, 28), 0…255, as lines "answer,probability". */
static int apply(const example *run)
{
    lm_model *m = lm_load(example_path(run, "mnist.keras"));
    lm_tensor *x = lm_tensor_load(run->apply), *images = lm_tensor_reshape_to(x, LM_ANY, 28, 28, 1);
    lm_tensor *p = lm_predict_array(m, images);
    int status = example_failed(run, 4, (const void *[]){m, x, images, p});
    FILE *out = status ? NULL : fopen(run->output, "w");
    for (int64_t i = 0; out && i < lm_tensor_dim(p, 0); i++)
        fprintf(out, "%lld,%.6f\n", (long long)likeliest(p, i), lm_tensor_get(p, (size_t)(i * CLASSES + likeliest(p, i))));
    if (!status && (!out || fclose(out))) perror(run->output), status = 1;
    lm_free(m), lm_free(x), lm_free(images), lm_free(p);
    return status;
}

static void show_data(const char *part, const lm_dataset *data)
{
    int64_t x[LM_MAX_RANK] = {0};
    lm_data_shape(data, 0, NULL, x);
    printf("%s: %lld images of %lld x %lld x %lld, %lld labels\n", part, (long long)lm_data_count(data), (long long)x[0],
           (long long)x[1], (long long)x[2], (long long)lm_data_count(data));
}

/* The first test images, which the model has not seen: the answer, its probability, and the truth. */
static void show_predictions(const lm_model *m, lm_dataset *test)
{
    int names;
    const char *const *name = lm_data_classes(test, &names);
    lm_dataset *few = lm_data_take(lm_retain(test), SHOWN);
    lm_tensor *p = lm_predict(m, few), *truth = lm_data_array(few, 1);
    printf("\nPredictions for %d images it has not seen:\n", SHOWN);
    for (int64_t i = 0; !lm_failed(p) && !lm_failed(truth) && i < SHOWN; i++) {
        int64_t best = likeliest(p, i), label = (int64_t)lm_tensor_get(truth, (size_t)i);
        printf("  %-12s %6.2f %%   %s %s\n", name[best], 100 * lm_tensor_get(p, (size_t)(i * CLASSES + best)),
               best == label ? "right" : "wrong: it is", best == label ? "" : name[label]);
    }
    printf("\nTheir probabilities, class by class:\n");
    lm_print(p, .rows = SHOWN);
    lm_free(p), lm_free(truth), lm_free(few);
}

int main(int argc, char **argv)
{
    example run = example_begin(argc, argv, (example){.name = "mnist", .data = "mnist", .epochs = 2},
                                "a convolutional net learns handwritten digits (--data mnist) or clothes (--data fashion)");
    if (run.apply) return apply(&run);

    lm_dataset *train, *test;
    lm_data_load(run.data, &train, &test);
    if (example_failed(&run, 2, (const void *[]){train, test})) return 1;
    if (run.quick) train = lm_data_take(train, 6400), run.epochs = 1;
    show_data("Training", train);
    show_data("Test", test);

    lm_model *m = lm_sequential(
        lm_input(.shape = {28, 28, 1}),
        lm_rescaling(.scale = 1.0 / 255),
        lm_conv2d(.filters = 32, .kernel_size = {3, 3}, .activation = "relu"),
        lm_max_pooling2d(.pool_size = {2, 2}),
        lm_flatten(),
        lm_dense(.units = 128, .activation = "relu"),
        lm_dense(.units = 10, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    lm_summary(m);

    example_interrupt(m);
    const lm_history *history = lm_fit(m, train, .epochs = run.epochs);
    lm_logs result = {0};
    if (!lm_failed(m) && !lm_stopped(m)) {
        result = lm_evaluate(m, test);
        printf("Test accuracy: %.4f\n", lm_get(result, "accuracy"));
        show_predictions(m, test);
    }

    double seconds = lm_history_seconds(history, -1), steps = (double)lm_history_steps(history, -1);
    int status = example_end(&run, m, history, 5,
                             (example_metric[]){{"test_accuracy", lm_get(result, "accuracy")},
                                                {"test_loss", lm_get(result, "loss")},
                                                {"train_accuracy", lm_history_get(history, "accuracy", -1)},
                                                {"seconds_per_epoch", seconds},
                                                {"ms_per_step", 1e3 * seconds / steps}});
    lm_free(m), lm_free(train), lm_free(test);
    return status;
}
