/* tests/formats/test_h5_bad.c: legacy .h5 files and files of weights that are damaged, lie, carry code, or belong to
 * another model; disks that are full, and two processes at one file. */
#include "formats_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static const lm_load_args whole = {.size = sizeof whole, .compile = true};

static uint8_t *stored(const char *name, size_t *size)
{
    char path[1024];
    uint8_t *data;
    snprintf(path, sizeof path, "%s/tests/data/formats/%s", LM_SOURCE_DIR, name);
    check_ok(lm__file_read(path, 1 << 20, &data, size));
    return data;
}

static lm_status decode(const void *data, size_t size)
{
    lm_model *m = lm__model_decode("bad.h5", data, size, &whole);
    lm_status status = lm_status_of(m);
    if (status) check_contains(lm_error(m), "bad.h5");
    lm_free(m);
    return status;
}

/* --- damage --------------------------------------------------------------------------------------------------- */

static void cut_short(void **state)
{
    (void)state;
    static const char *const names[] = {"adam.h5", "keras2_sgd.h5", "keras2_adam.h5"};
    for (int i = 0; i < 3; i++) {
        size_t size;
        uint8_t *data = stored(names[i], &size);
        check_ok(decode_exactly(decode, data, size));
        for (size_t n = 0; n + 64 < size; n += 331) assert_int_not_equal(decode_exactly(decode, data, n), LM_OK);
        lm__free(data);
    }
}

/* A flipped bit is found, or changes a number: never more than that. */
static void flipped(void **state)
{
    (void)state;
    size_t size;
    uint8_t *data = stored("keras2_sgd.h5", &size);
    uint64_t draw = 1;
    for (int i = 0; i < 1500; i++) {
        draw = draw * 6364136223846793005u + 1442695040888963407u;
        size_t at = (size_t)(draw >> 20) % size;
        uint8_t bit = (uint8_t)(1 << (draw >> 60 & 7));
        data[at] ^= bit;
        decode_exactly(decode, data, size);
        data[at] ^= bit;
    }
    lm__free(data);
}

/* --- files made by hand --------------------------------------------------------------------------------------- */

typedef struct made {
    const char *config, *training;
    const char *layer, *weights[3];         /* a layer's name, and those of its weights */
    int64_t dims[3][2];                     /* of a dataset for each; 0: none */
} made;

#define DENSE                                                                                                     \
    "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 2, \"batch_input_shape\": [null, 3]}}"
#define STACK(layers) "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [" layers "]}}"

static lm_model *load_made(const made *file)
{
    lm__h5_writer *h5;
    char path[128];
    size_t count = 0;
    check_ok(lm__h5_create(&h5));
    if (file->config) check_ok(lm__h5_put_string(h5, "", "model_config", file->config));
    if (file->training) check_ok(lm__h5_put_string(h5, "", "training_config", file->training));
    snprintf(path, sizeof path, "model_weights/%s", file->layer);
    check_ok(lm__h5_put_group(h5, path));
    while (count < 3 && file->weights[count]) count++;
    check_ok(lm__h5_put_strings(h5, "model_weights", "layer_names", &file->layer, 1));
    check_ok(lm__h5_put_strings(h5, path, "weight_names", file->weights, count));
    for (size_t i = 0; i < count; i++) {
        lm_tensor *t = lm_tensor_new(LM_F32, file->dims[i][1] ? 2 : 1, file->dims[i]);
        snprintf(path, sizeof path, "model_weights/%s/%s", file->layer, file->weights[i]);
        if (file->dims[i][0]) check_ok(lm__h5_put_tensor(h5, path, t));
        lm_free(t);
    }
    check_ok(lm__h5_save(h5, scratch("made.h5")));
    lm__h5_discard(h5);
    return lm_load(scratch("made.h5"));
}

static const made sound_file = {STACK(DENSE), NULL, "d", {"d/kernel:0", "d/bias:0"}, {{3, 2}, {2}}};

