/* train/run.c: running a step on arrays; what a loss that is not finite is answered with. */
#include "train/model.h"

#include <math.h>
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

/* Runs the same step once more, op by op and changing nothing, to find where the first bad number came from. */
static lm_status locate(lm_function *function, const int64_t *symbols, const void *const *inputs, double loss)
{
    lm__plan_options watch = {.passes_off = ~0u, .watch = true};
    double unused;
    void *outputs[1] = {&unused};
    lm__plan *plan = NULL;
    lm__context *context = NULL;
    lm_status status = lm__plan_new(lm__function_graph(function), symbols, &watch, &plan);
    if (!status) status = lm__context_new(plan, &context);
    if (!status) status = lm__context_run(context, inputs, outputs);
    lm__context_free(context);
    lm__plan_free(plan);
    if (status == LM_OK) status = lm__fail(LM_NOT_FINITE, "the loss is %g", loss);
    return status;
}

lm_status lm__model_run(lm_model *model, lm__model_step *step, lm_tensor *const *arrays, int count, double *loss)
{
    const lm_graph *graph = lm__function_graph(step->function);
    const void *inputs[3] = {0};
    int64_t symbols[MAX_SYMBOLS];
    double value = 0;
    void *outputs[1] = {&value};
    (void)model;
    for (int i = 0; i < MAX_SYMBOLS; i++) symbols[i] = LM_ANY;
    for (int i = 0; i < count; i++) {
        inputs[i] = arrays[i]->data;
        LM_TRY(bind(graph, graph->inputs[i], arrays[i]->dims, symbols));
    }
    LM_TRY(lm__function_call(step->function, symbols, inputs, outputs));
    *loss = lm__load(step->loss_dtype, &value, 0);
    return isfinite(*loss) ? LM_OK : locate(step->function, symbols, inputs, *loss);
}

lm_status lm__model_predict_into(const lm_model *model, int64_t n, lm_dtype dtype, const int64_t *dims, const void *x,
                                 void *y)
{
    lm_function *function;
    int64_t symbols[MAX_SYMBOLS], all[LM_MAX_RANK];
    LM_TRY(lm__model_predict_step(model, dtype, &function));
    const lm_graph *graph = lm__function_graph(function);
    for (int i = 0; i < MAX_SYMBOLS; i++) symbols[i] = LM_ANY;
    memcpy(all, dims, sizeof all);
    all[0] = n;
    LM_TRY(bind(graph, graph->inputs[0], all, symbols));
    return lm__function_call(function, symbols, (const void *[]){x}, (void *[]){y});
}
