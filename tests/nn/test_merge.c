/* tests/nn/test_merge.c: layers of several inputs: how many they take, and shapes that do not go together. */
#include "support/check.h"

#include "nn/layer.h"
#include <lamina/layers.h>

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

RUN(cmocka_unit_test(counts), cmocka_unit_test(shapes))
