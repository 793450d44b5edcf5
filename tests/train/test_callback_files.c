/* tests/train/test_callback_files.c: what callbacks leave in files, and what is said of arguments that make no
 * sense. */
#include "support/check.h"

#include "support/refusal.h"
#include "train/event_file.h"
#include "train/model.h"
#include <jansson.h>
#include <lamina/lamina.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROWS = 40, BATCH = 8 };

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[8][160];
    static int at;
    at = (at + 1) % 8;
    snprintf(path[at], sizeof path[at], "%s/%s", folder, name);
    return path[at];
}

static bool exists(const char *name) { return access(in_folder(name), F_OK) == 0; }

static lm_model *net(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 16, .activation = "relu"),
                                lm_dense(.units = 2, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

static lm_dataset *numbers(void)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, 3}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){ROWS});
    for (size_t i = 0; i < lm_tensor_size(x); i++) ((float *)lm_tensor_data(x))[i] = (float)(i * 7 % 5) - 2;
    for (size_t i = 0; i < lm_tensor_size(y); i++) ((uint8_t *)lm_tensor_data(y))[i] = (uint8_t)(i % 2);
    lm_dataset *data = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return data;
}

static char *text_of(const char *name)
{
    static char text[8192];
    FILE *f = fopen(in_folder(name), "r");
    if (!f) fail_msg("there is no %s", name);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

/* --- checkpoints ---------------------------------------------------------------------------------------------- */

static void checkpoints(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_dataset *data = numbers();
    lm_fit(m, data, .epochs = 2, .batch_size = BATCH, .verbose = 0,
           .callbacks = {lm_callback_model_checkpoint(.filepath = in_folder("deep/er/e{epoch:02d}.keras")),
                         lm_callback_model_checkpoint(.filepath = in_folder("b{epoch}-{batch:03d}.weights.h5"),
                                                      .save_weights_only = true, .save_freq = 4)});
    assert_string_equal(lm_error(m), "");
    assert_true(exists("deep/er/e01.keras") && exists("deep/er/e02.keras"));
    assert_true(exists("b1-004.weights.h5") && exists("b2-003.weights.h5"));
    lm_model *last = lm_load(in_folder("deep/er/e02.keras"));
    for (int i = 0; i < lm_weights(m); i++)
        assert_memory_equal(lm_weight(m, i)->value->data, lm_weight(last, i)->value->data,
                            lm_tensor_bytes(lm_weight(m, i)->value));
    lm_fit(m, data, .verbose = 0,
           .callbacks = {lm_callback_model_checkpoint(.filepath = in_folder("{los:.2f}.keras"))});
    check_contains(lm_error(m), "callback ModelCheckpoint: filepath");
    check_contains(lm_error(m), "there is no {los} at this moment; there are epoch, accuracy, loss");
    lm_clear(m);
    /* What can't be written ends the fit, by name. */
    check_ok(mkdir(in_folder("full.keras"), 0755) ? LM_IO : LM_OK);
    lm_fit(m, data, .verbose = 0, .callbacks = {lm_callback_model_checkpoint(.filepath = in_folder("full.keras"))});
    check_contains(lm_error(m), "callback ModelCheckpoint: ");
    check_contains(lm_error(m), "it is a folder");
    lm_free(last), lm_free(m), lm_free(data);
}

/* Two processes write one checkpoint all the time; whenever it is looked at, it is whole. */
static void two_writers(void **state)
{
    (void)state;
    pid_t child[2];
    for (int i = 0; i < 2; i++)
        if (!(child[i] = fork())) {
            lm_set_threads(1);
            lm_model *m = net();
            lm_dataset *data = numbers();
            lm_fit(m, data, .epochs = 12, .batch_size = BATCH, .verbose = 0,
                   .callbacks = {lm_callback_model_checkpoint(.filepath = in_folder("shared.keras"),
                                                              .save_freq = 1)});
            int failed = lm_failed(m);
            lm_free(m), lm_free(data);
            _exit(failed);
        }
    for (int running = 2, looks = 0; running || looks < 1;) {
        int status;
        if (exists("shared.keras")) {
            lm_model *m = lm_load(in_folder("shared.keras"));
            assert_string_equal(lm_error(m), "");
            looks++;
            lm_free(m);
        }
        if (running && waitpid(-1, &status, WNOHANG) > 0) {
            running--;
            assert_int_equal(status, 0);
        }
    }
}

/* --- loggers -------------------------------------------------------------------------------------------------- */

static void tables(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_dataset *data = numbers();
    for (int i = 0; i < 2; i++)
        lm_fit(m, data, .epochs = 2, .verbose = 0,
               .callbacks = {lm_callback_csv_logger(.filename = in_folder("a.csv"), .append = true)});
    assert_string_equal(lm_error(m), "");
    char *at = text_of("a.csv");
    assert_memory_equal(at, "epoch,accuracy,loss,val_accuracy,val_loss\n0,", 44);
    int lines = 0, heads = 0;
    for (char *line = strtok(at, "\n"); line; line = strtok(NULL, "\n")) lines++, heads += !strncmp(line, "epoch", 5);
    assert_int_equal(lines, 5);
    assert_int_equal(heads, 1);
    lm_fit(m, data, .verbose = 0, .callbacks = {lm_callback_csv_logger(.filename = in_folder("a.csv"))});
    assert_int_equal(strlen(text_of("a.csv")) < 120, 1);    /* begun anew */
    lm_fit(m, data, .verbose = 0, .callbacks = {lm_callback_csv_logger(.filename = folder)});
    check_contains(lm_error(m), "callback CSVLogger: could not write");
    lm_free(m), lm_free(data);
}

/* Every line is JSON, with what the contract names. */
static void json_lines(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_dataset *data = numbers();
    const lm_history *h = lm_fit(m, data, .epochs = 2, .batch_size = BATCH, .validation_data = data, .verbose = 0,
                                 .callbacks = {lm_callback_json_logger(.filename = in_folder("a.jsonl"), .freq = 2)});
    int lines = 0, epochs = 0;
    for (char *line = strtok(text_of("a.jsonl"), "\n"); line; line = strtok(NULL, "\n"), lines++) {
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(json);
        double loss = json_number_value(json_object_get(json, "loss"));
        int64_t epoch = json_integer_value(json_object_get(json, "epoch"));
        int64_t step = json_integer_value(json_object_get(json, "step"));
        assert_true(json_number_value(json_object_get(json, "seconds")) > 0 && loss > 0);
        if (json_object_get(json, "val_loss")) {
            epochs++;
            assert_int_equal(epoch, epochs);
            assert_int_equal(step, 5 * epochs);
            assert_true(loss == lm_history_get(h, "loss", epochs - 1));
        }
        json_decref(json);
    }
    assert_int_equal(epochs, 2);
    assert_int_equal(lines, 2 + 5);     /* steps 2, 4, …, 10 */
    lm_free(m), lm_free(data);
}

/* In a country that writes 0,5, files have a point all the same, and a name with a comma stays one cell. */
static void commas(void **state)
{
    (void)state;
    char command[400];
    FILE *f = fopen(in_folder("commas.src"), "w");
    assert_non_null(f);
    fputs("comment_char %\nescape_char /\nLC_NUMERIC\ndecimal_point \",\"\nthousands_sep \".\"\ngrouping 3;3\n"
          "END LC_NUMERIC\n", f);
    fclose(f);
    snprintf(command, sizeof command, "localedef -c -i %s/commas.src %s/commas > %s/said 2>&1; test -d %s/commas",
             folder, folder, folder, folder);
    assert_int_equal(system(command), 0);
    setenv("LOCPATH", folder, 1);
    if (!setlocale(LC_NUMERIC, "commas")) skip();       /* the system lacks what locales are made from */
    snprintf(command, sizeof command, "%g", 0.5);
    assert_string_equal(command, "0,5");
    lm_model *m = net();
    lm_dataset *data = numbers();
    lm_compile(m, .loss = "sparse_categorical_crossentropy",
               .metric_objects = {lm_metric_sparse_categorical_accuracy(.name = "right, \"all\"")});
    lm_fit(m, data, .verbose = 0,
           .callbacks = {lm_callback_csv_logger(.filename = in_folder("c.csv"), .append = true),
                         lm_callback_json_logger(.filename = in_folder("c.jsonl")),
                         lm_callback_model_checkpoint(.filepath = in_folder("c-{loss:.2f}.keras"))});
    setlocale(LC_NUMERIC, "C");
    assert_string_equal(lm_error(m), "");
    snprintf(command, sizeof command, "ls %s/c-[0-9].[0-9][0-9].keras > %s/said 2>&1", folder, folder);
    assert_int_equal(system(command), 0);
    json_t *json = json_loads(text_of("c.jsonl"), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    double loss = json_number_value(json_object_get(json, "loss")), first, second;
    assert_true(loss > 0.01 && loss < 10 && loss != floor(loss));
    static const char head[] = "epoch,loss,\"right, \"\"all\"\"\",val_loss,\"val_right, \"\"all\"\"\"\n";
    char *table = text_of("c.csv");
    assert_memory_equal(table, head, sizeof head - 1);
    assert_int_equal(sscanf(table + sizeof head - 1, "0,%lf,%lf,NA,NA", &first, &second), 2);
    assert_true(first == loss);
    json_decref(json), lm_free(m), lm_free(data);
}

static void checksums(void **state)
{
    (void)state;
    assert_int_equal(lm__crc32c("123456789", 9), 0xE3069283);
    assert_int_equal(lm__crc32c("", 0), 0);
}

/* --- arguments ------------------------------------------------------------------------------------------------ */

static void arguments(void **state)
{
    (void)state;
    refused(lm_callback_early_stopping(.mode = "least"),
            "EarlyStopping: mode = \"least\", but it must be \"auto\" or \"min\" or \"max\"");
    refused(lm_callback_early_stopping(.patience = -1), "EarlyStopping: patience = -1, but it must be 0 or more");
    refused(lm_callback_reduce_lr_on_plateau(.factor = 1),
            "ReduceLROnPlateau: factor = 1, but it must be less than 1");
    refused(lm_callback_learning_rate_scheduler(),
            "LearningRateScheduler needs .schedule, a function of the epoch and the rate");
    refused(lm_callback_model_checkpoint(), "ModelCheckpoint needs .filepath, such as \"best.keras\"");
    refused(lm_callback_model_checkpoint(.filepath = "a.bin"),
            "ModelCheckpoint: filepath \"a.bin\" must end in .keras (or .h5)");
    refused(lm_callback_model_checkpoint(.filepath = "a.keras", .save_weights_only = true),
            "ModelCheckpoint: filepath \"a.keras\" must end in .weights.h5, as save_weights_only is given");
    refused(lm_callback_model_checkpoint(.filepath = "{epoch:x}.keras"),
            "ModelCheckpoint: filepath \"{epoch:x}.keras\" has a format that is none of those such as {epoch:02d} or "
            "{loss:.4f}");
    refused(lm_callback_model_checkpoint(.filepath = "{epoch.keras"),
            "ModelCheckpoint: filepath \"{epoch.keras\" has a '{' without a name and a '}' behind it; a brace itself "
            "is written {{");
    refused(lm_callback_model_checkpoint(.filepath = "a}.keras"),
            "ModelCheckpoint: filepath \"a}.keras\" has a '}' without a '{'; a brace itself is written }}");
    refused(lm_callback_model_checkpoint(.filepath = "a.keras", .save_best_only = true, .save_freq = 10),
            "ModelCheckpoint: \"val_loss\" is known at the end of an epoch only; leave save_freq out, or give "
            ".monitor = \"loss\"");
    refused(lm_callback_csv_logger(), "CSVLogger needs .filename, such as \"log.csv\"");
    refused(lm_callback_json_logger(), "JSONLogger needs .filename, such as \"log.jsonl\"");
    refused(lm_callback_backup_and_restore(),
            "BackupAndRestore needs .path, the file that the run is kept in, such as \"run/backup.keras\"");
    refused(lm_callback_tensorboard(.log_dir = ""), "TensorBoard: log_dir is empty");
}

static void monitors(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_dataset *data = numbers();
    lm_fit(m, data, .verbose = 0, .callbacks = {lm_callback_early_stopping(.monitor = "acuracy")});
    assert_string_equal(lm_error(m), "callback EarlyStopping: monitor \"acuracy\" is none of the results: accuracy, "
                                     "loss (did you mean \"accuracy\"?)");
    lm_clear(m);
    lm_fit(m, data, .verbose = 0, .callbacks = {lm_callback_early_stopping()});
    check_contains(lm_error(m), "monitor \"val_loss\" is none of the results: accuracy, loss");
    lm_clear(m);
    /* Epochs without validation are passed over. */
    lm_callback *early = lm_callback_early_stopping(.patience = 1, .min_delta = 10);
    const lm_history *h = lm_fit(m, data, .epochs = 9, .verbose = 0, .validation_data = data, .validation_freq = 2,
                                 .callbacks = {lm_retain(early)});
    assert_string_equal(lm_error(m), "");
    assert_int_equal(lm_callback_stopped_epoch(early), 3);
    assert_int_equal(lm_callback_best_epoch(early), 1);
    assert_int_equal(lm_history_epochs(h), 4);
    assert_int_equal(lm_stopped(m), 0);
    lm_free(early), lm_free(m), lm_free(data);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/lamina-callbacks-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_writers), cmocka_unit_test(checkpoints), cmocka_unit_test(tables),
        cmocka_unit_test(json_lines), cmocka_unit_test(commas),      cmocka_unit_test(checksums),
        cmocka_unit_test(arguments),
        cmocka_unit_test(monitors)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