static void files_that_lie(void **state)
{
    (void)state;
    static const struct {
        made file;
        lm_status status;
        const char *says;
    } bad[] = {
        {{NULL, NULL, "d", {"k"}, {{3, 2}}}, LM_NOT_FOUND, "holds no model"},
        {{"{", NULL, "d", {"k"}, {{3, 2}}}, LM_CORRUPT, "model_config is wrong in line"},
        {{STACK(DENSE), NULL, "d", {"k", "b"}, {{2, 3}, {2}}}, LM_CORRUPT, "shape (2, 3) in the file"},
        {{STACK(DENSE), NULL, "d", {"k", "b"}, {{3, 2}, {0}}}, LM_CORRUPT, "is missing"},
        {{STACK(DENSE), NULL, "d", {"k"}, {{3, 2}}}, LM_CORRUPT, "has 1 weights"},
        {{STACK(DENSE), NULL, "d", {"k", "b", "c"}, {{3, 2}, {2}, {2}}}, LM_CORRUPT, "more than the 2 weights"},
        {{STACK(DENSE), NULL, "d", {NULL}, {{0}}}, LM_CORRUPT, "weights of layer d are missing"},
        {{STACK(DENSE "," DENSE), NULL, "d", {"k", "b"}, {{3, 2}, {2}}}, LM_INVALID, "taken by layer 0"},
        {{STACK("{\"class_name\": \"Dense\", \"config\": {\"units\": 1000000000, \"batch_input_shape\": [null, "
                "1000000]}}"), NULL, "d", {"k"}, {{1}}}, LM_CORRUPT, "more than the file holds"},
        {{STACK(DENSE ",{\"class_name\": \"Lambda\", \"config\": {\"function\": [\"4wEAAAA=\", null, null], "
                "\"function_type\": \"lambda\", \"module\": \"os\"}}"), NULL, "d", {"k", "b"}, {{3, 2}, {2}}},
         LM_UNSUPPORTED, "Lambda"},
        {{STACK("{\"module\": \"builtins\", \"class_name\": \"eval\", \"config\": {\"source\": \"1\"}}"), NULL, "d",
          {"k"}, {{1}}}, LM_UNSUPPORTED, "class of its own"},
        {{STACK("{\"class_name\": \"mine>Layer\", \"config\": {}}"), NULL, "d", {"k"}, {{1}}}, LM_NOT_FOUND,
         "mine>Layer"},
        {{STACK(DENSE), "[1", "d", {"k", "b"}, {{3, 2}, {2}}}, LM_CORRUPT, "training_config is wrong"},
    };
    lm_model *m = sound(load_made(&sound_file));
    lm_free(m);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        m = load_made(&bad[i].file);
        check_status(lm_status_of(m), bad[i].status);
        check_contains(lm_error(m), "made.h5");
        check_contains(lm_error(m), bad[i].says);
        lm_free(m);
    }
}

/* Losses of one's own predict; a state that is another optimizer's begins anew, as in Keras. */
static void training_that_is_not_there(void **state)
{
    (void)state;
    made file = sound_file;
    file.training = "{\"loss\": \"mine\", \"optimizer_config\": {\"class_name\": \"Custom>Adam\", \"config\": {}}}";
    lm_model *m = sound(load_made(&file));
    assert_false(m->compiled);
    check_contains(lm_last_error(), "mine");
    lm_free(m);
    file.training = "{\"loss\": \"mse\", \"metrics\": null, \"optimizer_config\": {\"class_name\": \"SGD\", "
                    "\"config\": {\"lr\": 0.25, \"decay\": 0.0, \"is_legacy_optimizer\": true}}}";
    m = sound(load_made(&file));
    assert_true(m->compiled && lm_tensor_get(m->optimizer->learning_rate->value, 0) == 0.25);
    lm_free(m);
}

/* --- weights of another model --------------------------------------------------------------------------------- */

