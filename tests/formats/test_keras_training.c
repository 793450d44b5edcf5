/* tests/formats/test_keras_training.c: what Keras began is carried on: files that Keras 3 and Keras 2 saved in the
 * middle of a training, and the losses of the steps that Keras made after it (keras_trains_on.py store,
 * make_keras2.py). */
#include "formats_test.h"

#include "codec/npy.h"

/* Losses are compared as Keras's own: float32 on both sides, one batch after the other. */
static const double tolerance = 1e-6;

static const char *stored(const char *name, const char *ending)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/tests/data/formats/%s%s", LM_SOURCE_DIR, name, ending);
    return path;
}

static lm_tensor *array(const char *name, const char *member)
{
    lm__npz *npz;
    check_ok(lm__npz_open(stored(name, ".npz"), &npz));
    lm_tensor *t = lm__npz_read(npz, member);
    check_ok(lm_status_of(t));
    lm__npz_close(npz);
    return t;
}

typedef struct course {
    const char *name, *batches;
    lm_tensor *x, *y, *losses;              /* a loss for each step that follows */
    int64_t begin;
} course;

static void open_course(course *c)
{
    c->x = array(c->batches, "x"), c->y = array(c->batches, "y"), c->losses = array(c->name, "losses");
    lm_tensor *begin = array(c->batches, "begin");
    c->begin = (int64_t)lm_tensor_get(begin, 0);
    lm_free(begin);
}

static void close_course(course *c) { lm_free(c->x), lm_free(c->y), lm_free(c->losses); }

static lm_tensor *batch(lm_tensor *all, int64_t step)
{
    lm_tensor *one = lm_tensor_slice(all, step, step + 1);
    lm_tensor *flat = lm_tensor_reshape(one, lm_tensor_rank(one) - 1, lm_tensor_dims(one) + 1);
    lm_free(one);
    return flat;
}

/* Steps [from, to), counted from the beginning of the training; `first`: the step of the first stored loss. */
static void train(const course *c, lm_model *m, int64_t from, int64_t to, int64_t first)
{
    for (int64_t step = from; step < to; step++) {
        lm_tensor *x = batch(c->x, step), *y = batch(c->y, step);
        double got = lm_get(lm_train_on_batch(m, x, y, NULL), "loss"), want = lm_tensor_get(c->losses, step - first);
        sound(m);
        if (!(fabs(got - want) <= tolerance * fmax(1, fabs(want))))
            fail_msg("%s: step %d: loss %.9g, but %.9g in Keras", c->name, (int)step, got, want);
        lm_free(x), lm_free(y);
    }
}

/* From the file to the end, by way of another file of our own in the middle. */
static void carry_on(const course *c, lm_model *m, int64_t first, const char *ending)
{
    int64_t end = lm_tensor_dim(c->x, 0), middle = (c->begin + end) / 2;
    char path[256];
    train(c, sound(m), c->begin, middle, first);
    snprintf(path, sizeof path, "%s", scratch(ending));
    if (strstr(ending, "weights")) {
        char *config = lm_model_to_json(m);
        check_ok(lm_save_weights(m, path));
        lm_free(m);
        m = sound(lm_model_from_json(config));
        check_ok(lm_load_weights(m, path));
        lm_string_free(config);
    } else {
        check_ok(lm_save(m, path));
        lm_free(m);
        m = sound(lm_load(path));
    }
    assert_true(lm_tensor_get(m->optimizer->iteration->value, 0) == (double)middle);
    train(c, m, middle, end, first);
    lm_free(m);
}

/* --- Keras 3 ---------------------------------------------------------------------------------------------------- */

static const char *const optimizers[] = {"sgd", "rmsprop", "adam", "adamw"};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

static void keras_files(void **state)
{
    (void)state;
    for (int i = 0; i < OPTIMIZERS; i++) {
        course c = {optimizers[i], "batches", NULL, NULL, NULL, 0};
        open_course(&c);
        carry_on(&c, lm_load(stored(c.name, ".keras")), 0, "on.h5");
        close_course(&c);
    }
}

static void legacy_files(void **state)
{
    (void)state;
    for (int i = 0; i < OPTIMIZERS; i++) {
        course c = {optimizers[i], "batches", NULL, NULL, NULL, 0};
        open_course(&c);
        carry_on(&c, lm_load(stored(c.name, ".h5")), 0, "on.weights.h5");
        close_course(&c);
    }
}

