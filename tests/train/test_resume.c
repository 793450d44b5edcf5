/* tests/train/test_resume.c: a run that was stopped anywhere goes on in another model and ends with the same bytes of
 * weights, the same history and the same logs as one that never was. */
#include "support/check.h"

#include "support/oom.h"
#include "train/model.h"
#include <lamina/lamina.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ROWS = 45, BATCH = 8, EPOCHS = 8, STEPS = 5 };     /* 36 rows to train on: 5 batches, the last of 4 */

static char folder[64];

static char *in_folder(const char *name)
{
    static char path[4][128];
    static int at;
    at = (at + 1) % 4;
    snprintf(path[at], sizeof path[at], "%s/%s", folder, name);
    return path[at];
}

static lm_model *net(int units)
{
    lm_model *m = lm_sequential(lm_input(.shape = {6}), lm_dense(.units = units, .activation = "relu"),
                                lm_batch_normalization(), lm_dropout(.rate = 0.3),
                                lm_dense(.units = 3, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.03), .loss = "sparse_categorical_crossentropy",
               .metrics = {"accuracy", "sparse_top_k_categorical_accuracy"});
    return m;
}

static lm_dataset *numbers(int shift)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, 6}), *y = lm_tensor_new(LM_I64, 1, (int64_t[]){ROWS});
    for (size_t i = 0; x && i < lm_tensor_size(x); i++)
        ((float *)lm_tensor_data(x))[i] = (float)((i + (size_t)shift) * 37 % 23) / 10 - 1;
    for (size_t i = 0; y && i < lm_tensor_size(y); i++) ((int64_t *)lm_tensor_data(y))[i] = (int64_t)(i * i % 3);
    lm_dataset *data = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return data;
}

/* Stops fit once it has made so many steps; -1: never. */
static lm_status stop_at(void *user, const lm_moment *m)
{
    if (m->steps_made == *(int64_t *)user) lm_request_stop(m->model);
    return LM_OK;
}

typedef struct run {
    lm_model *model;
    int stopped_epoch;
} run;

/* Everything that remembers something: order of the data, dropout, statistics, Adam, metrics, callbacks, logs. */
static run fit(int64_t stop, int64_t save_freq, const char *log, bool keep)
{
    run r = {.model = net(12)};
    lm_dataset *data = numbers(0);
    lm_callback *early = lm_callback_early_stopping(.patience = 3, .restore_best_weights = true, .min_delta = 0.01);
    char csv[160], json[160];
    snprintf(csv, sizeof csv, "%s.csv", log), snprintf(json, sizeof json, "%s.jsonl", log);
    lm_fit(r.model, data, .epochs = EPOCHS, .batch_size = BATCH, .validation_split = 0.2, .verbose = 0,
           .class_weight = (double[]){1, 2, 0.5}, .classes = 3,
           .callbacks = {lm_callback_backup_and_restore(.path = in_folder("backup.keras"), .save_freq = save_freq,
                                                        .delete_checkpoint = !keep),
                         lm_callback_reduce_lr_on_plateau(.patience = 1, .factor = 0.5, .cooldown = 1),
                         lm_retain(early), lm_callback_csv_logger(.filename = csv),
                         lm_callback_json_logger(.filename = json, .freq = 2),
                         lm_callback_lambda(.on_train_batch_end = stop_at, .user = &stop)});
    assert_string_equal(lm_error(r.model), "");
    r.stopped_epoch = lm_callback_stopped_epoch(early);
    lm_free(early), lm_free(data);
    return r;
}

static char *text_of(const char *log, const char *ending)
{
    char path[160];
    snprintf(path, sizeof path, "%s%s", log, ending);
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 16);
    assert_non_null(f);
    assert_true(fread(text, 1, (1 << 16) - 1, f) > 0);
    fclose(f);
    return text;
}

/* Times differ from run to run. */
static void blank_seconds(char *text)
{
    for (char *at = text; (at = strstr(at, "\"seconds\": ")); ) {
        at += strlen("\"seconds\": ");
        size_t n = strspn(at, "0123456789.");
        memmove(at, at + n, strlen(at + n) + 1);
    }
}