static void other_weights_change_nothing(void **state)
{
    (void)state;
    lm_model *m = sound(lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 2), lm_dense(.units = 2)));
    lm_model *same = sound(lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 2), lm_dense(.units = 2)));
    lm_model *other = sound(lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 2), lm_dense(.units = 3)));
    static const char *const files[] = {"o.weights.h5", "o.keras", "o.h5"};
    lm_variable_set(lm_weight(other, 0), lm_variable_value(lm_weight(other, 2)));
    for (int i = 0; i < 3; i++) {
        check_ok(i ? lm_save(other, scratch(files[i])) : lm_save_weights(other, scratch(files[i])));
        check_status(lm_load_weights(m, scratch(files[i])), LM_CORRUPT);
        check_contains(lm_error(m), "(2, 3) in the file, but (2, 2) in the model");
        lm_clear(m);
        assert_same_state(m, same);
    }
    check_status(lm_load_weights(m, scratch("none.weights.h5")), LM_NOT_FOUND);
    lm_clear(m);
    check_status(lm_save_weights(m, scratch("m.h5")), LM_INVALID);
    check_contains(lm_error(m), ".weights.h5");
    lm_free(m), lm_free(same), lm_free(other);
    m = lm_sequential(lm_dense(.units = 2));
    check_status(lm_load_weights(m, scratch("o.keras")), LM_INVALID);
    check_contains(lm_error(m), "lm_build");
    lm_free(m);
}

/* --- disks ---------------------------------------------------------------------------------------------------- */

static int in_child(int (*body)(lm_model *), lm_model *m)
{
    pid_t child = fork();
    if (child == 0) _exit(body(m));
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static int saves_too_much(lm_model *m)
{
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (lm_save(m, scratch("old.h5")) != LM_IO) return 1;
    lm_clear(m);
    return lm_save_weights(m, scratch("old.weights.h5")) == LM_IO ? 0 : 2;
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    lm_model *m = trained(&recipes[0], &x, &y);
    static const char *const files[] = {"old.h5", "old.weights.h5"};
    for (int i = 0; i < 2; i++) check_ok(lm__file_save(scratch(files[i]), "what was there", 14));
    assert_int_equal(in_child(saves_too_much, m), 0);
    for (int i = 0; i < 2; i++) {
        uint8_t *data;
        size_t size;
        check_ok(lm__file_read(scratch(files[i]), 1 << 20, &data, &size));
        assert_int_equal(size, 14);
        lm__free(data);
    }
    lm_free(m), lm_free(x), lm_free(y);
}

enum { WRITERS = 3, ROUNDS = 30 };

static int saves_often(lm_model *m)
{
    for (int i = 0; i < ROUNDS; i++)
        if (lm_save(m, scratch("shared.keras"))) return 1;
    return 0;
}

/* Whoever reads meanwhile finds one of the files, whole. */
static void several_writers_of_one_file(void **state)
{
    (void)state;
    pid_t child[WRITERS];
    lm_model *m[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        m[i] = sound(lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 5 + 40 * i)));
    check_ok(lm_save(m[0], scratch("shared.keras")));
    for (int i = 0; i < WRITERS; i++)
        if ((child[i] = fork()) == 0) _exit(saves_often(m[i]));
    for (int i = 0; i < ROUNDS; i++) lm_free(sound(lm_load(scratch("shared.keras"))));
    for (int i = 0; i < WRITERS; i++) {
        int status = -1;
        waitpid(child[i], &status, 0);
        assert_int_equal(status, 0);
        lm_free(m[i]);
    }
    lm_free(sound(lm_load(scratch("shared.keras"))));
}

/* --- memory running out --------------------------------------------------------------------------------------- */

static lm_status there_and_back(void *user)
{
    lm_model *m = user;
    lm_status status = lm_save(m, scratch("oom.h5"));
    if (!status) status = lm_save_weights(m, scratch("oom.weights.h5"));
    if (!status) status = lm_load_weights(m, scratch("oom.weights.h5"));
    lm_clear(m);
    return status;
}

static lm_status load_once(void *path)
{
    lm_model *m = lm_load(path);
    lm_status status = lm_status_of(m);
    lm_free(m);
    return status;
}

static void without_memory_nothing_leaks(void **state)
{
    (void)state;
    char path[256];
    lm_tensor *x, *y;
    oom_fail_nth(0);
    lm_model *m = trained(&recipes[3], &x, &y);
    oom_some(there_and_back, m, 400);
    snprintf(path, sizeof path, "%s", scratch("oom.h5"));
    oom_some(load_once, path, 400);
    lm_free(m), lm_free(x), lm_free(y);
    oom_off();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_short),
        cmocka_unit_test(flipped),
        cmocka_unit_test(files_that_lie),
        cmocka_unit_test(training_that_is_not_there),
        cmocka_unit_test(other_weights_change_nothing),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(several_writers_of_one_file),
        cmocka_unit_test(without_memory_nothing_leaks),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
