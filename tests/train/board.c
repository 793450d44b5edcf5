/* tests/train/board.c: leaves event files for board.py to read: board DIR. Prints what TensorBoard should find, as
 * lines "part tag step value". */
#include <lamina/lamina.h>
#include <stdio.h>
#include <string.h>

static const char *part_of(const char *name, const char **tag)
{
    bool validation = !strncmp(name, "val_", 4);
    *tag = validation ? name + 4 : name;
    return validation ? "validation" : "train";
}

static lm_status batch_end(void *user, const lm_moment *m)
{
    (void)user;
    for (int i = 0; (m->steps_made - 1) % 2 == 0 && i < m->logs->count; i++)
        printf("train batch_%s %lld %.9g\n", m->logs->item[i].name, (long long)m->steps_made - 1,
               m->logs->item[i].value);
    return LM_OK;
}

static lm_status epoch_end(void *user, const lm_moment *m)
{
    const char *tag;
    (void)user;
    for (int i = 0; i < m->logs->count; i++) {
        const char *part = part_of(m->logs->item[i].name, &tag);
        printf("%s epoch_%s %d %.9g\n", part, tag, m->epoch, m->logs->item[i].value);
        if (!strcmp(part, "validation"))
            printf("validation evaluation_%s_vs_iterations %lld %.9g\n", tag, (long long)m->steps_made,
                   m->logs->item[i].value);
    }
    printf("train epoch_learning_rate %d %.9g\n", m->epoch, lm_learning_rate(m->model));
    return LM_OK;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){90, 3}), *y = lm_tensor_new(LM_U8, 1, (int64_t[]){90});
    for (size_t i = 0; i < lm_tensor_size(x); i++) ((float *)lm_tensor_data(x))[i] = (float)(i * 7 % 5) - 2;
    for (size_t i = 0; i < lm_tensor_size(y); i++) ((uint8_t *)lm_tensor_data(y))[i] = (uint8_t)(i % 2);
    lm_model *m = lm_sequential(lm_input(.shape = {3}), lm_dense(.units = 2, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    lm_fit_arrays(m, x, y, .epochs = 3, .batch_size = 20, .validation_split = 0.3, .verbose = 0,
                  .callbacks = {lm_callback_tensorboard(.log_dir = argv[1], .update_freq = 2),
                                lm_callback_lambda(.on_train_batch_end = batch_end, .on_epoch_end = epoch_end)});
    int failed = lm_failed(m);
    if (failed) fprintf(stderr, "%s\n", lm_error(m));
    lm_free(m), lm_free(x), lm_free(y);
    return failed;
}
