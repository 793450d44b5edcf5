/* tests/formats/train_on.c: train_on MODEL OUT DIR BEGIN END: loads what Keras saved, makes the steps BEGIN to
 * END - 1 on batches of DIR/x.npy and DIR/y.npy, prints their losses, and saves. With .weights.h5 the model comes
 * from MODEL.json. */
#include <lamina/lamina.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int weights_alone(const char *path) { return strstr(path, ".weights.h5") != NULL; }

static lm_model *load(const char *path)
{
    char config[1024];
    if (!weights_alone(path)) return lm_load(path);
    snprintf(config, sizeof config, "%s.json", path);
    lm_model *model = lm_load(config);
    if (!lm_failed(model)) lm_load_weights(model, path);
    return model;
}

/* Batch `step` of an array of batches. */
static lm_tensor *batch(lm_tensor *all, int64_t step)
{
    lm_tensor *one = lm_tensor_slice(all, step, step + 1);
    lm_tensor *flat = lm_tensor_reshape(one, lm_tensor_rank(one) - 1, lm_tensor_dims(one) + 1);
    lm_free(one);
    return flat;
}

static lm_tensor *array(const char *folder, const char *name)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.npy", folder, name);
    return lm_tensor_load(path);
}

int main(int argc, char **argv)
{
    if (argc != 6) return 2;
    lm_model *model = load(argv[1]);
    lm_tensor *x = array(argv[3], "x"), *y = array(argv[3], "y");
    for (int64_t step = atoi(argv[4]); step < atoi(argv[5]); step++) {
        lm_tensor *xs = batch(x, step), *ys = batch(y, step);
        printf("%.9g\n", lm_get(lm_train_on_batch(model, xs, ys, NULL), "loss"));
        lm_free(xs), lm_free(ys);
    }
    if (weights_alone(argv[2])) lm_save_weights(model, argv[2]);
    else lm_save(model, argv[2]);
    int failed = lm_failed(model);
    if (failed) fprintf(stderr, "%s\n", lm_error(model));
    lm_free(model), lm_free(x), lm_free(y);
    return failed;
}
