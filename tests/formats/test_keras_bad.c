/* tests/formats/test_keras_bad.c: .keras files that are damaged, lie, or hold what Lamina does not have; and disks
 * that fail. */
#include "formats_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static lm_status decode(const void *data, size_t size)
{
    lm_model *m = lm__model_decode("bad.keras", data, size, &(lm_load_args){.compile = true});
    lm_status status = lm_failed(m) ? lm__fail(lm_status_of(m), "%s", lm_error(m)) : LM_OK;
    lm_free(m);
    return status;
}

/* --- a sound file, and changed ones --------------------------------------------------------------------------- */

typedef struct members {
    uint8_t *data;
    size_t size;
    json_t *config;
    lm__zip *zip;
} members;

static void read_members(members *f)
{
    lm__zip_data config;
    size_t at;
    lm_tensor *x, *y;
    lm_model *m = trained(&recipes[0], &x, &y);
    check_ok(lm_save(m, scratch("sound.keras")));
    check_ok(lm__file_read(scratch("sound.keras"), 1 << 26, &f->data, &f->size));
    check_ok(lm__zip_open("sound.keras", f->data, f->size, &f->zip));
    check_ok(lm__zip_find(f->zip, "config.json", &at));
    check_ok(lm__zip_read(f->zip, at, &config));
    f->config = json_loadb((const char *)config.bytes, config.size, 0, NULL);
    assert_non_null(f->config);
    lm__zip_release(&config);
    lm_free(m), lm_free(x), lm_free(y);
}

static void free_members(members *f)
{
    json_decref(f->config);
    lm__zip_close(f->zip);
    lm__free(f->data);
}

/* Writes the file again with another config (text, or NULL: f->config) and without the member `dropped`; loads
 * that. */
static lm_status load_changed(const members *f, const char *config, const char *dropped)
{
    lm__zip_writer *writer;
    char *own = config ? NULL : json_dumps(f->config, 0);
    const char *text = config ? config : own;
    check_ok(lm__zip_create(scratch("changed.keras"), &writer));
    for (size_t i = 0; i < lm__zip_count(f->zip); i++) {
        const char *name = lm__zip_name(f->zip, i);
        lm__zip_data data = {0};
        if (dropped && !strcmp(name, dropped)) continue;
        check_ok(lm__zip_read(f->zip, i, &data));
        bool is_config = !strcmp(name, "config.json");
        check_ok(lm__zip_add(writer, name, NULL, is_config ? (const void *)text : data.bytes,
                             is_config ? strlen(text) : data.size));
        lm__zip_release(&data);
    }
    check_ok(lm__zip_commit(writer));
    free(own);
    size_t live = lm_memory().live;
    lm_model *m = lm_load(scratch("changed.keras"));
    lm_status status = lm_failed(m) ? lm__fail(lm_status_of(m), "%s", lm_error(m)) : LM_OK;
    lm_free(m);
    assert_int_equal(lm_memory().live, live);
    return status;
}

static json_t *layer_config(const members *f, size_t layer)
{
    json_t *layers = json_object_get(json_object_get(f->config, "config"), "layers");
    return json_object_get(json_array_get(layers, layer), "config");
}

/* --- damage --------------------------------------------------------------------------------------------------- */

static void cut_off_anywhere(void **state)
{
    (void)state;
    members f;
    read_members(&f);
    uint8_t *exact = malloc(f.size);
    for (size_t n = 0; n < f.size; n += 1 + n / 97) {
        memcpy(exact, f.data, n);
        assert_int_not_equal(decode(exact, n), LM_OK);
    }
    assert_int_not_equal(decode(f.data, f.size - 1), LM_OK);
    check_ok(decode(f.data, f.size));
    free(exact);
    free_members(&f);
}

/* Checksums notice a flipped byte of a member; elsewhere it may not matter, but it must not hurt. */
static void flipped_bytes(void **state)
{
    (void)state;
    members f;
    read_members(&f);
    size_t noticed = check_flips(decode, f.data, f.size, 37), tried = 4 * ((f.size + 36) / 37);
    assert_in_range(noticed, tried - tried / 50, tried);
    free_members(&f);
}

