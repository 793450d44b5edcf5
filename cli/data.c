/* cli/data.c: see data.h. Scale is never silently wrong: what was done to the numbers is said. */
#include "data.h"

#include "inspect.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOOK_AT = 256 };         /* examples whose range is looked at */
static const double most_kept_bytes = 1 << 30;

typedef struct opening {
    const cli_data_request *request;
    lm_model *model;
    cli_data *data;
} opening;

static void note(const opening *o, const char *text)
{
    fprintf(o->request->notes, "%s: %s\n", o->request->what, text);
}

/* --- shape ------------------------------------------------------------------------------------------------------ */

static lm_status same_bytes(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    const int *n = user;
    (void)random;
    for (int i = 0; i < *n; i++) memcpy(lm_tensor_data(out[i]), lm_tensor_read(in[i]), lm_tensor_bytes(in[i]));
    return LM_OK;
}

/* The same examples, the first tensor with other dimensions. */
static lm_dataset *reshaped(lm_dataset *ds, int rank, const int64_t *dims)
{
    static int count[LM_DATA_MAX_TENSORS + 1] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
    lm_tensor *like[LM_DATA_MAX_TENSORS] = {0};
    int n = lm_data_tensors(ds);
    for (int i = 0; i < n; i++) {
        lm_dtype dtype;
        int64_t own[LM_MAX_RANK];
        int own_rank = lm_data_shape(ds, i, &dtype, own);
        like[i] = i ? lm_tensor_new(dtype, own_rank, own) : lm_tensor_new(dtype, rank, dims);
    }
    lm_dataset *out = lm_data_map(ds, same_bytes, &count[n], n, like);
    for (int i = 0; i < n; i++) lm_free(like[i]);
    return out;
}

/* A channel axis of 1 that one side has and the other has not is no reason to fail. */
static void add_channel_axis(opening *o, int rank, const int64_t *want, int have_rank, const int64_t *have)
{
    int shorter = rank - 1 < have_rank ? rank - 1 : have_rank;
    bool gets = rank - 1 == have_rank + 1 && want[rank - 1] == 1;
    bool loses = have_rank == rank && have[have_rank - 1] == 1;
    if (shorter < 1 || (!gets && !loses)) return;
    for (int i = 0; i < shorter; i++)
        if (want[i + 1] != LM_ANY && want[i + 1] != have[i]) return;
    int64_t dims[LM_MAX_RANK];
    for (int i = 0; i < shorter; i++) dims[i] = have[i];
    dims[shorter] = 1;
    o->data->train = reshaped(o->data->train, shorter + gets, dims);
    o->data->test = reshaped(o->data->test, shorter + gets, dims);
    note(o, gets ? "the examples got a channel axis" : "the examples' channel axis of 1 was dropped");
}

/* What to do about examples that do not fit, from what is known of both. */
static void advise(const opening *o, int rank, const int64_t *want, int have_rank, const int64_t *have, char *text,
                   size_t bytes)
{
    int64_t wanted = 1, there = 1;
    char shape[160];
    for (int i = 1; i < rank; i++) wanted *= want[i];
    for (int i = 0; i < have_rank; i++) there *= have[i];
    cli_shape(have_rank, have, shape, sizeof shape);
    (void)o;
    if (wanted == there && rank == 2)
        snprintf(text, bytes, "the model fits if it begins with Input(%s) and Flatten()", shape);
    else if (wanted == there) snprintf(text, bytes, "the sizes agree: reshape the data, or begin the model with "
                                                    "Input(%s) and a Reshape layer", shape);
    else snprintf(text, bytes, "a model that begins with Input(%s) would fit", shape);
}

