/* graph/graph.h: graphs of ops.
 *
 * A graph is a list of nodes in an order that can be executed. Values are single-assignment; the state that outlives
 * a run is in variables: reading one gives its current version, assigning makes the next, and lm__graph_commit stores
 * the last versions at the end. Everything lives in the graph's arena and is freed with it. One thread at a time.
 *
 * The first error is recorded on the graph; from then on building gives the poisoned value and changes nothing. */
#ifndef LM_GRAPH_GRAPH_H
#define LM_GRAPH_GRAPH_H

#include "base/arena.h"
#include "base/object.h"
#include "graph/op.h"
#include "tensor/tensor.h"
#include <lamina/graph.h>

struct lm_value {
    lm__node *node;                     /* NULL: the poisoned value */
    int index;                          /* which output of the node */
    lm_dtype dtype;
    lm__shape shape;
};

struct lm__node {
    lm__node *prev, *next;
    lm_graph *graph;
    const lm__op *op;
    void *attr;
    int id;                             /* unique in the graph, grows in order of making */
    int nin, nout;
    lm_value **in;
    lm_value *out;                      /* array of nout */
    lm_graph *body[2];                  /* LM__OP_CONTROL */
    const char *scope;                  /* the layer it was built in, "" if none; for messages */
    int mark;                           /* scratch of the pass at work */
};

/* A variable: a tensor that runs change. The master copy, in Keras's layout. */
struct lm_variable {
    lm__object object;
    char *name;                         /* path such as "dense/kernel" */
    lm_tensor *value;
    bool trainable;
    uint64_t version;                   /* grows with every change of the value */
};
extern const lm__type lm__variable_type;
/* A variable whose value is that tensor itself; takes over the reference, and adopts the error of a poisoned one. */
lm_variable *lm__variable_over(const char *name, lm_tensor *value, bool trainable);

/* A variable's versions within one graph. */
typedef struct lm__state {
    lm_variable *variable;              /* retained */
    lm_value *initial, *current;
} lm__state;

struct lm_graph {
    lm__object object;
    lm__arena *arena;
    lm__dims *dims;
    const lm__op_table *table;
    lm__node *first, *last;
    lm__node *before;                   /* new nodes go before this one; NULL: at the end */
    int next_id;
    lm_value **inputs;                  /* in the order of making */
    int ninputs;
    size_t inputs_capacity;
    lm_value **outputs;                 /* roots: what a run returns */
    int noutputs;
    size_t outputs_capacity;
    lm__state *states;
    int nstates;
    size_t states_capacity;
    void **objects;                     /* retained for attributes */
    size_t nobjects, objects_capacity;
    const char *scope;
    uint64_t place;                     /* of a body: a hash of where it was made; 0: it is no body */
    lm_value poison;                    /* what building returns once an error is recorded */
};
extern const lm__type lm__graph_type;

/* A new graph; `dims` is shared (a sub-graph passes its parent's), NULL makes a new table. New reference. */
lm_graph *lm__graph_new(const lm__op_table *table, lm__dims *dims);

/* The inside of every builder: checks, infers, appends. `attr` is copied (attr_size bytes). On failure the error is
 * recorded on the graph (that of the first good input, or `graph`) and the poisoned value comes back. lm__apply
 * returns output 0, lm__apply_node the node or NULL. `graph` may be NULL where there are inputs. */
lm_value *lm__apply(lm_graph *graph, const lm__op *op, const void *attr, int nin, lm_value *const *in);
lm__node *lm__apply_node(lm_graph *graph, const lm__op *op, const void *attr, int nin, lm_value *const *in,
                         lm_graph *const *body);
lm_value *lm__apply1(const lm__op *op, const void *attr, lm_value *x);
lm_value *lm__apply2(const lm__op *op, const void *attr, lm_value *x, lm_value *y);
lm_value *lm__apply3(const lm__op *op, const void *attr, lm_value *x, lm_value *y, lm_value *z);