static void missing_members(void **state)
{
    (void)state;
    members f;
    read_members(&f);
    assert_fails(load_changed(&f, NULL, "config.json"), LM_NOT_FOUND, "config.json");
    assert_fails(load_changed(&f, NULL, "model.weights.h5"), LM_NOT_FOUND, "model.weights.h5");
    check_ok(load_changed(&f, NULL, "metadata.json"));
    check_ok(load_changed(&f, NULL, NULL));
    assert_fails(decode("PK", 2), LM_CORRUPT, "bad.keras: not a ZIP archive");
    assert_int_not_equal(strncmp(lm_last_error(), "bad.keras: bad.keras", 20), 0);
    free_members(&f);
}

/* Files of other programs are called by their names. */
static void other_formats(void **state)
{
    (void)state;
    assert_fails(decode("\x89HDF\r\n\x1a\n", 8), LM_CORRUPT, "bad.keras: truncated: the HDF5");
    assert_fails(decode("layers: 3\n", 10), LM_CORRUPT, "bad.keras: it is not a .keras file");
    assert_fails(decode("", 0), LM_CORRUPT, "bad.keras: it is not a .keras file");
    static const char *const inside[] = {"net/data.pkl", "readme.txt"};
    for (int i = 0; i < 2; i++) {
        lm__zip_writer *writer;
        check_ok(lm__zip_create(scratch("other.pt"), &writer));
        check_ok(lm__zip_add(writer, inside[i], NULL, "x", 1));
        check_ok(lm__zip_commit(writer));
        lm_model *m = lm_load(scratch("other.pt"));
        check_contains(lm_error(m), i ? "other.pt: it is a ZIP archive, but not a .keras file"
                                      : "other.pt: it is a PyTorch file");
        lm_free(m);
    }
}

static void names_of_other_formats(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    lm_model *m = trained(&recipes[0], &x, &y);
    check_status(lm_save(m, "nets.d/m.onnx"), LM_UNSUPPORTED);
    assert_string_equal(lm_error(m), "nets.d/m.onnx: lm_save writes Keras's .keras format, not .onnx; name the file "
                                     "nets.d/m.keras");
    lm_clear(m);
    check_status(lm_save(m, "m.weights.h5"), LM_UNSUPPORTED);
    check_contains(lm_error(m), "lm_save_weights");
    lm_free(m), lm_free(x), lm_free(y);
}

static void configs_that_are_none(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "[]", "null", "{}", "{\"class_name\": 3}",
                                        "{\"class_name\": \"Sequential\"}",
                                        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": []}}",
                                        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": [1, null]}}",
                                        "{\"class_name\": \"Sequential\", \"config\": {\"layers\": {}}}"};
    members f;
    read_members(&f);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_int_not_equal(load_changed(&f, texts[i], NULL), LM_OK);
        check_contains(lm_last_error(), "changed.keras");
    }
    char *deep = malloc(200001);
    memset(deep, '[', 200000), deep[200000] = 0;
    assert_fails(load_changed(&f, deep, NULL), LM_CORRUPT, "config.json");
    free(deep);
    free_members(&f);
}

/* --- lies ----------------------------------------------------------------------------------------------------- */

static void wrong_shapes(void **state)
{
    (void)state;
    members f;
    read_members(&f);
    json_t *conv = layer_config(&f, 2);
    json_object_set_new(conv, "filters", json_integer(5));
    assert_fails(load_changed(&f, NULL, NULL), LM_CORRUPT,
                 "conv2d/kernel: \"layers/conv2d/vars/0\" has shape (3, 3, 1, 4) in the file, but (3, 3, 1, 5)");
    json_object_set_new(conv, "filters", json_integer(4));
    json_object_set_new(conv, "use_bias", json_false());
    assert_fails(load_changed(&f, NULL, NULL), LM_CORRUPT, "more than the 1 weights");
    json_object_set_new(conv, "use_bias", json_true());
    check_ok(load_changed(&f, NULL, NULL));
    free_members(&f);
}

