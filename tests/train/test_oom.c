/* tests/train/test_oom.c: memory that runs out anywhere in a job from arrays to a saved model. Wherever it happens:
 * no crash, nothing leaks, some status or object says LM_NO_MEMORY, and its text names memory. */
#include "support/check.h"
#include "support/oom.h"

#include <lamina/lamina.h>
#include <stdio.h>
#include <unistd.h>

enum { ROWS = 12, BATCH = 4, MOST = 250 };

static char path[64];

static void drop(void *user, const char *text, size_t bytes)
{
    (void)user, (void)text, (void)bytes;
}

/* The first failure among objects, whose text must name memory. */
static lm_status first_failure(int n, const void *const *objects)
{
    for (int i = 0; i < n; i++) {
        if (!lm_failed(objects[i])) continue;
        check_contains(lm_error(objects[i]), "memory");
        return lm_status_of(objects[i]);
    }
    return LM_OK;
}

static lm_status checked(lm_status status)
{
    if (status != LM_OK) check_contains(lm_last_error(), "memory");
    return status;
}

static lm_tensor *pictures(void)
{
    lm_tensor *t = lm_tensor_new(LM_U8, 4, (int64_t[]){ROWS, 8, 8, 1});
    for (size_t i = 0; i < lm_tensor_size(t); i++) ((uint8_t *)lm_tensor_data(t))[i] = (uint8_t)(i * 37);
    return t;
}

static lm_tensor *labels(void)
{
    lm_tensor *t = lm_tensor_new(LM_U8, 1, (int64_t[]){ROWS});
    for (size_t i = 0; i < lm_tensor_size(t); i++) ((uint8_t *)lm_tensor_data(t))[i] = i % 3;
    return t;
}

static lm_dataset *examples(void)
{
    lm_tensor *x = pictures(), *y = labels();
    lm_dataset *data = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return data;
}

