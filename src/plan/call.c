/* plan/call.c: functions as users make and run them: from a list of values, on tensors. */
#include "base/alloc.h"
#include "graph/special.h"
#include "plan/function.h"

static int count(lm_value *const *values)
{
    int n = 0;
    while (n < LM_FUNCTION_MAX && values[n]) n++;
    return n;
}

/* A copy of the graph with these outputs alone and behind them the guard, if any; the graph itself stays open. */
static lm_status copy_graph(lm_graph *g, int nout, lm_value *const *out, lm_value *guard, lm_graph **copy)
{
    lm_value **outputs = g->outputs;
    int noutputs = g->noutputs;
    size_t capacity = g->outputs_capacity;
    lm_status status = LM_OK;
    g->outputs = NULL, g->noutputs = 0, g->outputs_capacity = 0;
    for (int i = 0; i < nout && status == LM_OK; i++) status = lm__graph_output(g, out[i]);
    if (status == LM_OK && guard) status = lm__graph_output(g, guard);
    if (status == LM_OK) status = lm__graph_clone(g, NULL, copy);
    lm__free(g->outputs);
    g->outputs = outputs, g->noutputs = noutputs, g->outputs_capacity = capacity;
    return status;
}

static lm_status check_needed(const lm_graph *copy, const lm__node *input)
{
    const char *name = ((const lm__input_attr *)input->attr)->name;
    for (const lm__node *n = copy->first; n; n = n->next)
        for (int i = 0; i < n->nin; i++)
            if (n->in[i]->node == input)
                return lm__fail(LM_INVALID, "lm_function: input \"%s\" is needed and not listed in .inputs", name);
    for (int i = 0; i < copy->noutputs; i++)
        if (copy->outputs[i]->node == input)
            return lm__fail(LM_INVALID, "lm_function: output %d is input \"%s\", which is not listed in .inputs", i,
                            name);
    return LM_OK;
}

/* Brings the copy's inputs into the listed order and drops those that are neither listed nor needed. */
static lm_status order_inputs(const lm_graph *g, lm_graph *copy, int nin, lm_value *const *in)
{
    lm_value *ordered[LM_FUNCTION_MAX];
    for (int k = 0; k < nin; k++) {
        int at = 0;
        while (at < g->ninputs && g->inputs[at] != in[k]) at++;
        if (at == g->ninputs) {
            LM_TRY(lm__object_check(g, &lm__graph_type, "lm_function: graph"));
            return lm__fail(LM_INVALID, "lm_function: .inputs[%d] is no placeholder of the graph", k);
        }
        ordered[k] = copy->inputs[at];
        for (int j = 0; j < k; j++)
            if (ordered[j] == ordered[k])
                return lm__fail(LM_INVALID, "lm_function: .inputs[%d] and .inputs[%d] are the same value", j, k);
    }
    for (int i = 0; i < copy->ninputs; i++) {
        bool listed = false;
        for (int k = 0; k < nin; k++) listed |= ordered[k] == copy->inputs[i];
        if (!listed) LM_TRY(check_needed(copy, copy->inputs[i]->node));
    }
    for (int k = 0; k < nin; k++) copy->inputs[k] = ordered[k];
    copy->ninputs = nin;
    lm__graph_prune(copy);
    return LM_OK;
}

static lm_status check_guard(const lm_function_args *args)
{
    const lm_value *guard = args->guard;
    if (!guard) return LM_OK;
    if (lm__bad(guard)) return lm__fail(LM_INVALID, "lm_function: .guard could not be built");
    if (guard->node->graph == args->graph && guard->dtype == LM_BOOL && guard->shape.rank == 0) return LM_OK;
    char have[160];
    return lm__fail(LM_INVALID, "lm_function: .guard is a %s %s%s, but it must be a bool without dimensions, such as "
                                "lm_op_isfinite(loss)", lm_dtype_name(guard->dtype),
                    lm__shape_print(guard->node->graph->dims, &guard->shape, have, sizeof have),
                    guard->node->graph == args->graph ? "" : " of another graph");
}

/* The copy's last output becomes the guard of its assignments. */
static lm_status commit(lm_graph *copy, bool guarded)
{
    lm_value *guard = guarded ? copy->outputs[--copy->noutputs] : NULL;
    return lm__graph_commit(copy, guard);
}