static void surplus_layers(void **state)
{
    (void)state;
    members f;
    read_members(&f);
    json_t *layers = json_object_get(json_object_get(f.config, "config"), "layers");
    json_array_remove(layers, json_array_size(layers) - 1);
    assert_fails(load_changed(&f, NULL, NULL), LM_CORRUPT, "dense_1");
    free_members(&f);
}

/* No memory is taken for weights that the file cannot hold. */
static void huge_sizes(void **state)
{
    (void)state;
    static const json_int_t sizes[] = {100000, 2147483647, 1000000000000, INT64_MAX};
    members f;
    read_members(&f);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        json_object_set_new(layer_config(&f, 5), "units", json_integer(sizes[i]));
        size_t peak = lm_memory().peak;
        assert_int_not_equal(load_changed(&f, NULL, NULL), LM_OK);
        check_contains(lm_last_error(), "dense");
        assert_in_range(lm_memory().peak, peak, peak + (1 << 22));
    }
    free_members(&f);
}

static void impossible_values(void **state)
{
    (void)state;
    static const struct {
        size_t layer;
        const char *key, *value, *words;
    } bad[] = {
        {2, "filters", "-1", "filters"},
        {2, "filters", "\"four\"", "filters"},
        {2, "kernel_size", "[3]", "kernel_size"},
        {2, "kernel_size", "[99, 99]", "conv2d"},
        {2, "activation", "\"rely\"", "relu"},
        {2, "padding", "\"sane\"", "padding"},
        {5, "units", "0", "units"},
        {5, "units", "null", "units"},
        {5, "surprise", "1", "surprise"},
        {0, "batch_shape", "[null, 12, 0, 1]", "shape"},
        {0, "batch_shape", "7", "shape"},
        {0, "dtype", "\"float99\"", "float99"},
        {5, "kernel_regularizer", "{\"class_name\": \"L2\"}", "kernel_regularizer"},
        {5, "name", "\"conv2d\"", "names must differ"},
        {5, "name", "\"\\u001b[2J\"", "control characters"},
    };
    members f;
    read_members(&f);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_t *config = layer_config(&f, bad[i].layer), *kept = json_deep_copy(config);
        json_object_set_new(config, bad[i].key, json_loads(bad[i].value, JSON_DECODE_ANY, NULL));
        assert_int_not_equal(load_changed(&f, NULL, NULL), LM_OK);
        check_contains(lm_last_error(), bad[i].words);
        json_object_clear(config);
        json_object_update(config, kept);
        json_decref(kept);
    }
    check_ok(load_changed(&f, NULL, NULL));
    json_object_set_new(json_object_get(f.config, "config"), "name", json_string("\x1b[2J"));
    assert_fails(load_changed(&f, NULL, NULL), LM_CORRUPT, "its name is not text without control characters");
    free_members(&f);
}

/* Reads a config's model and its training, and predicts where it can. Whether it was JSON. */
static bool use_config(const char *text)
{
    json_t *config = json_loads(text, 0, NULL);
    if (!config) return false;
    size_t live = lm_memory().live;
    lm_model *m = lm__keras_model_of_file(config, 1 << 20);
    const json_t *compile = json_object_get(config, "compile_config");
    if (!lm_failed(m) && json_is_object(compile)) lm__keras_compile(m, compile);
    if (!lm_failed(m) && m->built && m->node[0].shape.rank == 4) {
        lm_tensor *x = recipe_x(m);
        lm_free(lm_predict_array(m, x));
        lm_free(x);
    }
    lm_free(m);
    json_decref(config);
    assert_int_equal(lm_memory().live, live);
    return true;
}

/* Behind the JSON value that begins here. */
static const char *value_end(const char *text)
{
    int depth = 0;
    if (*text == '"') return strchr(text + 1, '"') + 1;
    for (;; text++) {
        if (depth == 0 && (*text == ',' || *text == '}' || *text == ']')) return text;
        if (*text == '[' || *text == '{') depth++;
        if ((*text == ']' || *text == '}') && --depth == 0) return text + 1;
    }
}

