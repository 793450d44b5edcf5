/* train/call.c: a model as part of a graph that a program writes itself, and what trains it there. */
#include "nn/seed.h"
#include "ops/support.h"
#include "train/model.h"

#include "base/alloc.h"

#include <limits.h>

/* x with sizes that are open as LM_ANY. */
static void sizes_of(const lm_value *x, int64_t dims[LM_MAX_RANK])
{
    for (int i = 0; i < x->shape.rank; i++) dims[i] = lm__dim_known(x->shape.dim[i]) ? x->shape.dim[i] : LM_ANY;
}

static lm_status build_for(lm_model *model, int rank, const int64_t *dims)
{
    LM_TRY(lm__model_enter_alone(model));
    lm__model_change(model);
    lm_status status = lm__model_build(model, rank, dims);
    lm__model_changed(model);
    lm__model_leave(model);
    return status;
}

lm_value *lm__model_call_in(lm_model *model, lm_value *x, bool training, lm_value *key)
{
    int64_t dims[LM_MAX_RANK];
    lm_graph *graph = x->node->graph;
    lm_status status = LM_OK;
    sizes_of(x, dims);
    if (!model->built) status = build_for(model, x->shape.rank, dims);
    lm__model_look(model);
    if (!status) status = lm__model_takes(model, 0, "lm_model_call: the value has", x->shape.rank, dims);
    if (!status && (model->ninputs > 1 || model->noutputs > 1))
        status = lm__fail(LM_UNSUPPORTED, "lm_model_call takes models of one input and one output; this one has %d "
                                          "and %d", model->ninputs, model->noutputs);
    lm_value *y = NULL;
    if (!status) {
        if (training && !key) key = lm__seed_next(graph, model->random);
        lm__layer_call call = {.graph = graph, .training = training, .key = key};
        status = lm__model_outputs(model, &call, &x, &y);
    }
    lm__model_looked(model);
    return status ? lm__graph_fail(graph, 1, &x) : y;
}

/* Those from `first` on, at most `room` of them, to `out` (NULL: nowhere). Returns how many there are in all. */
static int trainable(const lm_model *model, int first, int room, lm_variable **out)
{
    int n = 0;
    for (int i = 0; i < model->nlayers; i++) {
        const lm_layer *layer = model->layer[i];
        for (int k = 0; layer->trainable && k < layer->nweights; k++) {
            if (!layer->weight[k]->trainable) continue;
            if (out && n >= first && n - first < room) out[n - first] = layer->weight[k];
            n++;
        }
    }
    return n;
}

int lm__model_trainable(const lm_model *model, lm_variable **out)
{
    return trainable(model, 0, INT_MAX, out);
}

lm_variable *lm__model_trainable_at(const lm_model *model, int index)
{
    lm_variable *found = NULL;
    if (index >= 0) trainable(model, index, 1, &found);
    return found;
}

static lm_status gradients_of(lm_graph *graph, lm_value *loss, int n, lm_variable *const *variables,
                              lm_value **wrt, lm_value **gradients)
{
    int some = 0;
    for (int i = 0; i < n; i++) wrt[i] = lm__graph_read(graph, variables[i]);
    LM_TRY(lm__graph_vjp(graph, 1, &loss, NULL, n, wrt, gradients));
    for (int i = 0; i < n; i++) {
        if (gradients[i]) some++;
        else gradients[i] = lm__fill(graph, wrt[i]->dtype, &wrt[i]->shape, 0);
    }
    if (some) return lm__object_check(graph, &lm__graph_type, "graph");
    return lm__fail(LM_INVALID, "the loss depends on no trainable weight of the model: call the model in this graph, "
                                "and minimize before its weights are assigned");
}

lm_status lm__model_minimize(lm_optimizer *optimizer, lm_value *loss, const lm_model *model)
{
    lm_graph *graph = loss->node->graph;
    int n = lm__model_trainable(model, NULL);
    lm_variable **variables = lm__alloc((size_t)(n + 1) * 3 * sizeof *variables);
    if (!variables) return lm__no_memory((size_t)(n + 1) * 3 * sizeof *variables);
    lm_value **wrt = (lm_value **)(variables + n), **gradients = wrt + n;
    lm__model_trainable(model, variables);
    lm_status status = gradients_of(graph, loss, n, variables, wrt, gradients);
    if (!status) status = lm__optimizer_step(optimizer, graph, n, variables, gradients);
    lm__free(variables);
    return status;
}