static void same_logs(const char *a, const char *b)
{
    static const char *const endings[] = {".csv", ".jsonl"};
    for (int i = 0; i < 2; i++) {
        char *one = text_of(a, endings[i]), *other = text_of(b, endings[i]);
        blank_seconds(one), blank_seconds(other);
        assert_string_equal(one, other);
        free(one), free(other);
    }
}

static void same_runs(const run *a, const run *b)
{
    const lm_history *one = a->model->history, *other = b->model->history;
    for (int i = 0; i < lm_weights(a->model); i++) {
        const lm_tensor *x = lm_weight(a->model, i)->value, *y = lm_weight(b->model, i)->value;
        if (memcmp(x->data, y->data, lm_tensor_bytes(x))) fail_msg("weight %d has other bytes", i);
    }
    lm_variable *va[64], *vb[64];
    int count = lm__optimizer_variables(a->model->optimizer, va);
    assert_int_equal(lm__optimizer_variables(b->model->optimizer, vb), count);
    for (int i = 0; i < count; i++)
        if (memcmp(va[i]->value->data, vb[i]->value->data, lm_tensor_bytes(va[i]->value)))
            fail_msg("%s has other bytes", va[i]->name);
    assert_int_equal(lm_history_epochs(one), lm_history_epochs(other));
    assert_int_equal(lm_history_columns(one), lm_history_columns(other));
    for (int e = 0; e < lm_history_epochs(one); e++)
        for (int c = 0; c < lm_history_columns(one); c++) {
            const char *name = lm_history_name(one, c);
            assert_true(lm_history_get(one, name, e) == lm_history_get(other, name, e));
            assert_int_equal(lm_history_steps(one, e), STEPS);
        }
    assert_int_equal(a->stopped_epoch, b->stopped_epoch);
}

/* Stopped at every step of several epochs in turn, then again further on; with a backup after each epoch or after
 * every three batches. */
static void goes_on(void **state)
{
    (void)state;
    char whole[128], parts[128];
    strcpy(whole, in_folder("whole")), strcpy(parts, in_folder("parts"));
    run plain = fit(-1, 0, whole, false);
    assert_true(plain.stopped_epoch > 2 && plain.stopped_epoch < EPOCHS - 1);
    assert_int_not_equal(access(in_folder("backup.keras"), F_OK), 0);
    for (int64_t stop = 1; stop < 4 * STEPS; stop += stop < STEPS ? 1 : 3) {
        run first = fit(stop, stop % 2 * 3, parts, false), second, third;
        assert_int_equal(lm_stopped(first.model), 1);
        assert_int_equal(access(in_folder("backup.keras"), F_OK), 0);
        lm_set_seed(1234);              /* a new process may have any */
        second = fit(stop + 4, 3, parts, false);
        third = fit(-1, 0, parts, false);
        lm_set_seed(0);
        same_runs(&plain, &third);
        same_logs(whole, parts);
        lm_free(first.model), lm_free(second.model), lm_free(third.model);
        assert_int_not_equal(access(in_folder("backup.keras"), F_OK), 0);
    }
    lm_free(plain.model);
}

/* A crash leaves the last backup, and logs that were written after it. Here the backup is put aside and brought
 * back. */
static char aside[128];
static lm_status keep_backup(void *user, const lm_moment *m)
{
    char command[400];
    if (m->steps_made != *(int64_t *)user) return LM_OK;
    snprintf(command, sizeof command, "cp %s %s", in_folder("backup.keras"), aside);
    return system(command) ? LM_IO : LM_OK;
}

