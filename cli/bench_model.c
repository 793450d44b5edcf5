/* cli/bench_model.c: a model of the user's, training or predicting, on made-up numbers of its shapes. */
#include "bench.h"

#include <string.h>

enum { BATCHES = 8 };

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

static int train(const char *path, lm_model *model, int64_t batch, bench_figures *out)
{
    bench_training t = {.model = model, .batch = batch};
    int64_t dims[LM_MAX_RANK];
    char loss[64];
    lm_dtype dtype;
    int rank = lm_model_input(model, &dtype, dims);
    if (!lm_compiled_name(model, "loss", 0, loss, sizeof loss))
        return cli_error("%s says no loss, so it cannot be trained; --inference measures predictions", path);
    int status = sizes(path, rank, dims, batch * BATCHES);
    if (status) return status;
    t.x = made_up(dtype, rank, dims, 2);
    rank = lm_model_output(model, &dtype, dims);
    status = sizes(path, rank, dims, batch * BATCHES);
    bool classes = !strncmp(loss, "sparse", 6);
    if (!status) t.y = classes ? made_up(LM_I32, rank - 1, dims, dims[rank - 1]) : made_up(LM_F32, rank, dims, 2);
    if (!status) status = bench_train(&t, out);
    lm_free(t.x), lm_free(t.y);
    return status;
}

static int predict(const char *path, lm_model *model, int64_t batch, bench_figures *out)
{
    int64_t in[LM_MAX_RANK], result[LM_MAX_RANK];
    lm_dtype dtype, type;
    int rank = lm_model_input(model, &dtype, in);
    int status = sizes(path, lm_model_output(model, &type, result), result, batch);
    if (!status) status = sizes(path, rank, in, batch);
    if (status) return status;
    lm_tensor *x = made_up(dtype, rank, in, 2);
    status = bench_predict(model, x, 0, 0, out);
    lm_free(x);
    return status;
}

int bench_model(const char *path, int64_t batch, bool inference, bench_figures *out)
{
    lm_model *model = lm_load(path);
    int status = cli_failed(model);
    if (!status) status = cli_one_to_one(model, path, out->profile ? "profile" : "bench");
    if (!status) status = inference ? predict(path, model, batch, out) : train(path, model, batch, out);
    lm_free(model);
    return status;
}
