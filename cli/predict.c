/* cli/predict.c: lamina predict: a saved model on an array. */
#include "cli.h"

#include <inttypes.h>
#include <string.h>

extern const cli_command cli_predict;

static const char help[] =
    "Applies a saved model to an array and writes what it predicts.\n\n"
    "Usage: lamina predict MODEL --input X.npy --output Y.npy [--json] [--batch-size N]\n\n"
    "  lamina predict mnist.keras --input digits.npy --output probabilities.npy\n"
    "  lamina predict mnist.keras --input digits.npy --json\n\n"
    "  --input X.npy    the examples: a .npy file (numpy.save writes it) or an IDX file, plain or gzip; the first\n"
    "                   dimension counts them. Other number types than the model's are converted.\n"
    "  --output Y.npy   what the model says about each, in the same order; written whole or not at all\n"
    "  --json           print it too, as one JSON object: {\"shape\": […], \"dtype\": …, \"predictions\": [[…], …]}\n"
    "  --batch-size N   examples at a time (default: 32)\n";

typedef struct request {
    const char *model, *input, *output;
    bool json;
    int64_t batch;
} request;

/* "(10000, 28, 28)"; LM_ANY as N. */
static const char *shape_text(int rank, const int64_t *dims, char *text, size_t bytes)
{
    size_t n = (size_t)snprintf(text, bytes, "(");
    for (int i = 0; i < rank && n < bytes; i++) {
        const char *comma = i ? ", " : "";
        if (dims[i] == LM_ANY) n += (size_t)snprintf(text + n, bytes - n, "%sN", comma);
        else n += (size_t)snprintf(text + n, bytes - n, "%s%" PRId64, comma, dims[i]);
    }
    if (n < bytes) snprintf(text + n, bytes - n, rank == 1 ? ",)" : ")");
    return text;
}

/* What the array could be reshaped to, or "". */
static void suggest(const lm_tensor *x, int rank, const int64_t *dims, char *text, size_t bytes)
{
    int64_t each = 1, wanted[LM_MAX_RANK];
    char shape[160];
    text[0] = 0;
    for (int i = 1; i < rank; i++) each *= dims[i] > 0 ? dims[i] : 0;
    if (!each || lm_tensor_size(x) % (size_t)each || !lm_tensor_size(x)) return;
    memcpy(wanted, dims, sizeof wanted);
    wanted[0] = (int64_t)(lm_tensor_size(x) / (size_t)each);
    snprintf(text, bytes, "; in Python, x.reshape%s would fit", shape_text(rank, wanted, shape, sizeof shape));
}

static int check_shape(const request *r, const lm_model *model, const lm_tensor *x)
{
    int64_t dims[LM_MAX_RANK];
    char got[160], want[160], fix[240];
    int rank = lm_model_input(model, NULL, dims);
    bool fits = rank == lm_tensor_rank(x);
    for (int i = 1; fits && i < rank; i++) fits = dims[i] == LM_ANY || dims[i] == lm_tensor_dim(x, i);
    if (fits) return CLI_OK;
    suggest(x, rank, dims, fix, sizeof fix);
    return cli_error("%s has shape %s, but %s takes %s%s", r->input,
                     shape_text(lm_tensor_rank(x), lm_tensor_dims(x), got, sizeof got), r->model,
                     shape_text(rank, dims, want, sizeof want), fix);
}

/* Room for the predictions of n examples, given those of some. */
static lm_tensor *room(const lm_tensor *some, int64_t n)
{
    int64_t dims[LM_MAX_RANK];
    memcpy(dims, lm_tensor_dims(some), sizeof(int64_t) * (size_t)lm_tensor_rank(some));
    dims[0] = n;
    return lm_tensor_new(lm_tensor_dtype(some), lm_tensor_rank(some), dims);
}

