/* tests/formats/drawn_models.c: `drawn_models write DIR N` saves N models drawn at random as DIR/K.keras and
 * DIR/K.h5, with an input and what they predict; `drawn_models compare DIR N` reads what Keras made of them,
 * DIR/K.back.keras and DIR/K.back.h5: layers, weights, predictions and the next step of training must be the same. */
#include "draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *path_of(const char *folder, int k, const char *ending)
{
    static char path[1024];
    snprintf(path, sizeof path, "%s/%d%s", folder, k, ending);
    return path;
}

static lm_model *drawn(int k)
{
    draw d = {.state = (uint64_t)k * 7919 + 1};
    draw_model(&d);
    return d.model;
}

static int write_one(const char *folder, int k)
{
    lm_model *m = drawn(k);
    lm_tensor *x = recipe_x(m), *y = targets(), *p;
    lm_train_on_batch(m, x, y, NULL);
    lm_clear(m);                            /* the drawn weights of some overflow: they are saved as they are */
    p = lm_predict_array(m, x);
    int bad = lm_save(m, path_of(folder, k, ".keras")) || lm_save(m, path_of(folder, k, ".h5"));
    bad |= lm_tensor_save(x, path_of(folder, k, ".x.npy")) || lm_tensor_save(p, path_of(folder, k, ".p.npy"));
    if (bad) fprintf(stderr, "model %d: %s\n", k, lm_last_error());
    lm_free(m), lm_free(x), lm_free(y), lm_free(p);
    return bad;
}

static int same_bytes(const lm_tensor *a, const lm_tensor *b)
{
    size_t bytes = lm_tensor_bytes(a);
    return bytes == lm_tensor_bytes(b) && !memcmp(lm_tensor_read(a), lm_tensor_read(b), bytes);
}

/* Keras writes out what was left open (strides, names of optimizers, metrics as objects), so that texts differ. */
static int same_layers(lm_model *a, lm_model *b)
{
    int same = lm_model_layers(a) == lm_model_layers(b) && lm_weights(a) == lm_weights(b) &&
               !strcmp(lm_model_name(a), lm_model_name(b));
    for (int i = 0; same && i < lm_model_layers(a); i++) {
        lm_layer *one = lm_model_layer(a, i), *other = lm_model_layer(b, i);
        same = !strcmp(lm_layer_name(one), lm_layer_name(other));
        same = same && !strcmp(lm_layer_class(one), lm_layer_class(other));
    }
    return same;
}

static int same_weights(lm_model *a, lm_model *b)
{
    int same = 1;
    for (int i = 0; same && i < lm_weights(a); i++)
        same = same_bytes(lm_variable_value(lm_weight(a, i)), lm_variable_value(lm_weight(b, i)));
    return same;
}

/* One step on both: the same loss, metrics and weights, if loss, optimizer and its state are the same. */
static int same_step(lm_model *a, lm_model *b, lm_tensor *x)
{
    lm_tensor *y = targets();
    lm_logs one = lm_train_on_batch(a, x, y, NULL), other = lm_train_on_batch(b, x, y, NULL);
    lm_free(y);
    int same = one.count == other.count && lm_status_of(a) == lm_status_of(b);
    for (int i = 0; same && i < one.count; i++)
        same = !strcmp(one.item[i].name, other.item[i].name) && one.item[i].value == other.item[i].value;
    return same && same_weights(a, b);
}

/* What came back as something else; NULL: nothing. `trains`: the state of training is there too. */
static const char *difference(lm_model *before, lm_model *after, lm_tensor *x, int trains)
{
    if (lm_failed(before) || lm_failed(after)) return lm_last_error();
    if (!same_layers(before, after)) return "the layers";
    if (!same_weights(before, after)) return "the weights";
    lm_tensor *p = lm_predict_array(before, x), *q = lm_predict_array(after, x);
    int same = same_bytes(p, q);
    lm_free(p), lm_free(q);
    if (!same) return "the prediction";
    return trains && !same_step(before, after, x) ? "the next step of training" : NULL;
}

/* Keras keeps no state of training in a .h5 that it had loaded from one. */
static int compare_one(const char *folder, int k)
{
    static const char *const endings[] = {".keras", ".h5"}, *const back[] = {".back.keras", ".back.h5"};
    int bad = 0;
    lm_tensor *x = lm_tensor_load(path_of(folder, k, ".x.npy"));
    for (int i = 0; i < 2; i++) {
        lm_model *before = lm_load(path_of(folder, k, endings[i])), *after = lm_load(path_of(folder, k, back[i]));
        const char *what = difference(before, after, x, i == 0);
        if (what) fprintf(stderr, "%s: after Keras another: %s\n", path_of(folder, k, endings[i]), what);
        bad |= what != NULL;
        lm_free(before), lm_free(after);
    }
    lm_free(x);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = argc != 4;
    for (int k = 1; argc == 4 && k <= atoi(argv[3]); k++)
        bad |= strcmp(argv[1], "write") ? compare_one(argv[2], k) : write_one(argv[2], k);
    return bad;
}
