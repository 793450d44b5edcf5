/* cli/bench_steps.c: what the workloads with a model do: training it on arrays, and predicting. */
#include "bench.h"

#include <stdlib.h>

enum { WARM_UP = 4, MOST_OUTPUTS = 16 };

/* Whether nothing but a profile is wanted. */
static bool only_profile(const bench_figures *out) { return out->profile != NULL; }

/* Takes over a profile: it is what was asked for, or has the bound. */
static int take_profile(lm_profile *p, bench_figures *out)
{
    int status = cli_failed(p);
    out->bound_ms = 1e3 * lm_profile_sum(p).bound_seconds;
    if (!status && only_profile(out)) *out->profile = p;
    else lm_free(p);
    return status;
}

/* How long a profile is for: one that has the bound alone runs few steps. */
static lm_profile_args profile_args(const bench_figures *out)
{
    lm_profile_args args = lm_profile_defaults();
    if (!only_profile(out)) args.runs = 1;
    return args;
}

/* --- training --------------------------------------------------------------------------------------------------- */

typedef struct trainer {
    const bench_training *t;
    lm_dataset *data;
    int64_t batches, done;              /* in the arrays; taken so far */
} trainer;

static int train(void *user, int steps)
{
    trainer *r = user;
    lm_dataset *rest = lm_data_skip(lm_retain(r->data), r->done % r->batches);
    lm_fit(r->t->model, rest, .epochs = 1, .steps_per_epoch = steps, .verbose = 0, .shuffle = false);
    lm_free(rest);
    r->done += steps;
    return cli_failed(r->t->model);
}

static int profile_training(const trainer *r, bench_figures *out)
{
    lm_profile_args args = profile_args(out);
    lm_tensor *x = lm_tensor_slice(r->t->x, 0, r->t->batch), *y = lm_tensor_slice(r->t->y, 0, r->t->batch);
    lm_profile *p = lm_profile_training_with(r->t->model, x, y, &args);
    lm_free(x), lm_free(y);
    return take_profile(p, out);
}

/* One step by itself, for its loss. */
static double single(trainer *r)
{
    int64_t first = r->done++ % r->batches * r->t->batch;
    lm_tensor *x = lm_tensor_slice(r->t->x, first, first + r->t->batch);
    lm_tensor *y = lm_tensor_slice(r->t->y, first, first + r->t->batch);
    lm_logs logs = lm_train_on_batch(r->t->model, x, y, NULL);
    lm_free(x), lm_free(y);
    return lm_get(logs, "loss");
}

static int measure(trainer *r, bench_figures *out)
{
    if (only_profile(out)) return profile_training(r, out);
    out->loss_first = single(r);
    int status = train(r, WARM_UP);
    if (!status) status = bench_rounds(train, r, r->t->steps, &out->ms_per_step);
    if (r->done > r->batches) r->done = 0;  /* data that come again are compared with themselves */
    out->loss_last = single(r);
    out->flops_per_step = lm_flops(r->t->model, r->t->batch, true);
    if (!status && out->bound) status = profile_training(r, out);
    return status ? status : cli_failed(r->t->model);
}

int bench_train(const bench_training *t, bench_figures *out)
{
    int status = cli_failed(t->model);
    if (!status) status = cli_failed(t->x);
    if (!status) status = cli_failed(t->y);
    if (status) return status;
    trainer r = {.t = t, .batches = lm_tensor_dim(t->x, 0) / t->batch};
    r.data = lm_data_repeat(lm_data_batch(lm_data_from_arrays(t->x, t->y), t->batch, true), LM_ANY);
    out->items_per_step = t->items ? t->items : t->batch;
    status = cli_failed(r.data);
    if (!status) status = measure(&r, out);
    lm_free(r.data);
    return status;
}

/* --- inference -------------------------------------------------------------------------------------------------- */

typedef struct asker {
    const lm_model *model;
    int64_t examples;
    const void *x;
    void *y;
} asker;

static int predict(void *user, int steps)
{
    const asker *a = user;
    for (int k = 0; k < steps; k++)
        if (lm_predict_into(a->model, a->examples, a->x, a->y)) return cli_error("%s", lm_last_error());
    return CLI_OK;
}

/* Memory for the model's outputs, whose sizes must be known. */
static void *outputs(const lm_model *model, int64_t examples)
{
    int64_t dims[LM_MAX_RANK];
    lm_dtype dtype;
    int rank = lm_model_output(model, &dtype, dims);
    size_t bytes = rank < 0 ? 0 : (size_t)examples * lm_dtype_size(dtype);
    for (int i = 1; i < rank; i++) bytes *= (size_t)dims[i];
    return malloc(bytes + 1);
}

static int profile_prediction(const lm_model *model, lm_tensor *x, bench_figures *out)
{
    lm_profile_args args = profile_args(out);
    return take_profile(lm_profile_prediction_with(model, x, &args), out);
}

int bench_predict(lm_model *model, lm_tensor *x, int64_t items, int steps, bench_figures *out)
{
    int status = cli_failed(model);
    if (!status) status = cli_failed(x);
    if (status) return status;
    if (only_profile(out)) return profile_prediction(model, x, out);
    asker a = {.model = model, .examples = lm_tensor_dim(x, 0), .x = lm_tensor_read(x)};
    a.y = outputs(model, a.examples);
    if (!a.y) return cli_error("out of memory");
    status = predict(&a, WARM_UP);
    if (!status) status = bench_rounds(predict, &a, steps, &out->ms_per_step);
    out->items_per_step = items ? items : a.examples;
    out->loss_first = out->loss_last = LM_NONE;
    out->flops_per_step = lm_flops(model, a.examples, false);
    free(a.y);
    if (!status && out->bound) status = profile_prediction(model, x, out);
    return status ? status : cli_failed(model);
}

/* --- a function of the workload's own --------------------------------------------------------------------------- */

/* One call; *loss, if not NULL, receives the first output. */
static int call_once(const bench_calls *c, double *loss)
{
    lm_tensor *results[MOST_OUTPUTS] = {NULL};
    if (c->outputs > MOST_OUTPUTS) return cli_error("%d outputs; at most %d", c->outputs, MOST_OUTPUTS);
    int status = lm_function_run(c->function, c->inputs, results) ? cli_error("%s", lm_last_error()) : CLI_OK;
    if (!status && loss) *loss = lm_tensor_get(results[0], 0);
    for (int i = 0; i < c->outputs; i++) lm_free(results[i]);
    return status;
}

static int call(void *user, int steps)
{
    int status = CLI_OK;
    for (int k = 0; k < steps && !status; k++) status = call_once(user, NULL);
    return status;
}

int bench_call(const bench_calls *calls, bench_figures *out)
{
    bench_calls c = *calls;
    lm_profile_args args = profile_args(out);
    lm_profile *p = NULL;
    int status = cli_failed(c.function);
    if (status) return status;
    if (only_profile(out)) return take_profile(lm_profile_function_with(c.function, c.inputs, &args), out);
    out->items_per_step = c.items;
    status = call_once(&c, &out->loss_first);
    if (!status) status = call(&c, WARM_UP);
    if (!status) status = bench_rounds(call, &c, c.steps, &out->ms_per_step);
    if (!status) status = call_once(&c, &out->loss_last);
    args.bound = out->bound;
    if (!status) p = lm_profile_function_with(c.function, c.inputs, &args);
    if (!status) out->flops_per_step = lm_profile_sum(p).flops;
    return status ? status : take_profile(p, out);
}