lm_function *lm__function_of(const lm_function_args *args)
{
    lm_graph *copy = NULL;
    lm_status status;
    LM_GO(fail, lm__object_check(args->graph, &lm__graph_type, "lm_function: graph"));
    int nin = count(args->inputs);
    LM_GO(fail, lm_failed(args->graph) ? LM_OK : check_guard(args));
    LM_GO(fail, copy_graph(args->graph, count(args->outputs), args->outputs, args->guard, &copy));
    LM_GO(fail, order_inputs(args->graph, copy, nin, args->inputs));
    LM_GO(fail, commit(copy, args->guard != NULL));
    return lm__function_new(copy, NULL);
fail:
    lm_free(copy);
    return lm__function_poison(count(args->outputs));
}

/* --- running ---------------------------------------------------------------------------------------------------- */

static lm_status wrong_input(const lm_graph *g, int i, const lm_tensor *t)
{
    char have[160], want[160];
    const lm_value *v = g->inputs[i];
    return lm__fail(LM_INVALID, "input \"%s\" is declared %s %s, got %s %s",
                    ((const lm__input_attr *)v->node->attr)->name, lm_dtype_name(v->dtype),
                    lm__shape_print(g->dims, &v->shape, want, sizeof want), lm_dtype_name(t->dtype),
                    lm__shape_text(t->rank, t->dims, have, sizeof have));
}

/* Checks tensor i against its declaration; symbols take the tensor's sizes. */
static lm_status bind_input(const lm_graph *g, int i, const lm_tensor *t, int64_t *symbols)
{
    const lm_value *v = g->inputs[i];
    LM_TRY(lm__object_check(t, &lm__tensor_type, ((const lm__input_attr *)v->node->attr)->name));
    if (t->dtype != v->dtype || t->rank != v->shape.rank) return wrong_input(g, i, t);
    for (int d = 0; d < t->rank; d++) {
        lm__dim want = v->shape.dim[d];
        int k = lm__dim_known(want) ? -1 : lm__dim_symbol_index(g->dims, want);
        if (k >= 0 && symbols[k] < 0) symbols[k] = t->dims[d];
        if (t->dims[d] == (k >= 0 ? symbols[k] : want)) continue;
        lm_status status = wrong_input(g, i, t);
        return k < 0 ? status : lm__fail_in("dimension %d is %lld elsewhere", d, (long long)symbols[k]);
    }
    return LM_OK;
}

lm_status lm__function_bind(const lm_graph *g, lm_tensor *const *inputs, int64_t *symbols, const void **memory)
{
    if (lm__dim_symbol_count(g->dims) > LM__FUNCTION_SYMBOLS || g->ninputs > LM__MAX_INPUTS)
        return lm__fail(LM_UNSUPPORTED, "a function with %d open sizes and %d inputs; at most %d and %d",
                        lm__dim_symbol_count(g->dims), g->ninputs, LM__FUNCTION_SYMBOLS, LM__MAX_INPUTS);
    if (g->ninputs && !inputs) return lm__fail(LM_INVALID, "lm_function_run: the inputs are NULL");
    for (int k = 0; k < LM__FUNCTION_SYMBOLS; k++) symbols[k] = -1;
    for (int i = 0; i < g->ninputs; i++) {
        LM_TRY(bind_input(g, i, inputs[i], symbols));
        memory[i] = inputs[i]->data;
    }
    return LM_OK;
}

lm_status lm__function_run(lm_function *function, lm_tensor *const *inputs, lm_tensor **outputs)
{
    int64_t symbols[LM__FUNCTION_SYMBOLS];
    const void *memory[LM__MAX_INPUTS];
    lm_status status = lm__object_check(function, &lm__function_type, "lm_function_run: function");
    if (lm__function_outputs(function) && !outputs)
        return lm__fail(LM_INVALID, "lm_function_run: the outputs are NULL");
    if (status == LM_OK) status = lm__function_bind(lm__function_graph(function), inputs, symbols, memory);
    if (status == LM_OK) return lm__function_call_new(function, symbols, memory, outputs);
    for (int i = 0; i < lm__function_outputs(function); i++) outputs[i] = lm__object_poison(&lm__tensor_type);
    return status;
}
