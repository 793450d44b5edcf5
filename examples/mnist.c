/* examples/mnist.c: the tutorial's job: a small convolutional net learns to read digits, is tested, and reads new
 * ones. */
#include "classifier.h"
#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, SHOWN = 5 };

static int64_t likeliest(const lm_tensor *p, int64_t row)
{
    int64_t best = 0;
    for (int64_t c = 1; c < CLASSES; c++)
        if (lm_tensor_get(p, (size_t)(row * CLASSES + c)) > lm_tensor_get(p, (size_t)(row * CLASSES + best)))
            best = c;
    return best;
}

static double probability(const lm_tensor *p, int64_t row)
{
    return lm_tensor_get(p, (size_t)(row * CLASSES + likeliest(p, row)));
}

static void show_data(const char *part, const lm_dataset *data)
{
    int64_t x[LM_MAX_RANK] = {0}, n = lm_data_count(data);
    lm_data_shape(data, 0, NULL, x);
    printf("%s images: (%lld, %lld, %lld, %lld), labels: (%lld,)\n", part, (long long)n, (long long)x[0],
           (long long)x[1], (long long)x[2], (long long)n);
}

/* The first test images, which the model has not seen: each with the answer and its probability. */
static int show_predictions(const example *run, const lm_model *m, lm_dataset *test)
{
    int names;
    const char *const *name = lm_data_classes(test, &names), *captions[2 * SHOWN];
    char second[SHOWN][32];
    lm_dataset *few = lm_data_take(lm_retain(test), SHOWN);
    lm_tensor *p = lm_predict(m, few), *images = lm_data_array(few, 0), *truth = lm_data_array(few, 1);
    int status = example_failed(run, 3, (const void *[]){p, images, truth});
    for (int i = 0; !status && i < SHOWN; i++) {
        bool right = likeliest(p, i) == (int64_t)lm_tensor_get(truth, (size_t)i);
        snprintf(second[i], sizeof *second, "%.2f%% %s", 100 * probability(p, i), right ? "right" : "wrong");
        captions[i] = name[likeliest(p, i)], captions[SHOWN + i] = second[i];
    }
    if (!status) {
        printf("\nPredictions for %d images it has not seen:\n\n", SHOWN);
        example_pictures(images, SHOWN, 2, captions);
        printf("\nTheir probabilities, class by class:\n");
        lm_print(p, .rows = SHOWN);
    }
    lm_free(p), lm_free(images), lm_free(truth), lm_free(few);
    return status;
}

int main(int argc, char **argv)
{
    example run = example_begin(argc, argv, (example){.name = "mnist", .data = "mnist", .epochs = 2},
                                "a convolutional net reads digits (--data mnist) or clothes (--data fashion)");
    if (run.apply) return classifier_apply(&run, "mnist.keras");

    lm_dataset *train, *test;
    lm_data_load(strcmp(run.data, "fashion") ? run.data : "fashion_mnist", &train, &test);
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
    int status = 0;
    if (!lm_failed(m) && !example_interrupted()) {
        result = lm_evaluate(m, test);
        printf("Test accuracy: %.4f\n", lm_get(result, "accuracy"));
        status = show_predictions(&run, m, test);
    }

    if (!status) status = example_save(&run, m, "mnist.keras");
    if (!status) status = example_save_history(&run, history);
    if (!status && result.count)
        status = classifier_page(&run, m, test, history, &result, "A convolutional net learns to see", "mnist.keras");
    double seconds = lm_history_seconds(history, -1), steps = (double)lm_history_steps(history, -1);
    status = example_end(&run, status, 5,
                         (example_metric[]){{"test_accuracy", lm_get(result, "accuracy")},
                                            {"test_loss", lm_get(result, "loss")},
                                            {"train_accuracy", lm_history_get(history, "accuracy", -1)},
                                            {"seconds_per_epoch", seconds},
                                            {"ms_per_step", 1e3 * seconds / steps}});
    lm_free(m), lm_free(train), lm_free(test);
    return status;
}
