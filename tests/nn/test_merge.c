/* tests/nn/test_merge.c: layers of several inputs: how many they take, and shapes that do not go together. */
#include "support/check.h"

#include "nn/layer.h"
#include <lamina/layers.h>
#include <stdio.h>

enum { INPUTS = 3 };

static lm__shape shape(int rank, int64_t a, int64_t b)
{
    return (lm__shape){.rank = rank, .dim = {7, a, b}};
}

/* The layer may not be built for these shapes (those of rank 0 end them); takes over the layer. */
static void shapes_refused(lm_layer *layer, lm__shape a, lm__shape b, lm__shape c, const char *message)
{
    lm__shape all[INPUTS] = {a, b, c};
    int count = 0;
    while (count < INPUTS && all[count].rank) count++;
    assert_int_equal(lm__layer_build_all(layer, count, all, 0), LM_INVALID);
    assert_string_equal(lm_last_error(), message);
    assert_false(layer->built);
    lm_free(layer);
}

static lm_layer *multiply(void) { return lm_multiply(); }
static lm_layer *average(void) { return lm_average(); }
static lm_layer *maximum(void) { return lm_maximum(); }
static lm_layer *minimum(void) { return lm_minimum(); }

static void counts(void **state)
{
    (void)state;
    shapes_refused(lm_dense(.units = 3), shape(2, 3, 0), shape(2, 3, 0), shape(0, 0, 0),
                   "Dense takes one input, but 2 came");
    shapes_refused(lm_add(), shape(0, 0, 0), shape(0, 0, 0), shape(0, 0, 0), "Add takes 1 input or more, but 0 came");
}

static void shapes(void **state)
{
    lm__shape good[] = {shape(2, 4, 0), shape(2, 1, 0), shape(3, 5, 4)};
    lm_layer *add = lm_add();
    (void)state;
    assert_int_equal(lm__layer_build_all(add, 3, good, 0), LM_OK);
    lm_free(add);
    shapes_refused(lm_add(), shape(2, 3, 0), shape(2, 4, 0), shape(0, 0, 0),
                   "Add takes inputs of one shape (or with sizes of 1 to be repeated), but (7, 3) and (7, 4) came; "
                   "they differ in size 1");
    shapes_refused(lm_add(), shape(3, 2, 3), shape(2, 3, 0), shape(3, 4, 3),
                   "Add takes inputs of one shape (or with sizes of 1 to be repeated), but (7, 2, 3) and (7, 4, 3) "
                   "came; they differ in size 1");
}

static void others(void **state)
{
    const lm__shape none = {0}, two = shape(2, 4, 0);
    (void)state;
    shapes_refused(lm_subtract(), two, none, none, "Subtract takes 2 inputs, but 1 came");
    shapes_refused(lm_subtract(), two, two, two, "Subtract takes at most 2 inputs, but 3 came");
    lm_layer *(*const make[])(void) = {multiply, average, maximum, minimum};
    static const char *const name[] = {"Multiply", "Average", "Maximum", "Minimum"};
    for (int i = 0; i < 4; i++) {
        char message[200];
        snprintf(message, sizeof message, "%s takes inputs of one shape (or with sizes of 1 to be repeated), but "
                                          "(7, 4) and (7, 5) came; they differ in size 1", name[i]);
        shapes_refused(make[i](), two, shape(2, 5, 0), none, message);
    }
    shapes_refused(lm_concatenate(), shape(3, 2, 3), shape(3, 4, 3), none,
                   "Concatenate along axis -1 takes inputs that are the same but there, but (7, 2, 3) and (7, 4, 3) "
                   "came; they differ in size 1");
    shapes_refused(lm_concatenate(), two, shape(3, 4, 3), none,
                   "Concatenate along axis -1 takes inputs that are the same but there, but (7, 4) and (7, 4, 3) came"
                   "; they differ in their number of sizes");
    shapes_refused(lm_concatenate(.axis = 2), two, two, none,
                   "Concatenate: axis = 2, but for inputs of 2 dimensions, batch included, it must be between 1 and 1"
                   ", or negative to count from the end");
    shapes_refused(lm_concatenate(.axis = 0), two, two, none,
                   "Concatenate: axis = 0, but for inputs of 2 dimensions, batch included, it must be between 1 and 1"
                   ", or negative to count from the end");
}

RUN(cmocka_unit_test(counts), cmocka_unit_test(shapes), cmocka_unit_test(others))