/* A value somewhere in the JSON becomes something else. What comes of it is its own affair; it must not hurt. */
static void values_at_random(void **state)
{
    (void)state;
    static const char *const values[] = {"null",
                                         "-1",
                                         "0",
                                         "1",
                                         "1e999",
                                         "99999999999999999999",
                                         "[]",
                                         "{}",
                                         "\"\"",
                                         "true",
                                         "2147483648",
                                         "-0.5",
                                         "[[]]",
                                         "[null]",
                                         "[1,2,3,4,5,6,7,8,9]",
                                         "\"relu\"",
                                         "{\"class_name\":\"Dense\",\"config\":{}}",
                                         "4",
                                         "\"mse\"",
                                         "1e-320"};
    members f;
    read_members(&f);
    char *text = json_dumps(f.config, JSON_COMPACT), *changed = malloc(strlen(text) + 64);
    uint64_t random = 7;
    int read = 0;
    for (int i = 0; i < 3000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        const char *value = strchr(text + (random >> 20) % strlen(text), ':');
        if (!value) continue;
        sprintf(changed, "%.*s%s%s", (int)(value + 1 - text), text,
                values[(random >> 50) % (sizeof values / sizeof *values)], value_end(value + 1));
        read += use_config(changed);
    }
    assert_in_range(read, 2000, 3000);          /* the rest is no JSON */
    free(text), free(changed);
    free_members(&f);
}

/* --- what Lamina does not have -------------------------------------------------------------------------------- */

static void foreign_models(void **state)
{
    (void)state;
    members f;
    read_members(&f);
    json_object_set_new(f.config, "class_name", json_string("Subclassed"));
    assert_fails(load_changed(&f, NULL, NULL), LM_UNSUPPORTED, "it is a Subclassed model");
    json_object_set_new(f.config, "class_name", json_string("Functional"));
    assert_fails(load_changed(&f, NULL, NULL), LM_CORRUPT, "it has no list of inputs");
    json_object_set_new(f.config, "class_name", json_string("Sequential"));
    json_t *layer = json_array_get(json_object_get(json_object_get(f.config, "config"), "layers"), 1);
    static const struct {
        const char *class_name, *module, *registered, *words;
    } bad[] = {
        {"Lambda", "keras.layers", NULL, "Lambda"},
        {"Dense", "keras.layers", "mine>Dense", "mine>Dense"},
        {"Dense", "my_package.layers", NULL, "my_package.layers"},
        {"Sequential", "keras", NULL, "Sequential"},
        {"LSTMX", "keras.layers", NULL, "LSTMX"},
        {"Rescalin", "keras.layers", NULL, "Rescaling"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        json_object_set_new(layer, "class_name", json_string(bad[i].class_name));
        json_object_set_new(layer, "module", json_string(bad[i].module));
        json_t *registered = bad[i].registered ? json_string(bad[i].registered) : json_null();
        json_object_set_new(layer, "registered_name", registered);
        assert_int_not_equal(load_changed(&f, NULL, NULL), LM_OK);
        check_contains(lm_last_error(), bad[i].words);
    }
    free_members(&f);
}

/* A model whose training Lamina cannot continue still predicts; it is not compiled, and the thread's last error
 * says why. */
static void foreign_training(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *words;
    } parts[] = {
        {"loss", "\"huber_2\"", "huber_2"},
        {"loss", "{\"class_name\": \"MeanSquaredError\", \"registered_name\": \"mine>MeanSquaredError\"}",
         "MeanSquaredError"},
        {"loss", "null", "loss"},
        {"optimizer", "{\"class_name\": \"Nadam\", \"config\": {}}", "Nadam"},
        {"optimizer",
         "{\"class_name\": \"Adam\", \"config\": {\"learning_rate\": {\"class_name\": \"CosineDecay\"}}}",
         "CosineDecay"},
        {"metrics", "[\"auc\"]", "auc"},
        {"metrics", "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]", "17 metrics, more than 16"},
        {"loss_weights", "[2]", "loss_weights"},
    };
    members f;
    read_members(&f);
    json_t *compile = json_object_get(f.config, "compile_config");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        json_t *kept = json_incref(json_object_get(compile, parts[i].key));
        json_object_set_new(compile, parts[i].key, json_loads(parts[i].value, JSON_DECODE_ANY, NULL));
        check_ok(load_changed(&f, NULL, NULL));
        check_contains(lm_last_error(), parts[i].words);
        lm_model *m = sound(lm_load(scratch("changed.keras")));
        lm_tensor *x = recipe_x(m), *p = lm_predict_array(m, x);
        check_ok(lm_status_of(p));
        assert_int_not_equal(lm_train_on_batch(m, x, x, NULL).count, 2);
        check_contains(lm_error(m), "compile");
        json_object_set_new(compile, parts[i].key, kept);
        lm_free(m), lm_free(x), lm_free(p);
    }
    free_members(&f);
}

