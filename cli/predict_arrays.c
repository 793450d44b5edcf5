/* cli/predict_arrays.c: lamina predict on arrays and tables, whose rows are examples. */
#include "predict.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
    snprintf(text, bytes, "; in Python, x.reshape%s would fit", cli_shape(rank, wanted, shape, sizeof shape));
}

static int check_shape(const cli_request *r, const lm_model *model, const lm_tensor *x, bool table)
{
    int64_t dims[LM_MAX_RANK];
    char got[160], want[160], fix[240];
    int rank = lm_model_input(model, NULL, dims);
    bool fits = rank == lm_tensor_rank(x);
    for (int i = 1; fits && i < rank; i++) fits = dims[i] == LM_ANY || dims[i] == lm_tensor_dim(x, i);
    if (fits) return CLI_OK;
    if (table && rank == 2)
        return cli_error("%s has %" PRId64 " columns of numbers, but %s takes %" PRId64 "%s", r->inputs[0],
                         lm_tensor_dim(x, 1), r->model, dims[1],
                         lm_tensor_dim(x, 1) == dims[1] + 1 ? "; --skip COLUMN leaves one out" : "");
    suggest(x, rank, dims, fix, sizeof fix);
    return cli_error("%s has shape %s, but %s takes %s%s", r->inputs[0], cli_tensor_shape(x, got, sizeof got),
                     r->model, cli_shape(rank, dims, want, sizeof want), fix);
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
static lm_tensor *predict(const cli_request *r, const lm_model *model, lm_tensor *x, int *status)
{
    int64_t n = lm_tensor_dim(x, 0);
    lm_tensor *y = NULL;
    for (int64_t at = 0; at < n && !cli_interrupted(); at += r->batch) {
        int64_t end = n - at < r->batch ? n : at + r->batch;
        cli_wait("predicting: example", at, n);
        lm_tensor *rows = lm_tensor_slice(x, at, end), *part = cli_apply(r, model, rows);
        if (!y && !lm_failed(part)) y = room(part, n);
        *status = cli_failed(part);
        if (!*status) *status = cli_failed(y);
        if (!*status)
            memcpy((char *)lm_tensor_data(y) + lm_tensor_bytes(y) / (size_t)n * (size_t)at, lm_tensor_read(part),
                   lm_tensor_bytes(part));
        lm_free(part), lm_free(rows);
        if (*status) break;
    }
    cli_wait_hide();
    if (!*status && cli_interrupted()) {
        fprintf(stderr, "lamina: interrupted; nothing was written\n");
        *status = CLI_INTERRUPTED;
    }
    if (!*status) return y;
    lm_free(y);
    return NULL;
}

static void print_json(const lm_tensor *y)
{
    fputs("{\"shape\": [", stdout);
    for (int i = 0; i < lm_tensor_rank(y); i++) printf("%s%" PRId64, i ? ", " : "", lm_tensor_dim(y, i));
    printf("], \"dtype\": \"%s\", \"predictions\": ", lm_dtype_name(lm_tensor_dtype(y)));
    cli_json_tensor(stdout, y);
    puts("}");
}

/* Rows have numbers for names, from 1 on, as lines of a table have. */
static char (*row_names(int64_t n, const char ***names))[24]
{
    char(*texts)[24] = calloc((size_t)n, sizeof *texts);
    *names = calloc((size_t)n, sizeof **names);
    for (int64_t i = 0; texts && *names && i < n; i++) {
        snprintf(texts[i], sizeof *texts, "%" PRId64, i + 1);
        (*names)[i] = texts[i];
    }
    return texts;
}

static int tell(const cli_request *r, const lm_model *model, const lm_tensor *y, bool table)
{
    const char **names = NULL;
    cli_answers a = cli_answers_of(model);
    a.what = "Row";
    if (r->layer) a.meaning = CLI_VALUES, a.classes = 0;
    char(*texts)[24] = row_names(lm_tensor_dim(y, 0), &names);
    int status = texts && names ? CLI_OK : cli_error("out of memory");
    if (!status && r->output) status = cli_answers_save(&a, names, y, r->output);
    if (!status && r->json) print_json(y);
    else if (!status && (r->top || (table && !r->output)))
        cli_answers_table(&a, names, y, r->top ? r->top : 2);
    free(texts), free(names);
    return status;
}

static int answer(const cli_request *r, const lm_model *model, lm_tensor *x, bool table)
{
    int status = check_shape(r, model, x, table);
    if (status) return status;
    if (!lm_tensor_dim(x, 0)) return cli_error("%s holds no examples: its first dimension is 0", r->inputs[0]);
    lm_tensor *y = predict(r, model, x, &status);
    if (!status) status = tell(r, model, y, table);
    lm_free(y);
    return status;
}
/* The rows of a table without the columns that --skip names. */
static lm_dataset *open_table(const cli_request *r, int *status)
{
    lm_data_from_csv_args args = lm_data_from_csv_defaults();
    char *copy = NULL;
    args.no_target = true;
    int count = r->skip ? cli_words("skip", r->skip, args.skip, LM_DATA_MAX_SKIP, &copy) : 0;
    lm_dataset *data = count < 0 ? NULL : lm_data_from_csv_with(r->inputs[0], &args);
    *status = count < 0 ? CLI_FAILED : cli_failed(data);
    free(copy);
    return data;
}

int cli_predict_array(const cli_request *r, const lm_model *model)
{
    const char *path = r->inputs[0];
    bool table = cli_is_table(path);
    if (r->count > 1)
        return cli_error("%s has one input, but %d files came: %s, %s%s; one array or table at a time, or pictures",
                         r->model, r->count, path, r->inputs[1], r->count > 2 ? ", …" : "");
    const char *from = strcmp(path, "-") ? path : cli_standard_input_path();
    if (!from) return cli_error("the standard input could not be read");
    int status = CLI_OK;
    lm_dataset *data = table ? open_table(r, &status) : NULL;
    lm_tensor *x = status ? NULL : table ? lm_data_array(data, 0) : lm_tensor_load(from);
    if (!status) status = cli_failed(x);
    if (!status) status = answer(r, model, x, table);
    lm_free(x), lm_free(data);
    return status;
}
