/* lamina/graph.h: a user's own computations: graphs of ops, their gradients, and functions that run them.
 *
 *     lm_graph *g = lm_graph_new();
 *     lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 2), *y = lm_placeholder(g, "y", LM_F32, LM_ANY, 1);
 *     lm_variable *w = lm_variable_new("w", initial, true);
 *     lm_value *loss = lm_op_mean(lm_op_square(lm_op_subtract(lm_op_matmul(x, lm_read(g, w)), y)));
 *     lm_value *dw;
 *     lm_gradients(loss, 1, (lm_value *[]){lm_read(g, w)}, &dw);
 *     lm_assign(g, w, lm_op_subtract(lm_read(g, w), lm_op_multiply(rate, dw)));
 *     lm_function *step = lm_function(.graph = g, .inputs = {x, y}, .outputs = {loss});
 *     lm_function_run(step, (lm_tensor *[]){xs, ys}, results);
 *
 * A graph is built by one thread. Values belong to their graph. The first mistake is recorded on the graph; building
 * goes on with poisoned values, and lm_function reports it. A finished function may be run by any number of threads
 * if it assigns no variable, by one at a time if it does (LM_BUSY otherwise). */
#ifndef LAMINA_GRAPH_H
#define LAMINA_GRAPH_H

#include <lamina/declare.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lm_variable lm_variable;
typedef struct lm_function lm_function;

/* An empty graph. New reference; its functions retain it. */
lm_graph *lm_graph_new(void);

/* An input. LM_ANY as the first dimension is the batch, the same for all inputs of the graph; elsewhere it is a size
 * of its own. */
lm_value *lm_placeholder_new(lm_graph *graph, const char *name, lm_dtype dtype, int rank, const int64_t *dims);
#define lm_placeholder(graph, name, dtype, ...)                                                                  \
    lm_placeholder_new((graph), (name), (dtype), (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)),      \
                       (int64_t[]){__VA_ARGS__})

/* Fixed numbers; `tensor` is copied. lm_scalar is a tensor of rank 0. */
lm_value *lm_constant(lm_graph *graph, const lm_tensor *tensor);
lm_value *lm_scalar(lm_graph *graph, lm_dtype dtype, double value);

/* State that outlives a run. Takes a copy of `initial`. New reference. */
lm_variable *lm_variable_new(const char *name, const lm_tensor *initial, bool trainable);
const char *lm_variable_name(const lm_variable *variable);
/* The current value: borrowed, changed by runs. lm_variable_set copies a tensor of the same shape into it. */
lm_tensor *lm_variable_value(lm_variable *variable);
lm_status lm_variable_set(lm_variable *variable, const lm_tensor *value);

/* The variable's value at this point of the graph: what was assigned last, or what the run found. */
lm_value *lm_read(lm_graph *graph, lm_variable *variable);
lm_status lm_assign(lm_graph *graph, lm_variable *variable, lm_value *value);

/* out[i] = d loss / d wrt[i], as new values of the same graph, which may be differentiated again. A loss that is not
 * a scalar is summed. */
lm_status lm_gradients(lm_value *loss, int n, lm_value *const *wrt, lm_value **out);

/* A value's type and shape; unknown dimensions are LM_ANY. Returns the rank, or -1 for a poisoned value. */
int lm_value_shape(const lm_value *value, lm_dtype *dtype, int64_t dims[LM_MAX_RANK]);

/* Compiles inputs, outputs and assignments of a graph, which is complete from then on. Inputs not listed may not be
 * needed. `guard`, a bool of rank 0: a run that finds it false assigns nothing, and its outputs say what was
 * computed: with lm_op_isfinite(loss) a step whose loss is not finite changes nothing. New reference. */
enum { LM_FUNCTION_MAX = 16 };
typedef struct lm_function_args {
    size_t size;
    lm_graph *graph;
    lm_value *inputs[LM_FUNCTION_MAX], *outputs[LM_FUNCTION_MAX];
    lm_value *guard;
} lm_function_args;
lm_function *lm_function_new(const lm_function_args *args);
#define lm_function(...) LM__WITH(lm_function_args, LM__LIST(.graph = NULL), lm_function_new(&lm__a), __VA_ARGS__)

/* Runs it on one tensor an input, of the declared type and shape. outputs[i] receives a new tensor (poisoned on
 * failure). The first run with new sizes makes a plan; later runs reuse it. */
lm_status lm_function_run(lm_function *function, lm_tensor *const *inputs, lm_tensor **outputs);

#ifdef __cplusplus
}
#endif
#endif
