/* api/graph.c: the public face of graphs, values and variables (lamina/graph.h). */
#include "base/alloc.h"
#include "graph/graph.h"
#include "ops/registry.h"
#include "ops/support.h"
#include <stdio.h>

lm_graph *lm_graph_new(void)
{
    return lm__graph_new(&lm__ops, NULL);
}

/* The symbol for an open dimension: "N" for the batch, else one of the input's own, such as "x.1". */
static lm__dim open_dim(lm_graph *graph, const char *name, int axis)
{
    char text[80];
    if (axis == 0) return lm__dim_symbol(graph->dims, "N");
    snprintf(text, sizeof text, "%.48s.%d", name, axis);
    int before = lm__dim_symbol_count(graph->dims);
    lm__dim d = lm__dim_symbol(graph->dims, text);
    if (lm__dim_symbol_count(graph->dims) != before || d == LM__DIM_BAD) return d;
    snprintf(text, sizeof text, "%.48s.%d.%d", name, axis, graph->ninputs); /* another input of that name has it */
    return lm__dim_symbol(graph->dims, text);
}

static lm_status placeholder_shape(lm_graph *graph, const char *name, lm_dtype dtype, int rank, const int64_t *dims,
                                   lm__shape *out)
{
    if (!name) return lm__fail(LM_INVALID, "lm_placeholder: the name is NULL");
    if ((unsigned)dtype >= LM_DTYPE_COUNT) return lm__fail(LM_INVALID, "placeholder \"%s\": no such dtype", name);
    LM_TRY(lm__op_dims("placeholder", rank, dims, true, out));
    for (int i = 0; i < rank; i++) {
        if (dims[i] != LM_ANY) continue;
        out->dim[i] = open_dim(graph, name, i);
        if (out->dim[i] == LM__DIM_BAD) return lm__no_memory(sizeof(lm__dim));
    }
    return LM_OK;
}

lm_value *lm_placeholder_new(lm_graph *graph, const char *name, lm_dtype dtype, int rank, const int64_t *dims)
{
    lm__shape shape;
    if (lm__object_check(graph, &lm__graph_type, "lm_placeholder: graph") != LM_OK ||
        placeholder_shape(graph, name, dtype, rank, dims, &shape) != LM_OK)
        return lm__graph_fail(graph, 0, NULL);
    return lm__graph_input(graph, name, dtype, &shape);
}

lm_value *lm_constant(lm_graph *graph, const lm_tensor *tensor)
{
    if (lm__object_check(graph, &lm__graph_type, "lm_constant: graph") != LM_OK ||
        lm__object_check(tensor, &lm__tensor_type, "lm_constant: tensor") != LM_OK)
        return lm__graph_fail(graph, 0, NULL);
    lm_tensor *copy = lm_tensor_copy_of(tensor->dtype, tensor->rank, tensor->dims, tensor->data);
    lm_value *value = lm__graph_constant(graph, copy);
    lm_free(copy);
    return value;
}

lm_value *lm_scalar(lm_graph *graph, lm_dtype dtype, double value)
{
    const lm__shape shape = {0};
    if (lm__object_check(graph, &lm__graph_type, "lm_scalar: graph") != LM_OK) return lm__graph_fail(graph, 0, NULL);
    return lm__fill(graph, dtype, &shape, value);
}

/* --- variables ---------------------------------------------------------------------------------------------- */

lm_variable *lm_variable_new(const char *name, const lm_tensor *initial, bool trainable)
{
    if (lm__object_check(initial, &lm__tensor_type, "lm_variable_new: initial") != LM_OK)
        return lm__object_poison(&lm__variable_type);
    lm_tensor *own = lm_tensor_copy_of(initial->dtype, initial->rank, initial->dims, initial->data);
    return lm__variable_over(name ? name : "variable", own, trainable);
}

const char *lm_variable_name(const lm_variable *variable)
{
    return lm__object_is(variable, &lm__variable_type) && variable->name ? variable->name : "";
}

lm_tensor *lm_variable_value(lm_variable *variable)
{
    bool sound = lm__object_is(variable, &lm__variable_type) && variable->value;
    return sound ? variable->value : (lm_tensor *)lm__tensor_type.poisoned;
}

lm_status lm_variable_set(lm_variable *variable, const lm_tensor *value)
{
    LM_TRY(lm__object_check(variable, &lm__variable_type, "lm_variable_set: variable"));
    LM_TRY(lm__object_check(value, &lm__tensor_type, "lm_variable_set: value"));
    lm_tensor *to = variable->value;
    bool same = to->dtype == value->dtype && to->rank == value->rank;
    for (int i = 0; same && i < to->rank; i++) same = to->dims[i] == value->dims[i];
    if (!same) {
        char have[160], want[160];
        return lm__fail(LM_INVALID, "variable \"%s\" is %s %s, the new value %s %s", variable->name,
                        lm_dtype_name(to->dtype), lm__shape_text(to->rank, to->dims, want, sizeof want),
                        lm_dtype_name(value->dtype), lm__shape_text(value->rank, value->dims, have, sizeof have));
    }
    memmove(to->data, value->data, lm_tensor_bytes(value));
    variable->version++;
    return LM_OK;
}

lm_value *lm_read(lm_graph *graph, lm_variable *variable)
{
    if (lm__object_check(graph, &lm__graph_type, "lm_read: graph") != LM_OK) return lm__graph_fail(graph, 0, NULL);
    return lm__graph_read(graph, variable);
}

lm_status lm_assign(lm_graph *graph, lm_variable *variable, lm_value *value)
{
    LM_TRY(lm__object_check(graph, &lm__graph_type, "lm_assign: graph"));
    return lm__graph_assign(graph, variable, value);
}

/* --- values ------------------------------------------------------------------------------------------------- */

lm_status lm_gradients(lm_value *loss, int n, lm_value *const *wrt, lm_value **out)
{
    if (n < 0 || (n > 0 && (!wrt || !out)))
        return lm__fail(LM_INVALID, "lm_gradients: n is %d, or an array is NULL", n);
    for (int i = 0; i < n; i++) out[i] = loss;
    if (lm__bad(loss))
        return lm__fail(LM_INVALID, "lm_gradients: the loss could not be built (see the graph's error)");
    return lm__graph_gradients(loss->node->graph, loss, n, wrt, out);
}

int lm_value_shape(const lm_value *value, lm_dtype *dtype, int64_t dims[LM_MAX_RANK])
{
    if (lm__bad(value)) return -1;
    if (dtype) *dtype = value->dtype;
    for (int i = 0; dims && i < value->shape.rank; i++)
        dims[i] = lm__dim_known(value->shape.dim[i]) ? value->shape.dim[i] : LM_ANY;
    return value->shape.rank;
}