static int check_shape(opening *o)
{
    int64_t want[LM_MAX_RANK], have[LM_MAX_RANK], whole[LM_MAX_RANK + 1];
    char a[160], b[160], advice[300];
    int have_rank = lm_data_shape(o->data->train, 0, NULL, have);
    whole[0] = LM_ANY;
    memcpy(whole + 1, have, sizeof(int64_t) * (size_t)have_rank);
    if (lm_model_input(o->model, NULL, want) < 0 && lm_build(o->model, have_rank + 1, whole))
        return cli_error("%s: %s", o->request->model_path, lm_error(o->model));
    int rank = lm_model_input(o->model, NULL, want);
    add_channel_axis(o, rank, want, have_rank, have);
    if (cli_failed(o->data->train) || cli_failed(o->data->test)) return CLI_FAILED;
    have_rank = lm_data_shape(o->data->train, 0, NULL, have);
    bool fits = have_rank + 1 == rank;
    for (int i = 1; fits && i < rank; i++) fits = want[i] == LM_ANY || want[i] == have[i - 1];
    if (fits) return CLI_OK;
    memcpy(whole + 1, have, sizeof(int64_t) * (size_t)have_rank);
    advise(o, rank, want, have_rank, have, advice, sizeof advice);
    return cli_error("%s has examples of shape %s, but %s takes %s; %s", o->request->what,
                     cli_shape(have_rank + 1, whole, a, sizeof a), o->request->model_path,
                     cli_shape(rank, want, b, sizeof b), advice);
}

/* Class numbers beyond the outputs would be found in the midst of training only. */
static int check_classes(const opening *o)
{
    int count = 0;
    char loss[64];
    int64_t out[LM_MAX_RANK];
    if (!lm_data_classes(o->data->train, &count)) return CLI_OK;
    if (!lm_compiled_name(o->model, "loss", 0, loss, sizeof loss) || strncmp(loss, "sparse", 6)) return CLI_OK;
    int rank = lm_model_output(o->model, NULL, out);
    if (rank < 1 || out[rank - 1] >= count) return CLI_OK;
    return cli_error("%s has %d classes, but %s has %lld outputs; it fits if it ends in Dense(%d)", o->request->what,
                     count, o->request->model_path, (long long)out[rank - 1], count);
}

/* --- scale ------------------------------------------------------------------------------------------------------ */

/* Whether the model brings raw numbers to its own scale. */
static bool begins_raw(const lm_model *model)
{
    const char *first = lm_model_layers(model) ? lm_layer_class(lm_model_layer(model, 0)) : "";
    return !strcmp(first, "Rescaling") || !strcmp(first, "Normalization");
}

