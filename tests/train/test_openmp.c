/* tests/train/test_openmp.c: Lamina called from a program's own OpenMP threads: the same bytes as from one thread,
 * also where the parallel region has the machine's CPUs to itself. Built with -fopenmp where the compiler has it. */
#include "support/check.h"

#include <lamina/lamina.h>
#include <stdlib.h>

enum { CALLS = 24, ROWS = 16, INPUT = 20 * 20 * 4, CLASSES = 10 };

/* Large enough for the team's threads and for kernels of other libraries. */
static lm_model *model(void)
{
    return lm_sequential(
        lm_input(.shape = {20, 20, 4}), lm_conv2d(.filters = 32, .kernel_size = {3}, .activation = "relu"),
        lm_conv2d(.filters = 32, .kernel_size = {3}), lm_max_pooling2d(), lm_flatten(),
        lm_dense(.units = 256, .activation = "relu"), lm_dense(.units = CLASSES, .activation = "softmax"));
}

static float *inputs(void)
{
    float *x = malloc(sizeof(float) * ROWS * INPUT);
    for (int i = 0; i < ROWS * INPUT; i++) x[i] = (float)(i * 7919 % 509) / 509;
    return x;
}

static void predictions_inside_a_parallel_region(void **state)
{
    (void)state;
    lm_model *m = model();
    float *x = inputs(), expected[ROWS * CLASSES];
    int wrong = 0;
    check_ok(lm_predict_into(m, ROWS, x, expected));
#pragma omp parallel for num_threads(4) reduction(+ : wrong)
    for (int i = 0; i < CALLS; i++) {
        float y[ROWS * CLASSES];
        wrong += lm_predict_into(m, ROWS, x, y) != LM_OK || memcmp(y, expected, sizeof y) != 0;
    }
    assert_int_equal(wrong, 0);
    lm_free(m);
    free(x);
}

/* A fit of its own in every thread gives every thread the same weights. */
static void fits_inside_a_parallel_region(void **state)
{
    (void)state;
    float *x = inputs(), first[4] = {0};
#pragma omp parallel for num_threads(4)
    for (int i = 0; i < 4; i++) {
        lm_model *m = model();
        uint8_t label[ROWS] = {0, 1, 2, 3};
        lm_tensor *images = lm_tensor_wrap(LM_F32, 4, (int64_t[]){ROWS, 20, 20, 4}, x, NULL, NULL);
        lm_tensor *labels = lm_tensor_wrap(LM_U8, 1, (int64_t[]){ROWS}, label, NULL, NULL);
        lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy");
        lm_fit_arrays(m, images, labels, .epochs = 2, .batch_size = 8, .verbose = 0);
        first[i] = lm_failed(m) ? 0 : (float)lm_tensor_get(lm_variable_value(lm_weight(m, 0)), 3);
        lm_free(images), lm_free(labels), lm_free(m);
    }
    assert_true(first[0] != 0);
    for (int i = 1; i < 4; i++) assert_true(first[i] == first[0]);
    free(x);
}

RUN(cmocka_unit_test(predictions_inside_a_parallel_region), cmocka_unit_test(fits_inside_a_parallel_region))