static lm_model *network(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {8, 8, 1}), lm_rescaling(.scale = 1.0 / 255),
        lm_conv2d(.filters = 2, .kernel_size = {3}, .activation = "relu"), lm_batch_normalization(),
        lm_max_pooling2d(), lm_flatten(), lm_dropout(.rate = 0.25),
        lm_dense(.units = 3, .kernel_initializer_object = lm_init_he_normal(), .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

/* --- the parts: every allocation -----------------------------------------------------------------------------------
 * */

static lm_status arrays(void *user)
{
    (void)user;
    lm_tensor *a = pictures(), *b = lm_tensor_divide(a, 255), *c = lm_tensor_reshape_to(b, LM_ANY, 64);
    lm_tensor *d = lm_tensor_slice(c, 1, 5), *e = lm_tensor_cast(d, LM_F64), *f = lm_tensor_scalar(LM_F32, 1);
    lm_status status = first_failure(6, (const void *[]){a, b, c, d, e, f});
    if (!status) status = checked(lm_tensor_save(e, path));
    lm_tensor *back = status ? NULL : lm_tensor_load(path);
    if (!status) status = first_failure(1, (const void *[]){back});
    lm_free(a), lm_free(b), lm_free(c), lm_free(d), lm_free(e), lm_free(f), lm_free(back);
    return status;
}

static lm_status halve(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user, (void)random;
    memcpy(lm_tensor_data(out[0]), lm_tensor_read(in[0]), lm_tensor_bytes(in[0]));
    memcpy(lm_tensor_data(out[1]), lm_tensor_read(in[1]), lm_tensor_bytes(in[1]));
    return LM_OK;
}

static lm_status datasets(void *user)
{
    (void)user;
    lm_tensor *out[LM_DATA_MAX_TENSORS];
    lm_dataset *data = lm_data_map(lm_data_cache(lm_data_shuffle(examples(), 7)), halve, NULL, 0, NULL);
    data =
        lm_data_prefetch(lm_data_take(lm_data_repeat(lm_data_batch(lm_data_skip(data, 1), BATCH, false), 2), 5), 2);
    lm_iterator *it = lm_data_iterate(data, 0, 0);
    int count;
    while ((count = lm_iterator_next(it, out)) > 0) {}
    lm_tensor *all = lm_data_array(data, 1);
    lm_status status = count < 0 ? checked(lm_last_status()) : first_failure(2, (const void *[]){data, it});
    if (!status) status = first_failure(1, (const void *[]){all});
    lm_free(it), lm_free(data), lm_free(all);
    return status;
}

static lm_status building(void *user)
{
    (void)user;
    lm_model *m = network();
    lm_status status = first_failure(1, (const void *[]){m});
    lm_free(m);
    return status;
}

static lm_status function(void *user)
{
    (void)user;
    lm_tensor *x = lm_tensor_new(LM_F32, 2, (int64_t[]){4, 2}), *result = NULL;
    lm_graph *g = lm_graph_new();
    lm_variable *v = lm_variable_new("w", x, true);
    lm_value *input = lm_placeholder(g, "x", LM_F32, 4, 2), *w = lm_read(g, v), *dw;
    lm_value *loss = lm_op_mean(lm_op_square(lm_op_subtract(lm_op_exp(w), input)));
    lm_gradients(loss, 1, &w, &dw);
    lm_assign(g, v, lm_op_subtract(w, lm_op_multiply(lm_scalar(g, LM_F32, 0.1), dw)));
    lm_function *f = lm_function(.graph = g, .inputs = {input}, .outputs = {loss});
    lm_status status = first_failure(4, (const void *[]){x, g, v, f});
    if (!status) status = checked(lm_function_run(f, &x, &result));
    if (!status) status = first_failure(1, (const void *[]){result});
    lm_free(x), lm_free(g), lm_free(v), lm_free(f), lm_free(result);
    return status;
}

static lm_status configurations(void *user)
{
    (void)user;
    lm_layer *layer = lm_layer_from_config("Dense", "{\"units\": 3, \"kernel_initializer\": \"he_normal\"}");
    char *text = lm_layer_config(layer);
    lm_status status = lm_failed(layer) ? first_failure(1, (const void *[]){layer})
                       : text           ? LM_OK
                                        : checked(lm_last_status());
    lm_string_free(text), lm_free(layer);
    return status;
}

static void arrays_each(void **state) { (void)state, oom_each(arrays, NULL); }
static void datasets_each(void **state) { (void)state, oom_each(datasets, NULL); }
static void building_each(void **state) { (void)state, oom_some(building, NULL, MOST); }
static void function_each(void **state) { (void)state, oom_some(function, NULL, MOST); }
static void configurations_each(void **state) { (void)state, oom_each(configurations, NULL); }

/* --- the whole
 * ------------------------------------------------------------------------------------------------------- */

static lm_status job(void *user)
{
    (void)user;
    lm_model *m = network(), *loaded = NULL;
    lm_tensor *p = NULL, *q = NULL;
    lm_dataset *data = examples();
    lm_status status = first_failure(2, (const void *[]){m, data});
    if (!status) lm_fit(m, data, .batch_size = BATCH, .epochs = 1, .steps_per_epoch = 2, .verbose = 2);
    if (!status) lm_evaluate(m, data, .batch_size = BATCH);
    if (!status) lm_summary(m, .memory = true);
    if (!status) lm_save(m, path);
    if (!status) status = first_failure(1, (const void *[]){m});
    if (!status) p = lm_predict(m, data);
    if (!status) loaded = lm_load(path);
    if (!status) status = first_failure(2, (const void *[]){p, loaded});
    if (!status) q = lm_predict(loaded, data);
    if (!status) status = first_failure(1, (const void *[]){q});
    if (!status) assert_memory_equal(lm_tensor_read(p), lm_tensor_read(q), lm_tensor_bytes(p));
    lm_free(m), lm_free(loaded), lm_free(p), lm_free(q), lm_free(data);
    return status;
}

static void the_job_at_many_points(void **state)
{
    (void)state;
    lm_set_sink(drop, NULL, false);
    oom_some(job, NULL, MOST);
    lm_set_sink(NULL, NULL, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrays_each),         cmocka_unit_test(datasets_each),
        cmocka_unit_test(building_each),       cmocka_unit_test(function_each),
        cmocka_unit_test(configurations_each), cmocka_unit_test(the_job_at_many_points),
    };
    snprintf(path, sizeof path, "/tmp/lamina-oom-%ld", (long)getpid());
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    remove(path);
    return failed;
}
