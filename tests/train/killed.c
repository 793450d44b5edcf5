/* tests/train/killed.c: a run that killed.sh kills: killed DIR [MILLISECONDS]. Goes on from DIR/backup.keras where
 * it is there; leaves in DIR the logs, and at its end result.txt: every byte of the weights and the history, as
 * text. Each batch takes so many milliseconds, so that there are moments to kill it at. */
#include <lamina/lamina.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 120, EPOCHS = 6 };

static lm_status wait_a_little(void *user, const lm_moment *m)
{
    long milliseconds = *(long *)user;
    (void)m;
    nanosleep(&(struct timespec){milliseconds / 1000, milliseconds % 1000 * 1000000}, NULL);
    return LM_OK;
}

static double halved(void *user, int epoch, double rate)
{
    (void)user;
    return epoch ? rate * 0.9 : rate;
}

static lm_dataset *numbers(void)
{
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){ROWS, 8}), *y = lm_tensor_new(LM_I32, 1, (int64_t[]){ROWS});
    for (size_t i = 0; i < lm_tensor_size(x); i++) ((float *)lm_tensor_data(x))[i] = (float)(i * 31 % 29) / 14 - 1;
    for (size_t i = 0; i < lm_tensor_size(y); i++) ((int32_t *)lm_tensor_data(y))[i] = (int32_t)(i * i % 4);
    lm_dataset *data = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return data;
}

static lm_model *net(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {8}), lm_dense(.units = 24, .activation = "relu"),
                                lm_batch_normalization(), lm_dropout(.rate = 0.25),
                                lm_dense(.units = 4, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

static int write_result(const lm_model *m, const lm_history *history, const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f) return 1;
    for (int e = 0; e < lm_history_epochs(history); e++)
        for (int c = 0; c < lm_history_columns(history); c++) {
            const char *name = lm_history_name(history, c);
            fprintf(f, "%d %s %a\n", e, name, lm_history_get(history, name, e));
        }
    for (int i = 0; i < lm_weights(m); i++) {
        const lm_tensor *t = lm_variable_value(lm_weight(m, i));
        fprintf(f, "%s ", lm_variable_name(lm_weight(m, i)));
        for (size_t k = 0; k < lm_tensor_bytes(t); k++) fprintf(f, "%02x", ((const uint8_t *)lm_tensor_read(t))[k]);
        fprintf(f, "\n");
    }
    return fclose(f) != 0;
}

int main(int argc, char **argv)
{
    char backup[512], csv[512], json[512], board[512], result[512];
    long milliseconds = argc > 2 ? atol(argv[2]) : 0;
    if (argc < 2) return 2;
    snprintf(backup, sizeof backup, "%s/backup.keras", argv[1]);
    snprintf(csv, sizeof csv, "%s/log.csv", argv[1]);
    snprintf(json, sizeof json, "%s/log.jsonl", argv[1]);
    snprintf(board, sizeof board, "%s/board", argv[1]);
    snprintf(result, sizeof result, "%s/result.txt", argv[1]);
    lm_model *m = net();
    lm_dataset *data = numbers();
    const lm_history *history =
        lm_fit(m, data, .epochs = EPOCHS, .batch_size = 10, .validation_split = 0.25, .verbose = 0,
               .callbacks = {lm_callback_learning_rate_scheduler(.schedule = halved),
                             lm_callback_early_stopping(.patience = 5, .restore_best_weights = true),
                             lm_callback_csv_logger(.filename = csv),
                             lm_callback_json_logger(.filename = json, .freq = 1),
                             lm_callback_tensorboard(.log_dir = board, .update_freq = 1),
                             lm_callback_lambda(.on_train_batch_end = wait_a_little, .user = &milliseconds),
                             lm_callback_backup_and_restore(.path = backup, .save_freq = 2)});
    int failed = lm_failed(m) || write_result(m, history, result);
    if (failed) fprintf(stderr, "%s\n", lm_error(m));
    lm_free(m), lm_free(data);
    return failed;
}
