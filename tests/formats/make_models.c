/* tests/formats/make_models.c: writes files for keras_opens.py: each recipe's model after a few steps, what it
 * predicts, and its weights after one step more. Usage: make_models DIR */
#include "recipes.h"

#include <stdio.h>
#include <string.h>

static int save(const lm_tensor *t, const char *folder, const char *name, const char *what)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/%s.%s.npy", folder, name, what);
    return lm_tensor_save(t, path) != LM_OK;
}

/* All weights, one after the other. */
static lm_tensor *weights(const lm_model *m)
{
    int64_t total = 0, at = 0;
    for (int i = 0; i < lm_weights(m); i++) total += (int64_t)lm_tensor_size(lm_variable_value(lm_weight(m, i)));
    lm_tensor *all = lm_tensor_new(LM_F32, 1, &total);
    for (int i = 0; i < lm_weights(m); i++) {
        const lm_tensor *w = lm_variable_value(lm_weight(m, i));
        memcpy((float *)lm_tensor_data(all) + at, lm_tensor_read(w), lm_tensor_bytes(w));
        at += (int64_t)lm_tensor_size(w);
    }
    return all;
}

static int make(const recipe *r, const char *folder)
{
    char path[1024];
    lm_model *m = r->make();
    lm_tensor *x = recipe_x(m), *y = recipe_y(r, m);
    for (int i = 0; i < RECIPE_STEPS; i++) lm_train_on_batch(m, x, y, NULL);
    snprintf(path, sizeof path, "%s/%s.keras", folder, r->name);
    int bad = lm_save(m, path) != LM_OK;
    lm_tensor *p = lm_predict_array(m, x);
    bad |= save(x, folder, r->name, "x") || save(y, folder, r->name, "y") || save(p, folder, r->name, "predicted");
    lm_train_on_batch(m, x, y, NULL);
    lm_tensor *next = weights(m);
    if (!r->random) bad |= save(next, folder, r->name, "next");
    if (bad || lm_failed(m)) fprintf(stderr, "make_models: %s: %s%s\n", r->name, lm_error(m), lm_last_error());
    lm_free(m), lm_free(x), lm_free(y), lm_free(p), lm_free(next);
    return bad;
}

int main(int argc, char **argv)
{
    int bad = argc != 2;
    if (bad) fprintf(stderr, "usage: make_models DIR\n");
    for (int i = 0; !bad && i < RECIPES; i++) bad = make(&recipes[i], argv[1]);
    return bad;
}