static void crashed(void **state)
{
    (void)state;
    char parts[128], whole[128];
    strcpy(aside, in_folder("aside.keras")), strcpy(parts, in_folder("parts")), strcpy(whole, in_folder("whole"));
    run plain = fit(-1, 0, whole, false);
    for (int64_t at = 4; at < 18; at += 3) {
        lm_model *m = net(12);
        lm_dataset *data = numbers(0);
        int64_t never = -1;
        char csv[160], json[160];
        snprintf(csv, sizeof csv, "%s.csv", parts), snprintf(json, sizeof json, "%s.jsonl", parts);
        lm_fit(m, data, .epochs = EPOCHS, .batch_size = BATCH, .validation_split = 0.2, .verbose = 0,
               .class_weight = (double[]){1, 2, 0.5}, .classes = 3,
               .callbacks = {lm_callback_backup_and_restore(.path = in_folder("backup.keras"), .save_freq = 2),
                             lm_callback_reduce_lr_on_plateau(.patience = 1, .factor = 0.5, .cooldown = 1),
                             lm_callback_early_stopping(.patience = 3, .restore_best_weights = true,
                                                        .min_delta = 0.01),
                             lm_callback_csv_logger(.filename = csv),
                             lm_callback_json_logger(.filename = json, .freq = 2),
                             lm_callback_lambda(.on_train_batch_end = stop_at, .user = &never),
                             lm_callback_lambda(.on_train_batch_end = keep_backup, .user = &at)});
        assert_string_equal(lm_error(m), "");
        assert_int_equal(rename(aside, in_folder("backup.keras")), 0);
        run rest = fit(-1, 2, parts, false);
        same_runs(&plain, &rest);
        same_logs(whole, parts);
        lm_free(m), lm_free(rest.model), lm_free(data);
    }
    lm_free(plain.model);
}

/* A run that has ended and kept its backup ends at once, with the same weights. */
static void ended(void **state)
{
    (void)state;
    char log[128];
    strcpy(log, in_folder("ended"));
    run first = fit(-1, 0, log, true), again = fit(-1, 0, log, true);
    same_runs(&first, &again);
    assert_int_equal(again.model->train.function != NULL, 1);
    remove(in_folder("backup.keras"));
    lm_free(first.model), lm_free(again.model);
}

/* What a fit takes over from its data in the first steps is there when these were made before. */
static void about(void **state)
{
    (void)state;
    int64_t stop = 7;
    lm_dataset *data = numbers(0);
    lm_model *m = net(12), *again = net(12);
    check_ok(lm_model_set_classes(m, 3, (const char *const[]){"ash", "beech", "elm"}));
    for (int part = 0; part < 2; part++, stop = -1)
        lm_fit(part ? again : m, data, .epochs = 2, .batch_size = BATCH, .verbose = 0,
               .callbacks = {lm_callback_backup_and_restore(.path = in_folder("backup.keras")),
                             lm_callback_lambda(.on_train_batch_end = stop_at, .user = &stop)});
    assert_string_equal(lm_error(again), "");
    int count;
    const char *const *names = lm_model_classes(again, &count);
    assert_int_equal(count, 3);
    assert_string_equal(names[2], "elm");
    assert_true(lm_model_input_info(again).low == lm_model_input_info(m).low);
    assert_false(isnan(lm_model_input_info(again).low));
    lm_free(m), lm_free(again), lm_free(data);
}

/* A log that the run did not have before it was stopped begins where the run goes on. */
static void new_callbacks(void **state)
{
    (void)state;
    int64_t stop = 7;
    lm_dataset *data = numbers(0);
    lm_model *m = net(12), *again = net(12);
    lm_fit(m, data, .epochs = 3, .batch_size = BATCH, .verbose = 0,
           .callbacks = {lm_callback_backup_and_restore(.path = in_folder("backup.keras")),
                         lm_callback_lambda(.on_train_batch_end = stop_at, .user = &stop)});
    lm_fit(again, data, .epochs = 3, .batch_size = BATCH, .verbose = 0,
           .callbacks = {lm_callback_backup_and_restore(.path = in_folder("backup.keras")),
                         lm_callback_csv_logger(.filename = in_folder("new.csv")),
                         lm_callback_json_logger(.filename = in_folder("new.jsonl"))});
    assert_string_equal(lm_error(again), "");
    char *table = text_of(in_folder("new"), ".csv"), *lines = text_of(in_folder("new"), ".jsonl");
    assert_memory_equal(table, "epoch,accuracy,", 15);
    check_contains(table, "\n1,");
    check_contains(table, "\n2,");
    check_contains(lines, "{\"epoch\": 2, ");
    check_contains(lines, "{\"epoch\": 3, ");
    free(table), free(lines);
    lm_free(m), lm_free(again), lm_free(data);
}

