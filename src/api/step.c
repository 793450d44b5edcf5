/* api/step.c: the public face of training steps of one's own (lamina/step.h). */
#include "nn/seed.h"
#include "ops/support.h"
#include "train/model.h"
#include <lamina/step.h>

#include <math.h>

lm_model_call_args lm_model_call_defaults(void)
{
    return (lm_model_call_args){.size = sizeof(lm_model_call_args), LM_MODEL_CALL_DEFAULTS};
}

lm_value *lm_model_call_with(lm_model *model, lm_value *x, const lm_model_call_args *args)
{
    lm_model_call_args all = lm_model_call_defaults();
    if (lm__bad(x)) return x;
    lm_status status = lm__op_args("lm_model_call", args);
    if (!status && args->size < sizeof args->size)
        status = lm__fail(LM_INVALID, "lm_model_call: .size of the arguments is %zu; begin with what "
                                      "lm_model_call_defaults() returns, which sets it", args->size);
    if (!status) status = lm__object_check(model, &lm__model_type, "lm_model_call: model");
    if (status) return lm__graph_fail(NULL, 1, &x);
    memcpy(&all, args, args->size < sizeof all ? args->size : sizeof all);
    if (all.key && lm__bad(all.key)) return all.key;
    if (all.key && all.key->node->graph != x->node->graph) {
        lm__fail(LM_INVALID, "lm_model_call: the key is a value of another graph");
        return lm__graph_fail(NULL, 1, &x);
    }
    return lm__model_call_in(model, x, all.training, all.key);
}

int lm_trainable_weights(const lm_model *model)
{
    return lm__object_is(model, &lm__model_type) ? lm__model_trainable(model, NULL) : 0;
}

lm_variable *lm_trainable_weight(const lm_model *model, int index)
{
    if (!lm__object_is(model, &lm__model_type)) return NULL;
    return lm__model_trainable_at(model, index);
}

lm_value *lm_loss_call(const lm_loss *loss, lm_value *y_true, lm_value *y_pred, lm_value *sample_weight)
{
    static const char *const what[] = {"y_pred", "y_true", "sample_weight"};
    lm_value *in[] = {y_pred, y_true, sample_weight};
    int n = sample_weight ? 3 : 2;
    for (int i = 0; i < n; i++) {
        if (in[i] && lm__bad(in[i])) return in[i];
        if (in[i] && (!in[0] || in[i]->node->graph == in[0]->node->graph)) continue;
        lm__fail(LM_INVALID, "lm_loss_call: %s is %s", what[i], in[i] ? "a value of another graph" : "NULL");
        return lm__graph_fail(NULL, n, in);
    }
    if (lm__object_check(loss, &lm__loss_type, "lm_loss_call: loss") != LM_OK) return lm__graph_fail(NULL, n, in);
    return lm__loss_apply(loss, y_true, y_pred, sample_weight);
}

/* Values of one graph, of the variables' types and shapes; *graph receives it. */
static lm_status check_gradients(int n, lm_variable *const *variables, lm_value *const *gradients, lm_graph **graph)
{
    if (n < 1 || !variables || !gradients)
        return lm__fail(LM_INVALID, "lm_optimizer_apply: n is %d, or an array is NULL", n);
    for (int i = 0; i < n; i++) {
        LM_TRY(lm__object_check(variables[i], &lm__variable_type, "lm_optimizer_apply: variable"));
        if (lm__bad(gradients[i]) || (*graph && gradients[i]->node->graph != *graph))
            return lm__fail(LM_INVALID, "lm_optimizer_apply: gradient %d is not a value of the graph", i);
        *graph = gradients[i]->node->graph;
        const lm_tensor *value = variables[i]->value;
        lm__shape shape = lm__shape_of(value->rank, value->dims);
        if (gradients[i]->dtype == value->dtype &&
            lm__shape_equal((*graph)->dims, &gradients[i]->shape, &shape) == 1)
            continue;
        char have[160], want[160];
        return lm__fail(LM_INVALID, "lm_optimizer_apply: variable \"%s\" is %s %s, gradient %d %s %s",
                        variables[i]->name, lm_dtype_name(value->dtype),
                        lm__shape_text(value->rank, value->dims, want, sizeof want), i,
                        lm_dtype_name(gradients[i]->dtype),
                        lm__shape_print((*graph)->dims, &gradients[i]->shape, have, sizeof have));
    }
    return LM_OK;
}

/* Records a failure on the graph. */
static lm_status record(lm_graph *graph, lm_status status)
{
    if (status && graph) lm__graph_fail(graph, 0, NULL);
    return status;
}

lm_status lm_optimizer_apply(lm_optimizer *optimizer, int n, lm_variable *const *variables,
                             lm_value *const *gradients)
{
    lm_graph *graph = NULL;
    lm_status status = check_gradients(n, variables, gradients, &graph);
    if (!status) status = lm__object_check(optimizer, &lm__optimizer_type, "lm_optimizer_apply: optimizer");
    if (!status) status = lm__optimizer_step(optimizer, graph, n, variables, gradients);
    return record(graph, status);
}

lm_status lm_optimizer_minimize(lm_optimizer *optimizer, lm_value *loss, lm_model *model)
{
    if (lm__bad(loss))
        return lm__fail(LM_INVALID, "lm_optimizer_minimize: the loss could not be built (see the graph's error)");
    lm_status status = lm__object_check(optimizer, &lm__optimizer_type, "lm_optimizer_minimize: optimizer");
    if (!status) status = lm__object_check(model, &lm__model_type, "lm_optimizer_minimize: model");
    if (!status) status = lm__model_minimize(optimizer, loss, model);
    return record(loss->node->graph, status);
}

double lm_optimizer_learning_rate(const lm_optimizer *optimizer)
{
    bool sound = lm__object_is(optimizer, &lm__optimizer_type) && !lm_failed(optimizer);
    return sound ? lm__optimizer_rate(optimizer) : LM_NONE;
}

lm_status lm_optimizer_set_learning_rate(lm_optimizer *optimizer, double rate)
{
    LM_TRY(lm__object_check(optimizer, &lm__optimizer_type, "optimizer"));
    return lm__optimizer_set_rate(optimizer, rate);
}

lm_variable *lm_seed_generator(uint64_t seed)
{
    return lm__seed_generator("seed_generator", seed);
}

lm_value *lm_seed_next(lm_graph *graph, lm_variable *seed_generator)
{
    if (lm__object_check(graph, &lm__graph_type, "lm_seed_next: graph") != LM_OK)
        return lm__graph_fail(graph, 0, NULL);
    if (lm__object_check(seed_generator, &lm__variable_type, "lm_seed_next: seed generator") != LM_OK)
        return lm__graph_fail(graph, 0, NULL);
    const lm_tensor *value = seed_generator->value;
    if (value->dtype != LM_I64 || value->rank != 1 || value->dims[0] != 2) {
        lm__fail(LM_INVALID, "lm_seed_next: variable \"%s\" is no seed generator, which is int64 (2)",
                 seed_generator->name);
        return lm__graph_fail(graph, 0, NULL);
    }
    return lm__seed_next(graph, seed_generator);
}
