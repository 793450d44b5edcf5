/* tests/formats/test_keras_models.c: files that real Keras wrote: weights, predictions, optimizer state. */
#include "formats_test.h"

#include "codec/npy.h"

/* Keras's gelu has √½ in float32, so that dense_float64 is no closer than that. */
typedef struct stored {
    const char *name;
    int optimizer;                      /* its variables; -1: not compiled */
    double tolerance;
} stored;

static const stored models[] = {
    {"dense_adam", 10, 1e-6},       {"tutorial_sgd", 8, 1e-6},  {"batchnorm_rmsprop", 23, 1e-6},
    {"regression_adamw", 14, 1e-6}, {"dense_float64", 2, 1e-8}, {"every_layer", -1, 1e-6},
    {"mixed_bfloat16", 18, 1e-2},       /* bfloat16 has 8 bits; where Keras rounds more often, it is less exact */
};
enum { MODELS = sizeof models / sizeof *models };

static const char *path_of(const char *name, const char *suffix)
{
    static char path[2][512];
    static int turn;
    turn = !turn;
    snprintf(path[turn], sizeof *path, "%s/tests/parity/models/%s.%s", LM_SOURCE_DIR, name, suffix);
    return path[turn];
}

static lm_tensor *array(const lm__npz *npz, char kind, int i)
{
    char name[24];
    snprintf(name, sizeof name, i < 0 ? "%c" : "%c%d", kind, i);
    lm_tensor *t = lm__npz_read(npz, name);
    check_ok(lm_status_of(t));
    return t;
}

/* Equal up to `tolerance` of the largest value and of 1. */
static void assert_close(const char *what, const lm_tensor *got, const lm_tensor *want, double tolerance)
{
    double most = 1;
    check_ok(lm_status_of(got));
    assert_int_equal(lm_tensor_rank(got), lm_tensor_rank(want));
    for (int i = 0; i < lm_tensor_rank(want); i++) assert_int_equal(lm_tensor_dim(got, i), lm_tensor_dim(want, i));
    for (size_t i = 0; i < lm_tensor_size(want); i++) most = fmax(most, fabs(lm_tensor_get(want, i)));
    for (size_t i = 0; i < lm_tensor_size(want); i++) {
        double difference = fabs(lm_tensor_get(got, i) - lm_tensor_get(want, i));
        if (!(difference <= tolerance * most)) fail_msg("%s: element %zu differs by %g", what, i, difference);
    }
}

static void check_model(const stored *s, lm_model *m, const lm__npz *npz)
{
    lm_variable *variables[64];
    for (int i = 0; i < lm_weights(m); i++) {
        lm_tensor *w = array(npz, 'w', i);
        assert_close("weight", lm_weight(m, i)->value, w, 0);
        lm_free(w);
    }
    assert_int_equal(m->optimizer ? optimizer_variables(m, variables, 64) : -1, s->optimizer);
    for (int i = 0; i < s->optimizer; i++) {
        lm_tensor *v = array(npz, 'o', i);
        assert_close("optimizer variable", variables[i]->value, v, i == 1 ? 1e-9 : 0); /* the rate is f32 in files */
        lm_free(v);
    }
    lm_tensor *x = array(npz, 'x', -1), *y = array(npz, 'y', -1), *p = lm_predict_array(m, x);
    assert_close(s->name, p, y, s->tolerance);
    lm_free(x), lm_free(y), lm_free(p);
}

/* The one that misses a layer must say which; the others are as Keras left them, also after a trip through our
 * writer. */
static void files_of_keras_load(void **state)
{
    (void)state;
    for (const stored *s = models; s < models + MODELS; s++) {
        lm_model *m = sound(lm_load(path_of(s->name, "keras")));
        lm__npz *npz;
        check_ok(lm__npz_open(path_of(s->name, "npz"), &npz));
        check_model(s, m, npz);
        check_ok(lm_save(m, scratch("again.keras")));
        lm_model *again = sound(lm_load(scratch("again.keras")));
        assert_same_model(m, again);
        check_model(s, again, npz);
        lm_free(m), lm_free(again);
        lm__npz_close(npz);
    }
}

/* A loaded model trains on without being compiled again. */
static void they_train_on(void **state)
{
    (void)state;
    lm_model *m = sound(lm_load(path_of("tutorial_sgd", "keras")));
    lm_tensor *x = lm_tensor_new(LM_F32, 4, (int64_t[]){4, 10, 10, 1}), *y = lm_tensor_new(LM_I64, 1, (int64_t[]){4});
    double before = lm_tensor_get(m->optimizer->iteration->value, 0);
    lm_logs logs = lm_train_on_batch(m, x, y, NULL);
    sound(m);
    assert_true(lm_get(logs, "loss") > 0);
    assert_true(lm_tensor_get(m->optimizer->iteration->value, 0) == before + 1);
    lm_free(x), lm_free(y), lm_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files_of_keras_load), cmocka_unit_test(they_train_on)};
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