/* --- disks ---------------------------------------------------------------------------------------------------- */

/* Runs `body` in a child, without root's rights if `nobody`; its result. */
static int in_child(int (*body)(lm_model *), lm_model *m, bool nobody)
{
    pid_t child = fork();
    if (child == 0) _exit(nobody && geteuid() == 0 && (setgid(65534) || setuid(65534)) ? 99 : body(m));
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static int saves_too_much(lm_model *m)
{
    struct rlimit limit = {4096, 4096};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (lm_save(m, scratch("old.keras")) != LM_IO) return 1;
    return strstr(lm_error(m), "old.keras") ? 0 : 2;
}

static int saves_into_read_only(lm_model *m)
{
    char path[512];
    snprintf(path, sizeof path, "%s/locked/m.keras", scratch(NULL));
    if (lm_save(m, path) != LM_IO) return 1;
    return strstr(lm_error(m), "locked/m.keras") ? 0 : 2;
}

static int count_files(void)
{
    char command[256], line[16];
    snprintf(command, sizeof command, "ls -A %s | wc -l", scratch(NULL));
    FILE *out = popen(command, "r");
    assert_non_null(fgets(line, sizeof line, out));
    pclose(out);
    return atoi(line);
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    lm_model *m = trained(&recipes[0], &x, &y);
    uint8_t *data;
    size_t size;
    check_ok(lm__file_save(scratch("old.keras"), "what was there", 14));
    int files = count_files();
    assert_int_equal(in_child(saves_too_much, m, false), 0);
    check_ok(lm__file_read(scratch("old.keras"), 1 << 20, &data, &size));
    assert_int_equal(size, 14);
    assert_int_equal(count_files(), files);
    check_status(lm_save(m, "/nowhere/at/all.keras"), LM_IO);
    lm__free(data), lm_free(m), lm_free(x), lm_free(y);
}

static void a_read_only_folder(void **state)
{
    (void)state;
    lm_tensor *x, *y;
    lm_model *m = trained(&recipes[0], &x, &y);
    assert_int_equal(chmod(scratch(NULL), 0755), 0);
    assert_int_equal(mkdir(scratch("locked"), 0555), 0);
    assert_int_equal(in_child(saves_into_read_only, m, true), 0);
    lm_free(m), lm_free(x), lm_free(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cut_off_anywhere),    cmocka_unit_test(flipped_bytes),
        cmocka_unit_test(missing_members),     cmocka_unit_test(other_formats),
        cmocka_unit_test(names_of_other_formats), cmocka_unit_test(configs_that_are_none),
        cmocka_unit_test(wrong_shapes),        cmocka_unit_test(surplus_layers),
        cmocka_unit_test(huge_sizes),          cmocka_unit_test(impossible_values),
        cmocka_unit_test(values_at_random),
        cmocka_unit_test(foreign_models),      cmocka_unit_test(foreign_training),
        cmocka_unit_test(a_full_disk_leaves_the_old_file), cmocka_unit_test(a_read_only_folder),
    };
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