/* The least and the largest of the first examples. */
static bool look(lm_dataset *ds, double *low, double *high)
{
    lm_tensor *element[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(ds, 0, 0);
    *low = INFINITY, *high = -INFINITY;
    for (int k = 0; k < LOOK_AT && lm_iterator_next(it, element) > 0; k++)
        for (size_t i = 0; i < lm_tensor_size(element[0]); i++) {
            double x = lm_tensor_get(element[0], i);
            if (x < *low) *low = x;
            if (x > *high) *high = x;
        }
    lm_free(it);
    return *low <= *high;
}

static void rescale(opening *o, double scale, double offset)
{
    o->data->train = lm_data_rescale(o->data->train, scale, offset);
    o->data->test = lm_data_rescale(o->data->test, scale, offset);
}

/* The whole range that a file's figures stand for: those of a dark set of pictures end a little early. */
static void whole_range(lm_input_info *info)
{
    if (isnan(info->low)) return;
    if (info->high > 2) info->low = 0, info->high = 255;
    else info->low = info->low < 0 ? -1 : 0, info->high = 1;
}

/* Pixels as bytes: a picture set, or an array of bytes of two or more axes. */
static void scale_pixels(opening *o, lm_input_info info, bool own)
{
    char text[200];
    bool raw = isnan(info.low) ? own || begins_raw(o->model) : info.high > 2;
    const char *why = !isnan(info.low)        ? "as the model's file says"
                      : begins_raw(o->model)  ? "since the model begins by scaling them itself"
                      : own                   ? "as they are in the file"
                                              : "since the model does not begin by scaling them";
    if (raw) {
        o->data->input.low = 0, o->data->input.high = 255;
        snprintf(text, sizeof text, "pixels stay 0 to 255, %s", why);
    } else {
        double low = isnan(info.low) ? 0 : info.low, high = isnan(info.low) ? 1 : info.high;
        o->data->input.low = low, o->data->input.high = high;
        rescale(o, (high - low) / 255, low);
        snprintf(text, sizeof text, "pixels 0 to 255 became %g to %g, %s", low, high, why);
    }
    note(o, text);
}

/* Arrays of other types: only what is plainly the other scale of pixels is changed. */
static void scale_numbers(opening *o, lm_input_info info)
{
    double low, high;
    bool bytes = info.low >= 0 && info.low < 64 && info.high > 192 && info.high <= 255;
    bool units = info.low >= 0 && info.low < 0.25 && info.high > 0.75 && info.high <= 1;
    if ((!bytes && !units) || !look(o->data->train, &low, &high)) return;
    if (bytes && low >= 0 && high <= 1) {
        rescale(o, 255, 0);
        note(o, "numbers 0 to 1 became 0 to 255, as the model's file says");
    } else if (units && low >= 0 && high > 2 && high <= 255) {
        rescale(o, 1.0 / 255, 0);
        note(o, "numbers 0 to 255 became 0 to 1, as the model's file says");
    }
}

static int bring_to_scale(opening *o)
{
    lm_dtype dtype;
    int64_t dims[LM_MAX_RANK];
    int rank = lm_data_shape(o->data->train, 0, &dtype, dims);
    lm_input_info info = lm_model_input_info(o->model);
    const char *preparation = lm_data_preparation(o->data->train);
    snprintf(o->data->input.preparation, sizeof o->data->input.preparation, "%s", preparation);
    if (rank < 2) return CLI_OK;
    if (dtype == LM_U8) {
        whole_range(&info);
        scale_pixels(o, info, !*preparation);
    } else {
        scale_numbers(o, info);
    }
    int status = cli_failed(o->data->train);
    return status ? status : cli_failed(o->data->test);
}

/* --- opening ---------------------------------------------------------------------------------------------------- */

/* Pictures in files are decoded once, not once an epoch, where they do not take too much memory. */
static void keep_pictures(cli_data *data, const char *path)
{
    struct stat kind;
    int64_t dims[LM_MAX_RANK];
    int rank = lm_data_shape(data->train, 0, NULL, dims);
    double bytes = (double)(lm_data_count(data->train) + lm_data_count(data->test));
    for (int i = 0; i < rank; i++) bytes *= (double)dims[i];
    if (stat(path, &kind) || !S_ISDIR(kind.st_mode) || bytes > most_kept_bytes) return;
    data->train = lm_data_cache(data->train);
    data->test = lm_data_cache(data->test);
}

int cli_data_check(const cli_command *command, const cli_data_request *request)
{
    const char *option = request->target ? "target" : "skip";
    if ((!request->target && !request->skip) || cli_is_table(request->what)) return CLI_OK;
    return cli_wrong(command, "--%s is for tables (.csv or .tsv), and %s is none", option, request->what);
}

int cli_data_open(const cli_data_request *request, lm_model *model, cli_data *out)
{
    opening o = {request, model, out};
    char said[512];
    int64_t dims[LM_MAX_RANK];
    lm_data_open_args args = lm_data_open_defaults();
    *out = (cli_data){.input = {.low = NAN, .high = NAN}};
    args.target = request->target, args.ordered = request->ordered;
    args.said = said, args.said_size = sizeof said;
    if (lm_model_input(model, NULL, dims) == 4) {
        args.height = dims[1] > 0 ? dims[1] : 0, args.width = dims[2] > 0 ? dims[2] : 0;
        args.channels = dims[3] > 0 ? (int)dims[3] : 0;
    }
    char *copy = NULL;
    int count = request->skip ? cli_words("skip", request->skip, args.skip, LM_DATA_MAX_SKIP, &copy) : 0;
    lm_status opened = count < 0 ? LM_INVALID : lm_data_open(request->what, &args, &out->train, &out->test);
    free(copy);
    if (opened) return count < 0 ? CLI_FAILED : cli_error("%s", lm_last_error());
    if (*said) note(&o, said);
    if (lm_data_tensors(out->train) < 2)
        return cli_error("%s has examples, but no answers to learn: it needs y beside x", request->what);
    keep_pictures(out, request->what);
    out->source = lm_retain(out->train);
    int status = bring_to_scale(&o);
    if (!status) status = check_shape(&o);
    return status ? status : check_classes(&o);
}

void cli_data_close(cli_data *data)
{
    lm_free(data->train), lm_free(data->test), lm_free(data->source);
    *data = (cli_data){0};
}