/* What a run is handed in (listed in graph->inputs), and fixed numbers (the tensor is retained, not copied). */
lm_value *lm__graph_input(lm_graph *graph, const char *name, lm_dtype dtype, const lm__shape *shape);
lm_value *lm__graph_constant(lm_graph *graph, lm_tensor *tensor);

/* Whether the value is the poisoned one (or NULL). */
static inline bool lm__bad(const lm_value *v) { return !v || !v->node; }

/* Records the thread's last error on the graph of the first good value (or `graph`); returns its poisoned value. */
lm_value *lm__graph_fail(lm_graph *graph, int n, lm_value *const *values);

/* The scope for nodes made from now on ("conv2d_1"); returns the previous one, to be put back. */
const char *lm__graph_scope(lm_graph *graph, const char *scope);

/* State. lm__graph_read: the current version. lm__graph_assign: the next one; type and shape must be the variable's.
 * */
lm_value *lm__graph_read(lm_graph *graph, lm_variable *variable);
lm_status lm__graph_assign(lm_graph *graph, lm_variable *variable, lm_value *value);

/* Emits the stores of all variables whose version changed. With `guard` (a bool scalar) the stores, and with them the
 * whole step, happen only where it is true. Called once, last. */
lm_status lm__graph_commit(lm_graph *graph, lm_value *guard);

lm_status lm__graph_output(lm_graph *graph, lm_value *value);

/* Reverse mode: grads[i] = d sum(loss)/d wrt[i], as nodes of the graph; zeros where nothing flows. `loss` must be a
 * float. LM_UNSUPPORTED names an op on the way that has no gradient. */
lm_status lm__graph_gradients(lm_graph *graph, lm_value *loss, int n, lm_value *const *wrt, lm_value **grads);
/* The general form: several outputs with given upstream gradients (NULL entry: ones). grads[i] may come back NULL
 * where nothing flows. */
lm_status lm__graph_vjp(lm_graph *graph, int nout, lm_value *const *out, lm_value *const *upstream, int n,
                        lm_value *const *wrt, lm_value **grads);

/* A copy with symbols bound (values as in lm__dim_bind; NULL: none), every node inferred again; unknown symbols stay.
 * Nodes that reach no output and no effect are left out. Inputs, outputs and states keep their order. */
lm_status lm__graph_clone(const lm_graph *graph, const int64_t *symbols, lm_graph **out);

/* Copies the nodes of `body` into `graph`, with `in` in place of its inputs; out receives its outputs (noutputs of
 * them). For gradients of control ops and for decompose. */
lm_status lm__graph_inline(lm_graph *graph, const lm_graph *body, lm_value *const *in, lm_value **out);

/* --- for passes ----------------------------------------------------------------------------------------------- */

/* Every use of `old` (inputs, outputs, states) becomes `new`. */
void lm__graph_replace(lm_graph *graph, lm_value *old, lm_value *new_value);
void lm__graph_remove(lm__node *node);
/* Removes nodes that reach no output and no effect; returns how many. */
int lm__graph_prune(lm_graph *graph);
/* LM_INTERNAL with a description if the graph breaks a rule: order, types, shapes, use of foreign values. */
lm_status lm__graph_verify(const lm_graph *graph);
/* A listing, one node a line, for people and tests. */
struct lm__text;
void lm__graph_print(const lm_graph *graph, struct lm__text *text);

/* Attributes, by the op's field table: equal; a hash; a copy that lives as long as the graph. */
bool lm__attr_equal(const lm__op *op, const void *a, const void *b);
uint64_t lm__attr_hash(const lm__op *op, const void *attr);
lm_status lm__attr_copy(lm_graph *graph, const lm__op *op, const void *attr, void **out);
/* Retains the object until the graph is freed. */
lm_status lm__graph_keep(lm_graph *graph, void *object);
/* Runs op's inference; the types and shapes of the outputs are in `infer`. Fails where they are no shapes. */
lm_status lm__infer_run(lm__infer *infer, lm_graph *graph, const lm__op *op, const void *attr, int nin,
                        lm_value *const *in, lm_graph *const *body);

#endif