/* --- refusals ------------------------------------------------------------------------------------------------- */

static void refused(lm_model *m, lm_dataset *data, int batch_size, const char *piece)
{
    lm_fit(m, data, .epochs = EPOCHS, .batch_size = batch_size, .verbose = 0,
           .callbacks = {lm_callback_backup_and_restore(.path = in_folder("backup.keras"))});
    check_contains(lm_error(m), piece);
    check_contains(lm_error(m), "backup.keras (remove it to begin anew): ");
    assert_int_equal(access(in_folder("backup.keras"), F_OK), 0);
    lm_free(m);
}

static void refusals(void **state)
{
    (void)state;
    int64_t stop = 7;
    lm_dataset *data = numbers(0), *other = numbers(1);
    lm_model *m = net(12);
    lm_fit(m, data, .epochs = EPOCHS, .batch_size = BATCH, .verbose = 0,
           .callbacks = {lm_callback_backup_and_restore(.path = in_folder("backup.keras")),
                         lm_callback_lambda(.on_train_batch_end = stop_at, .user = &stop)});
    assert_string_equal(lm_error(m), "");
    refused(net(13), data, BATCH, "it is of another model: layer 0 is dense (Dense) there, and dense (Dense) here");
    refused(net(12), other, BATCH, "it is of other data: the first batch differs");
    refused(net(12), data, 4, "its epochs have 6 steps, and here they have 12");
    lm_model *sgd = net(12);
    lm_compile(sgd, .optimizer = lm_sgd(), .loss = "sparse_categorical_crossentropy");
    refused(sgd, data, BATCH, "its optimizer is Adam, and here it is SGD");
    lm_model *slower = net(12), *logits = net(12);
    lm_compile(slower, .optimizer = lm_adam(.beta_1 = 0.8), .loss = "sparse_categorical_crossentropy");
    refused(slower, data, BATCH, "its optimizer, Adam, has another beta_1 than here");
    lm_compile(logits, .optimizer = lm_adam(),
               .loss_object = lm_loss_sparse_categorical_crossentropy(.from_logits = true));
    refused(logits, data, BATCH, "its loss, SparseCategoricalCrossentropy, has another from_logits than here");
    /* Damage: cut short, and no backup at all. */
    assert_int_equal(truncate(in_folder("backup.keras"), 3000), 0);
    refused(net(12), data, BATCH, "backup.keras");
    check_ok(lm_save(m, in_folder("backup.keras")));
    refused(net(12), data, BATCH, "it is a model, but no backup of a run");
    remove(in_folder("backup.keras"));
    lm_free(m), lm_free(data), lm_free(other);
}

static lm_status little_run(void *user)
{
    int64_t stop = 2;
    lm_dataset *data = numbers(0);
    lm_status status = LM_OK;
    (void)user;
    remove(in_folder("backup.keras"));
    for (int part = 0; part < 2 && !status; part++, stop = -1) {
        lm_model *m = net(2);
        lm_fit(m, data, .epochs = 1, .batch_size = BATCH, .validation_split = 0.2, .verbose = 0,
               .callbacks = {lm_callback_backup_and_restore(.path = in_folder("backup.keras")),
                             lm_callback_early_stopping(.restore_best_weights = true),
                             lm_callback_csv_logger(.filename = in_folder("little.csv")),
                             lm_callback_lambda(.on_train_batch_end = stop_at, .user = &stop)});
        status = lm_failed(data) ? lm_status_of(data) : lm_status_of(m);
        lm_free(m);
    }
    lm_free(data);
    return status;
}

static void memory_runs_out(void **state)
{
    (void)state;
    oom_some(little_run, NULL, 60);
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/lamina-resume-XXXXXX");
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(goes_on), cmocka_unit_test(crashed), cmocka_unit_test(ended),
                                       cmocka_unit_test(about), cmocka_unit_test(new_callbacks),
                                       cmocka_unit_test(refusals), cmocka_unit_test(memory_runs_out)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