/* The configuration comes from one file, all numbers from the other. */
static void weights_files(void **state)
{
    (void)state;
    for (int i = 0; i < OPTIMIZERS; i++) {
        course c = {optimizers[i], "batches", NULL, NULL, NULL, 0};
        open_course(&c);
        lm_model *source = sound(lm_load(stored(c.name, ".keras")));
        char *config = lm_model_to_json(source);
        lm_model *m = sound(lm_model_from_json(config));
        check_ok(lm_load_weights(m, stored(c.name, ".weights.h5")));
        assert_same_state(m, source);
        carry_on(&c, m, 0, "on.keras");
        lm_string_free(config), lm_free(source);
        close_course(&c);
    }
}

/* --- Keras 2 ---------------------------------------------------------------------------------------------------- */

static void check_answers(const course *c, lm_model *m)
{
    lm_tensor *x = batch(c->x, 0), *got = lm_predict_array(m, x), *want = array(c->name, "start");
    assert_int_equal(lm_tensor_size(got), lm_tensor_size(want));
    for (size_t i = 0; i < lm_tensor_size(got); i++)
        assert_true(fabs(lm_tensor_get(got, i) - lm_tensor_get(want, i)) <= 1e-5);
    lm_free(x), lm_free(got), lm_free(want);
}

static void files_of_keras_2(void **state)
{
    (void)state;
    static const char *const names[] = {"keras2_adam", "keras2_sgd", "keras2_old_adam", "keras2_old_rmsprop"};
    for (int i = 0; i < 4; i++) {
        course c = {names[i], "keras2_batches", NULL, NULL, NULL, 0};
        open_course(&c);
        lm_model *m = sound(lm_load(stored(c.name, ".h5")));
        check_answers(&c, m);
        assert_int_equal(m->nmetrics, 2);
        assert_string_equal(m->metric_name[0], "accuracy");
        assert_string_equal(m->metric_name[1], "mae");
        carry_on(&c, m, c.begin, "on.h5");
        close_course(&c);
    }
}

static void weights_of_keras_2(void **state)
{
    (void)state;
    course c = {"keras2_adam", "keras2_batches", NULL, NULL, NULL, 0};
    open_course(&c);
    static const char *const files[] = {"_weights.h5", ".h5"};
    for (int i = 0; i < 2; i++) {
        lm_model *m = sound(lm_load(stored(c.name, ".json")));
        check_ok(lm_load_weights(m, stored(c.name, files[i])));
        check_answers(&c, m);
        lm_free(m);
    }
    close_course(&c);
}

/* --- Functional models ------------------------------------------------------------------------------------------ */

static void a_chain_is_a_stack(void **state)
{
    (void)state;
    course c = {"chain", "batches", array("batches", "x"), NULL, NULL, 0};
    for (int i = 0; i < 2; i++) {
        lm_model *m = sound(lm_load(stored(c.name, i ? ".h5" : ".keras")));
        check_answers(&c, m);
        assert_string_equal(lm_model_name(m), "chain");
        assert_int_equal(lm_model_layers(m), 6);
        assert_true(m->compiled && lm_tensor_get(m->optimizer->iteration->value, 0) == 1);
        check_ok(lm_save(m, scratch("chain.keras")));   /* as a stack */
        lm_model *again = sound(lm_load(scratch("chain.keras")));
        assert_same_model(m, again);
        lm_free(m), lm_free(again);
    }
    close_course(&c);
}

static void branches_are_read(void **state)
{
    (void)state;
    lm_model *m = sound(lm_load(stored("branched", ".json")));
    int64_t dims[LM_MAX_RANK];
    assert_int_equal(lm_model_output(m, NULL, dims), 2);
    assert_int_equal(dims[1], 4 * 4 * 3 + 2);
    lm_free(m);
}

/* --- without training ------------------------------------------------------------------------------------------- */

static void nothing_of_training_is_read(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        lm_model *m = sound(lm_load(stored("adam", i ? ".h5" : ".keras"), .compile = false));
        assert_false(m->compiled);
        assert_null(m->optimizer);
        lm_tensor *all = array("batches", "x"), *x = batch(all, 0), *y = lm_predict_array(m, x);
        check_ok(lm_status_of(y));
        lm_free(all), lm_free(x), lm_free(y), lm_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keras_files),        cmocka_unit_test(legacy_files),
        cmocka_unit_test(weights_files),      cmocka_unit_test(files_of_keras_2),
        cmocka_unit_test(weights_of_keras_2), cmocka_unit_test(a_chain_is_a_stack),
        cmocka_unit_test(branches_are_read), cmocka_unit_test(nothing_of_training_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
