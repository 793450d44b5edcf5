/* graph/op.h: what an op is: one constant descriptor in the op's own file, one line in ops/registry.def. */
#ifndef LM_GRAPH_OP_H
#define LM_GRAPH_OP_H

#include "graph/dim.h"
#include "kernels/map.h"
#include <lamina/declare.h>

typedef struct lm__node lm__node;
typedef struct lm__op lm__op;

/* How the plan treats an op. */
typedef enum lm__op_kind {
    LM__OP_PLAIN,           /* a kernel on whole arrays                                                 */
    LM__OP_MAP,             /* element by element with broadcasting: rows, fused into chains            */
    LM__OP_VIEW,            /* the same bytes under another shape: costs nothing                        */
    LM__OP_CONTROL,         /* has sub-graphs, run by the executor: scan, if                            */
    LM__OP_SPECIAL,         /* input, constant, variable, store: no computation                         */
} lm__op_kind;

enum {
    LM__OP_ONCE = 1,        /* its gradient is not made of differentiable ops: first order only          */
    LM__OP_NO_GRADIENT = 2, /* gradient is zero or undefined everywhere: nothing flows back (argmax)     */
    LM__OP_COMMUTES = 4,    /* the first two inputs may change places                                    */
    LM__OP_RANDOM = 8,      /* two calls with equal attributes are equal: streams differ per node        */
    LM__OP_FUSED = 16,      /* made by passes only; has `decompose` and no gradient                      */
    LM__OP_EFFECT = 32,     /* kept although nobody reads its output: store                              */
    LM__OP_ASIDE = 64,      /* outputs but the first serve its gradient alone, and have none             */
};

/* The fields of an op's attribute struct, for printing, comparing and binding symbols. A struct without fields is
 * NULL. Attribute structs are zeroed before they are filled, and hold no pointers except LM__ATTR_OBJECT (retained by
 * the graph) and LM__ATTR_NAME (copied into the graph's arena). */
typedef enum lm__attr_kind {
    LM__ATTR_INT,           /* int64_t                          */
    LM__ATTR_FLOAT,         /* double                           */
    LM__ATTR_BOOL,          /* bool                             */
    LM__ATTR_DTYPE,         /* lm_dtype                         */
    LM__ATTR_INTS,          /* int64_t[count]                   */
    LM__ATTR_SHAPE,         /* lm__shape: symbols are bound     */
    LM__ATTR_OBJECT,        /* an object such as a tensor       */
    LM__ATTR_NAME,          /* const char *                     */
    LM__ATTR_BYTES,         /* plain data of `count` bytes      */
} lm__attr_kind;

typedef struct lm__attr {
    const char *name;
    lm__attr_kind kind;
    size_t offset;
    int count;
} lm__attr;
#define LM__ATTR(type, field, kind) {#field, kind, offsetof(type, field), 1}
#define LM__ATTR_N(type, field, kind, n) {#field, kind, offsetof(type, field), n}

/* Inference: from inputs and attributes to the types and shapes of the outputs; called when a node is built with
 * symbols, and again with numbers when a plan is made. Refuses with LM_INVALID what can be decided now. */
typedef struct lm__infer {
    lm_graph *graph;
    lm__dims *dims;
    const lm__op *op;
    int nin;
    lm_value *const *in;
    const void *attr;
    lm_graph *const *body;              /* LM__OP_CONTROL: sub-graphs */
    int nout;                           /* set to op->outputs; infer may change it (split) */
    lm_dtype dtype[LM__MAX_OUTPUTS];
    lm__shape shape[LM__MAX_OUTPUTS];
} lm__infer;

/* Gradient (vector-Jacobian product): from the gradients of the outputs to those of the inputs, as nodes of the same
 * graph. grad_out[i] is NULL where output i has no gradient (at least one has). Set grad_in[i] for every i with
 * needs[i]; leaving it NULL means that nothing flows there. For LM__OP_MAP the gradient may keep the output's shape:
 * the engine sums it down to the input's. */
typedef struct lm__vjp {
    lm_graph *graph;
    lm__node *node;
    lm_value *const *in;
    lm_value *const *grad_out;
    const bool *needs;
    lm_value **grad_in;
} lm__vjp;

/* Inputs for tests: the registry's gradient check and kernel comparisons draw them. */
typedef struct lm__sample_input {
    lm_dtype dtype;                     /* LM_F32 stands for "the float type under test" */
    int rank;
    int64_t dims[LM_MAX_RANK];
    double low, high;                   /* uniform range; both 0: [-1, 1); integers and bool: [low, high) */
    bool fixed;                         /* no gradient is checked for it */
} lm__sample_input;
typedef struct lm__sample {
    int nin;                            /* 0 ends the list */
    lm__sample_input in[4];
    const void *attr;
} lm__sample;

/* A matrix product: `batches` of (m, k) times (k, n), `times` of them one after the other. */
typedef struct lm__inner_product {
    int64_t batches, m, n, k;
    bool transpose_a, transpose_b;      /* how the operands lie */
    int64_t times;
    double share;                       /* below 1 where a mask leaves a part out; 0: all of it */
} lm__inner_product;
enum { LM__MAX_INNER = 4 };

struct lm__op {
    const char *name;
    lm__op_kind kind;
    int min_inputs, max_inputs, outputs;
    unsigned flags;
    size_t attr_size;
    const lm__attr *attrs;              /* ends with a NULL name */
    lm_status (*infer)(lm__infer *infer);
    lm_status (*gradient)(lm__vjp *vjp); /* NULL: LM__OP_NO_GRADIENT or LM__OP_FUSED only */
    const lm__rows *rows;               /* LM__OP_MAP: reference rows                                     */
    /* LM__OP_MAP: the row function's numbers from the attributes; NULL: none. */
    void (*imm)(const void *attr, double imm[2]);
    lm__kernel reference;               /* LM__OP_PLAIN: name "ref"; fast ones stand in kernels/fast.def */
    const lm__sample *samples;
    /* LM__OP_FUSED, and ops whose gradient is made of their parts (lm__gradient_of_parts): the same computation in
     * plain ops; returns the outputs that replace the node's. */
    lm_status (*decompose)(lm_graph *graph, const lm__node *node, lm_value *const *in, lm_value **out);
    /* Multiply-adds times two of matrix products and convolutions; NULL: 0. */
    double (*flops)(const lm__problem *problem);
    /* Of an op that is several products in one: which, at most LM__MAX_INNER; returns how many. For the bound, which
     * is not to depend on how good the op's kernel is. NULL: it is a product itself, or none. */
    int (*products)(const lm__problem *problem, lm__inner_product *out);
};

/* The ops, and those the graph itself must find. Handed to lm__graph_new, so that graph does not depend on ops. */
typedef struct lm__op_table {
    const lm__op *const *ops;           /* ends with NULL */
    const lm__op *input, *constant, *variable, *store;
    lm_value *(*add)(lm_value *a, lm_value *b);
    lm_value *(*fill)(lm_graph *graph, lm_dtype dtype, const lm__shape *shape, double value);
    lm_value *(*sum_to)(lm_value *x, const lm__shape *shape);   /* undoes broadcasting */
} lm__op_table;

const lm__op *lm__op_find(const lm__op_table *table, const char *name);

#endif