/* All predictions, batch by batch, so that Ctrl-C is heard. NULL after a message; *status tells which. */
static lm_tensor *predict(const request *r, const lm_model *model, lm_tensor *x, int *status)
{
    int64_t n = lm_tensor_dim(x, 0);
    lm_tensor *y = NULL;
    for (int64_t at = 0; at < n && !cli_interrupted(); at += r->batch) {
        int64_t end = n - at < r->batch ? n : at + r->batch;
        lm_tensor *rows = lm_tensor_slice(x, at, end);
        lm_dataset *data = lm_data_batch(lm_data_from_arrays(rows, NULL), r->batch, false);
        lm_tensor *part = lm_predict(model, data);
        if (!y && !lm_failed(part)) y = room(part, n);
        *status = cli_failed(part);
        if (!*status) *status = cli_failed(y);
        if (!*status)
            memcpy((char *)lm_tensor_data(y) + lm_tensor_bytes(y) / (size_t)n * (size_t)at, lm_tensor_read(part),
                   lm_tensor_bytes(part));
        lm_free(part), lm_free(data), lm_free(rows);
        if (*status) break;
    }
    if (!*status && cli_interrupted()) {
        fprintf(stderr, "lamina: interrupted; nothing was written\n");
        *status = CLI_INTERRUPTED;
    }
    if (!*status) return y;
    lm_free(y);
    return NULL;
}

static void print_numbers(const lm_tensor *y, int axis, size_t *at, int digits)
{
    if (axis == lm_tensor_rank(y)) {
        cli_json_number(stdout, lm_tensor_get(y, (*at)++), digits);
        return;
    }
    putchar('[');
    for (int64_t i = 0; i < lm_tensor_dim(y, axis); i++) {
        if (i) fputs(", ", stdout);
        print_numbers(y, axis + 1, at, digits);
    }
    putchar(']');
}

static void print_json(const lm_tensor *y)
{
    size_t at = 0;
    fputs("{\"shape\": [", stdout);
    for (int i = 0; i < lm_tensor_rank(y); i++) printf("%s%" PRId64, i ? ", " : "", lm_tensor_dim(y, i));
    printf("], \"dtype\": \"%s\", \"predictions\": ", lm_dtype_name(lm_tensor_dtype(y)));
    print_numbers(y, 0, &at, lm_tensor_dtype(y) == LM_F64 ? 17 : 9);
    puts("}");
}

static int answer(const request *r, const lm_model *model, lm_tensor *x)
{
    int status = check_shape(r, model, x);
    if (status) return status;
    if (!lm_tensor_dim(x, 0)) return cli_error("%s holds no examples: its first dimension is 0", r->input);
    lm_tensor *y = predict(r, model, x, &status);
    if (!status && r->output && lm_tensor_save(y, r->output)) status = cli_error("%s", lm_last_error());
    if (!status && r->json) print_json(y);
    lm_free(y);
    return status;
}

static int run(int argc, char **argv)
{
    request r = {.batch = 32};
    int count;
    const cli_option options[] = {{"input", CLI_TEXT, &r.input, 0, 0},
                                  {"output", CLI_TEXT, &r.output, 0, 0},
                                  {"json", CLI_FLAG, &r.json, 0, 0},
                                  {"batch-size", CLI_NUMBER, &r.batch, 1, INT64_MAX},
                                  {.name = NULL}};
    int status = cli_read(&cli_predict, argc, argv, options, 1, &r.model, &count);
    if (status) return status;
    if (!r.model) return cli_wrong(&cli_predict, "predict needs a model, as in: lamina predict mnist.keras …");
    if (!r.input) return cli_wrong(&cli_predict, "predict needs --input X.npy");
    if (!r.output && !r.json) return cli_wrong(&cli_predict, "predict needs --output Y.npy, or --json to print");
    cli_catch_interrupt();
    lm_model *model = lm_load(r.model);
    lm_tensor *x = lm_failed(model) ? NULL : lm_tensor_load(r.input);
    status = cli_failed(model);
    if (!status) status = cli_failed(x);
    if (!status) status = answer(&r, model, x);
    lm_free(model), lm_free(x);
    return status;
}

const cli_command cli_predict = {"predict", "a saved model on an array of examples", help, run};
