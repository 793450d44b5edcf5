/* cli/bench_model.c: a model of the user's, training or predicting, on made-up numbers of its shapes. */
#include "bench.h"

#include "inspect.h"

#include <stdlib.h>
#include <string.h>

enum { BATCHES = 8, WARM_UP = 3, MOST_STEPS = 300, LEAST_STEPS = 3 };
static const double round_seconds = 0.4;

typedef struct subject {
    lm_model *model;
    int64_t batch;
    lm_tensor *x, *y;
    lm_dataset *data;
    char *out;
} subject;

/* Numbers from 0 to 1 for floats, below `most` for integers. */
static lm_tensor *made_up(lm_dtype dtype, int rank, const int64_t *dims, int64_t most)
{
    lm_tensor *floats = lm_tensor_new(LM_F32, rank, dims);
    float *at = lm_tensor_data(floats);
    uint32_t state = 1;
    bool real = dtype == LM_F32 || dtype == LM_F64 || dtype == LM_F16 || dtype == LM_BF16;
    for (size_t i = 0; at && i < lm_tensor_size(floats); i++) {
        state = state * 1664525u + 1013904223u;
        at[i] = real ? (float)(state >> 8) / (float)(1 << 24) : (float)((state >> 8) % (uint32_t)most);
    }
    lm_tensor *out = lm_tensor_cast(floats, dtype);
    lm_free(floats);
    return out;
}

/* The shape with the batch in front; sizes that the model leaves open are an error. */
static int sizes(const char *path, int rank, int64_t *dims, int64_t rows)
{
    if (rank < 1) return cli_error("%s is not built: its input has no shape", path);
    dims[0] = rows;
    for (int i = 1; i < rank; i++)
        if (dims[i] < 0) return cli_error("%s leaves axis %d of its input open: bench needs its size", path, i);
    return CLI_OK;
}

static int make_data(const char *path, subject *s, bool training)
{
    int64_t dims[LM_MAX_RANK];
    char loss[64];
    lm_dtype dtype;
    int rank = lm_model_input(s->model, &dtype, dims);
    int64_t rows = training ? s->batch * BATCHES : s->batch;
    int status = sizes(path, rank, dims, rows);
    if (status) return status;
    s->x = made_up(dtype, rank, dims, 2);
    rank = lm_model_output(s->model, &dtype, dims);
    status = sizes(path, rank, dims, rows);
    if (status) return status;
    if (!training) {
        size_t bytes = lm_dtype_size(dtype);
        for (int i = 0; i < rank; i++) bytes *= (size_t)dims[i];
        s->out = malloc(bytes);
        return s->out ? cli_failed(s->x) : cli_error("out of memory");
    }
    if (!lm_compiled_name(s->model, "loss", 0, loss, sizeof loss))
        return cli_error("%s says no loss, so it cannot be trained; --inference measures predictions", path);
    bool classes = !strncmp(loss, "sparse", 6);
    s->y = classes ? made_up(LM_I32, rank - 1, dims, dims[rank - 1]) : made_up(LM_F32, rank, dims, 2);
    s->data = lm_data_repeat(lm_data_batch(lm_data_from_arrays(s->x, s->y), s->batch, true), LM_ANY);
    status = cli_failed(s->x);
    return status ? status : cli_failed(s->data);
}

static int train(void *user, int steps)
{
    const subject *s = user;
    lm_fit(s->model, s->data, .epochs = 1, .steps_per_epoch = steps, .verbose = 0, .shuffle = false);
    return cli_failed(s->model);
}

static int infer(void *user, int steps)
{
    const subject *s = user;
    for (int k = 0; k < steps; k++)
        if (lm_predict_into(s->model, s->batch, lm_tensor_read(s->x), s->out))
            return cli_error("%s", lm_last_error());
    return CLI_OK;
}

static double loss_of(const subject *s)
{
    lm_tensor *x = lm_tensor_slice(s->x, 0, s->batch), *y = lm_tensor_slice(s->y, 0, s->batch);
    lm_logs logs = lm_train_on_batch(s->model, x, y, NULL);
    lm_free(x), lm_free(y);
    return lm_get(logs, "loss");
}

/* As many steps as fill a round. */
static int measure(subject *s, bool inference, bench_figures *out)
{
    int (*step)(void *user, int steps) = inference ? infer : train;
    int status = step(s, 1);
    double begun = cli_now();
    if (!status) status = step(s, WARM_UP);
    double steps = round_seconds * WARM_UP / (cli_now() - begun + 1e-9);
    int count = steps > MOST_STEPS ? MOST_STEPS : steps < LEAST_STEPS ? LEAST_STEPS : (int)steps;
    return status ? status : bench_rounds(step, s, count, &out->ms_per_step);
}

int bench_model(const char *path, int64_t batch, bool inference, bench_figures *out)
{
    subject s = {.model = lm_load(path), .batch = batch};
    int status = cli_failed(s.model);
    if (!status) status = make_data(path, &s, !inference);
    if (!status) {
        out->items_per_step = batch;
        out->loss_first = inference ? LM_NONE : loss_of(&s);
        status = measure(&s, inference, out);
    }
    if (!status) {
        out->loss_last = inference ? LM_NONE : loss_of(&s);
        out->flops_per_step = lm_flops(s.model, batch, !inference);
        status = cli_failed(s.model);
    }
    free(s.out);
    lm_free(s.data), lm_free(s.x), lm_free(s.y), lm_free(s.model);
    return status;
}
