/* train/run.c: running a step on arrays; what a loss that is not finite is answered with. */
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_SYMBOLS = 32 };

/* The sizes that an array gives to the symbols of a graph's input. */
static lm_status bind(const lm_graph *graph, const lm_value *input, const int64_t *dims, int64_t *values)
{
    for (int i = 0; i < input->shape.rank; i++) {
        int k = lm__dim_symbol_index(graph->dims, input->shape.dim[i]);
        if (k >= MAX_SYMBOLS) return lm__fail(LM_UNSUPPORTED, "more than %d unknown sizes in a model", MAX_SYMBOLS);
        if (k < 0) continue;
        if (values[k] >= 0 && values[k] != dims[i])
            return lm__fail(LM_INVALID, "the arrays of a batch differ in length: %lld and %lld", (long long)values[k],
                            (long long)dims[i]);
        values[k] = dims[i];
    }
    return LM_OK;
}

/* "3, 0": where element `flat` of the tensor stands. */
static const char *place(const lm_tensor *t, size_t flat, char *text, size_t bytes)
{
    int64_t index[LM_MAX_RANK];
    size_t n = 0;
    text[0] = 0;
    for (int i = t->rank - 1; i >= 0; i--) index[i] = (int64_t)flat % t->dims[i], flat /= (size_t)t->dims[i];
    for (int i = 0; i < t->rank && n < bytes; i++)
        n += (size_t)snprintf(text + n, bytes - n, i ? ", %lld" : "%lld", (long long)index[i]);
    return text;
}

/* LM_NOT_FINITE if the tensor holds such a number. */
static lm_status check_finite(const lm_tensor *t, const char *what, const char *name)
{
    char where[160];
    if (!lm__is_float(t->dtype)) return LM_OK;
    for (size_t i = 0; i < t->size; i++) {
        double value = lm_tensor_get(t, i);
        if (isfinite(value)) continue;
        return lm__fail(LM_NOT_FINITE, "the loss is not finite because %s%s has %s at [%s]%s", what, name,
                        isnan(value) ? "NaN"
                        : value > 0  ? "infinity"
                                     : "-infinity",
                        place(t, i, where, sizeof where), *what ? "" : " of the batch");
    }
    return LM_OK;
}

/* LM_NOT_FINITE if the loss takes class indices and one is none of the model's classes. */
static lm_status check_classes(const lm_model *model, const lm_tensor *y)
{
    char where[160];
    const lm__shape *output = &lm__model_output(model, 0)->shape;
    int64_t classes = output->rank ? output->dim[output->rank - 1] : LM_ANY;
    if (!((const lm__loss_class *)model->loss->base.class)->integer_targets || !lm__dim_known(classes)) return LM_OK;
    for (size_t i = 0; i < y->size; i++) {
        double class = lm_tensor_get(y, i);
        if (class > -1 && class < (double)classes) continue;
        return lm__fail(
            LM_NOT_FINITE,
            "the loss is not finite because y has class %.0f at [%s] of the batch, but the model has classes "
            "0 … %lld",
            class, place(y, i, where, sizeof where), (long long)classes - 1);
    }
    return LM_OK;
}

/* Runs the same step once more, op by op and changing nothing, to find where the first bad number came from. */
static lm_status watch(lm_function *function, const int64_t *symbols, const void *const *inputs)
{
    lm__plan_options watching = {.passes_off = ~0u, .watch = true};
    double unused;
    void *outputs[1] = {&unused};
    lm__plan *plan = NULL;
    lm__context *context = NULL;
    lm_status status = lm__plan_new(lm__function_graph(function), symbols, &watching, &plan);
    if (!status) status = lm__context_new(plan, &context);
    if (!status) status = lm__context_run(context, inputs, outputs);
    lm__context_free(context);
    lm__plan_free(plan);
    return status;
}

/* What made the loss NaN or infinite: the data, the weights, or the first op at fault. */
static lm_status explain(lm_model *model, lm_function *function, const int64_t *symbols,
                         lm_tensor *const *arrays, int count, const void *const *inputs)
{
    char name[16];
    model->bad_data = true;
    for (int i = 0; i < count; i++) LM_TRY(check_finite(arrays[i], "", lm__model_array_name(model, i, name)));
    LM_TRY(check_classes(model, arrays[model->ninputs]));
    model->bad_data = false;
    for (int i = 0; i < lm__model_weight_count(model); i++) {
        const lm_variable *weight = lm__model_weight(model, i);
        LM_TRY(check_finite(weight->value, "weight ", weight->name));
    }
    LM_TRY(watch(function, symbols, inputs));
    return lm__fail(LM_NOT_FINITE, "the loss is not finite");
}

lm_status lm__model_run(lm_model *model, lm__model_step *step, lm_tensor *const *arrays, int count, double *loss)
{
    const lm_graph *graph = lm__function_graph(step->function);
    const void *inputs[LM__STEP_ARRAYS] = {0};
    int64_t symbols[MAX_SYMBOLS];
    double value = 0;
    void *outputs[1] = {&value};
    for (int i = 0; i < MAX_SYMBOLS; i++) symbols[i] = LM_ANY;
    for (int i = 0; i < count; i++) {
        inputs[i] = arrays[i]->data;
        LM_TRY(bind(graph, graph->inputs[i], arrays[i]->dims, symbols));
    }
    bool training = step == &model->train;      /* only then are weights stored */
    if (training) lm__model_change(model);
    lm_status status = lm__function_call(step->function, symbols, inputs, outputs);
    if (training) lm__model_changed(model);
    LM_TRY(status);
    *loss = lm__load(step->loss_dtype, &value, 0);
    return isfinite(*loss) ? LM_OK : explain(model, step->function, symbols, arrays, count, inputs);
}

lm_status lm__model_predict_into(const lm_model *model, int64_t n, const lm__array *x, void *const *y)
{
    lm_function *function;
    lm_dtype dtype[LM_MAX_INPUTS];
    int64_t symbols[MAX_SYMBOLS], all[LM_MAX_RANK];
    const void *data[LM_MAX_INPUTS];
    for (int i = 0; i < model->ninputs; i++) dtype[i] = x[i].dtype, data[i] = x[i].data;
    LM_TRY(lm__model_predict_step(model, dtype, &function));
    const lm_graph *graph = lm__function_graph(function);
    for (int i = 0; i < MAX_SYMBOLS; i++) symbols[i] = LM_ANY;
    for (int i = 0; i < model->ninputs; i++) {
        memcpy(all, x[i].dims, sizeof all);
        all[0] = n;
        LM_TRY(bind(graph, graph->inputs[i], all, symbols));
    }
    return lm__function_call(function, symbols, data, y);
}
