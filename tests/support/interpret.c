/* tests/support/interpret.c: the plain interpreter. Slow and simple on purpose. */
#include "support/interpret.h"

#include "base/alloc.h"
#include "base/team.h"
#include "graph/control.h"
#include "graph/special.h"
#include <string.h>

struct interpreter {
    lm_graph *graph; /* a copy with numbers for shapes; node->mark is the node's first place in `memory` */
    void **memory;                      /* of every value */
    size_t values;
};

enum { MOST = 64 };                     /* inputs or outputs of a node */

size_t interpret_size(const lm_value *value)
{
    size_t size = 1;
    for (int d = 0; d < value->shape.rank; d++) size *= (size_t)value->shape.dim[d];
    return size;
}

static void *memory_of(const interpreter *it, const lm_value *value)
{
    return it->memory[value->node->mark + value->index];
}

static size_t bytes_of(const lm_value *value)
{
    return interpret_size(value) * lm_dtype_size(value->dtype);
}

/* --- making ----------------------------------------------------------------------------------------------------- */

/* Fused ops have no reference: what they stand for takes their place. */
static lm_status decompose(lm_graph *graph)
{
    for (lm__node *node = graph->first, *next; node; node = next) {
        lm_value *out[MOST] = {0};
        next = node->next;
        if (!(node->op->flags & LM__OP_FUSED)) continue;
        graph->before = node;
        lm_status status = node->op->decompose(graph, node, node->in, out);
        graph->before = NULL;
        LM_TRY(status);
        for (int i = 0; i < node->nout; i++) lm__graph_replace(graph, &node->out[i], out[i]);
        lm__graph_remove(node);
    }
    return LM_OK;
}

static lm_status place(interpreter *it)
{
    for (lm__node *node = it->graph->first; node; node = node->next) {
        node->mark = (int)it->values;
        it->values += (size_t)node->nout;
    }
    it->memory = lm__calloc(it->values + 1, sizeof *it->memory);
    if (!it->memory) return lm__no_memory(it->values * sizeof *it->memory);
    for (lm__node *node = it->graph->first; node; node = node->next)
        for (int i = 0; i < node->nout; i++) {
            const lm_value *value = &node->out[i];
            for (int d = 0; d < value->shape.rank; d++)
                if (!lm__dim_known(value->shape.dim[d]))
                    return lm__fail(LM_INVALID, "interpret: a dimension of a result of %s is not bound",
                                    node->op->name);
            it->memory[node->mark + i] = lm__calloc(bytes_of(value) + 1, 1);
            if (!it->memory[node->mark + i]) return lm__no_memory(bytes_of(value));
        }
    return LM_OK;
}

lm_status interpret_new(const lm_graph *graph, const int64_t *symbols, interpreter **out)
{
    lm_status status;
    *out = NULL;
    interpreter *it = lm__calloc(1, sizeof *it);
    if (!it) return lm__no_memory(sizeof *it);
    LM_GO(failed, lm__graph_clone(graph, symbols, &it->graph));
    LM_GO(failed, decompose(it->graph));
    LM_GO(failed, place(it));
    *out = it;
    return LM_OK;
failed:
    interpret_free(it);
    return status;
}

void interpret_free(interpreter *it)
{
    if (!it) return;
    for (size_t i = 0; it->memory && i < it->values; i++) lm__free(it->memory[i]);
    lm__free(it->memory);
    lm_free(it->graph);
    lm__free(it);
}

/* --- half-precision types are computed in float32 --------------------------------------------------------------- */

static bool is_half(lm_dtype dtype)
{
    return dtype == LM_BF16 || dtype == LM_F16;
}

static lm_dtype computing(lm_dtype dtype)
{
    return is_half(dtype) ? LM_F32 : dtype;
}

static void convert(lm_dtype from, const void *in, lm_dtype to, void *out, size_t size)
{
    for (size_t i = 0; i < size; i++) lm__store(to, out, i, lm__load(from, in, i));
}

/* --- one node --------------------------------------------------------------------------------------------------- */

/* What a node computes on; `owned` is released after it. */
typedef struct work {
    lm__desc in_desc[MOST], out_desc[MOST];
    void *in[MOST], *out[MOST];
    void *owned[2 * MOST];
    int nowned;
} work;

static void *temporary(work *w, size_t bytes)
{
    void *memory = lm__calloc(bytes + 1, 1);
    if (memory) w->owned[w->nowned++] = memory;
    return memory;
}

static lm__desc describe(const lm_value *value)
{
    lm__desc desc = {.dtype = computing(value->dtype), .rank = value->shape.rank, .size = interpret_size(value)};
    for (int d = 0; d < value->shape.rank; d++) desc.dims[d] = value->shape.dim[d];
    return desc;
}

/* Memory of inputs and outputs, in float32 where the value is of half precision. */
static lm_status gather(const interpreter *it, const lm__node *node, work *w)
{
    for (int i = 0; i < node->nin; i++) {
        const lm_value *value = node->in[i];
        w->in_desc[i] = describe(value);
        w->in[i] = memory_of(it, value);
        if (!is_half(value->dtype)) continue;
        void *wide = temporary(w, w->in_desc[i].size * sizeof(float));
        if (!wide) return lm__no_memory(w->in_desc[i].size * sizeof(float));
        convert(value->dtype, w->in[i], LM_F32, wide, w->in_desc[i].size);
        w->in[i] = wide;
    }
    for (int i = 0; i < node->nout; i++) {
        const lm_value *value = &node->out[i];
        w->out_desc[i] = describe(value);
        w->out[i] = is_half(value->dtype) ? temporary(w, w->out_desc[i].size * sizeof(float)) : memory_of(it, value);
        if (!w->out[i]) return lm__no_memory(w->out_desc[i].size * sizeof(float));
    }
    return LM_OK;
}

static void scatter(const interpreter *it, const lm__node *node, const work *w)
{
    for (int i = 0; i < node->nout; i++)
        if (is_half(node->out[i].dtype))
            convert(LM_F32, w->out[i], node->out[i].dtype, memory_of(it, &node->out[i]), w->out_desc[i].size);
}

/* Element i of the result's shape, as an element of a shape that is broadcast to it. */
static size_t source_index(const lm__desc *in, const lm__desc *out, size_t i)
{
    size_t index = 0, stride = 1;
    for (int d = out->rank - 1, k = in->rank - 1; k >= 0; d--, k--) {
        size_t at = i % (size_t)out->dims[d];
        i /= (size_t)out->dims[d];
        if (in->dims[k] != 1) index += at * stride;
        stride *= (size_t)in->dims[k];
    }
    return index;
}

static lm_status run_map(const lm__node *node, work *w)
{
    const void *in[LM__MAP_MAX_ARGS];
    double imm[2] = {0, 0};
    const lm__op *op = node->op;
    size_t size = w->out_desc[0].size;
    lm__row_fn *row = lm__row_of(op->rows, w->in_desc[op->rows->by].dtype, w->out_desc[0].dtype);
    if (!row) return lm__fail(LM_INTERNAL, "%s has no reference row for its types", op->name);
    for (int a = 0; a < node->nin; a++) {
        size_t element = lm_dtype_size(w->in_desc[a].dtype);
        char *wide = temporary(w, size * element);
        if (!wide) return lm__no_memory(size * element);
        for (size_t i = 0; i < size; i++)
            memcpy(wide + i * element,
                   (const char *)w->in[a] + source_index(&w->in_desc[a], &w->out_desc[0], i) * element, element);
        in[a] = wide;
    }
    if (op->imm) op->imm(node->attr, imm);
    row(size, in, w->out[0], op->imm ? imm : NULL);
    return LM_OK;
}

static lm_status run_kernel(const lm__node *node, work *w)
{
    const lm__kernel *kernel = &node->op->reference;
    const void *none[MOST] = {0}, *in[MOST];
    lm__problem problem = {.op = node->op->name, .nin = node->nin, .nout = node->nout, .in = w->in_desc,
                           .out = w->out_desc, .attr = node->attr, .out_used = UINT64_MAX, .isa = LM__ISA_BASELINE};
    lm__needs needs = {0};
    void *state = NULL, *local = NULL;
    lm_status status = LM_OK;
    if (!kernel->run) return lm__fail(LM_INTERNAL, "%s has no reference kernel", node->op->name);
    if (kernel->prepare) LM_TRY(kernel->prepare(&problem, &needs, &state));
    if (kernel->open) LM_GO(released, kernel->open(&problem, state, &local));
    for (int i = 0; i < node->nin; i++) in[i] = w->in[i];
    size_t stride = (needs.scratch + 63) / 64 * 64;
    lm__run run = {.problem = &problem, .in = in, .out = w->out, .packed = none, .scratch_stride = stride,
                   .scratch = temporary(w, stride * (size_t)lm__team_threads()), .shared = temporary(w, needs.shared),
                   .state = state, .local = local};
    status = run.scratch && run.shared ? kernel->run(&run) : lm__no_memory(stride);
    if (kernel->close) kernel->close(local);
released:
    if (kernel->release) kernel->release(state);
    return status;
}

static lm_status run_special(const interpreter *it, const lm__node *node)
{
    if (strcmp(node->op->name, "constant") == 0) {
        const lm__constant_attr *attr = node->attr;
        memcpy(memory_of(it, &node->out[0]), attr->tensor->data, bytes_of(&node->out[0]));
    } else if (strcmp(node->op->name, "variable") == 0) {
        const lm__variable_attr *attr = node->attr;
        memcpy(memory_of(it, &node->out[0]), attr->variable->value->data, bytes_of(&node->out[0]));
    }
    return LM_OK;
}

/* --- sub-graphs (graph/control.h) ------------------------------------------------------------------------------- */

/* One step of a scan, at position t: slices of what is stacked are read and written in place. */
static lm_status run_step(const interpreter *it, const lm__node *node, interpreter *body, int64_t t)
{
    const lm__scan_attr *a = node->attr;
    const void *in[MOST];
    void *out[MOST];
    int carries = (int)a->carries;
    for (int i = 0; i < node->nin; i++) {
        in[i] = i < carries ? memory_of(it, &node->out[i]) : memory_of(it, node->in[i]);
        if (i >= carries && i < carries + a->sequences)
            in[i] = (const char *)in[i] + (size_t)t * bytes_of(body->graph->inputs[i]);
    }
    in[node->nin] = &t;
    for (int i = carries; i < node->nout; i++) {
        size_t slice = bytes_of(&node->out[i]) / (size_t)a->length.dim[0];
        out[i] = (char *)memory_of(it, &node->out[i]) + (size_t)t * slice;
    }
    for (int i = 0; i < carries; i++) memcpy(out[carries + a->outputs + i], in[i], bytes_of(&node->out[i]));
    for (int i = 0; i < carries; i++) out[i] = memory_of(it, &node->out[i]);
    return interpret_run(body, in, out);
}

static lm_status run_scan(const interpreter *it, const lm__node *node)
{
    const lm__scan_attr *a = node->attr;
    int64_t length = a->length.dim[0];
    interpreter *body;
    LM_TRY(interpret_new(node->body[0], NULL, &body));
    for (int i = 0; i < a->carries; i++)
        memcpy(memory_of(it, &node->out[i]), memory_of(it, node->in[i]), bytes_of(node->in[i]));
    lm_status status = LM_OK;
    for (int64_t k = 0; k < length && status == LM_OK; k++)
        status = run_step(it, node, body, a->reverse ? length - 1 - k : k);
    interpret_free(body);
    return status;
}

static lm_status run_if(const interpreter *it, const lm__node *node)
{
    const lm_graph *body = node->body[*(const uint8_t *)memory_of(it, node->in[0]) ? 0 : 1];
    const void *in[MOST];
    void *out[MOST];
    for (int i = 1; i < node->nin; i++) in[i - 1] = memory_of(it, node->in[i]);
    for (int i = 0; i < node->nout; i++) out[i] = memory_of(it, &node->out[i]);
    return interpret(body, NULL, in, out);
}

static lm_status run_node(const interpreter *it, const lm__node *node)
{
    work w = {.nowned = 0};
    lm_status status = LM_OK;
    switch (node->op->kind) {
    case LM__OP_SPECIAL: return run_special(it, node);
    case LM__OP_VIEW:
        memcpy(memory_of(it, &node->out[0]), memory_of(it, node->in[0]), bytes_of(&node->out[0]));
        return LM_OK;
    case LM__OP_CONTROL: return strcmp(node->op->name, "scan") == 0 ? run_scan(it, node) : run_if(it, node);
    case LM__OP_MAP:
    case LM__OP_PLAIN: break;
    }
    LM_GO(done, gather(it, node, &w));
    LM_GO(done, node->op->kind == LM__OP_MAP ? run_map(node, &w) : run_kernel(node, &w));
    scatter(it, node, &w);
done:
    for (int i = 0; i < w.nowned; i++) lm__free(w.owned[i]);
    return status;
}

/* --- the whole graph -------------------------------------------------------------------------------------------- */

static void store(const interpreter *it, const lm__node *node)
{
    lm_variable *variable = ((const lm__variable_attr *)node->attr)->variable;
    if (node->nin == 3 && !*(const uint8_t *)memory_of(it, node->in[2])) return;
    memcpy(variable->value->data, memory_of(it, node->in[1]), bytes_of(node->in[1]));
    variable->version++;
}

lm_status interpret_run(interpreter *it, const void *const *inputs, void *const *outputs)
{
    for (int i = 0; i < it->graph->ninputs; i++)
        memcpy(memory_of(it, it->graph->inputs[i]), inputs[i], bytes_of(it->graph->inputs[i]));
    for (const lm__node *node = it->graph->first; node; node = node->next) LM_TRY(run_node(it, node));
    for (int i = 0; i < it->graph->noutputs; i++)
        if (outputs[i]) memcpy(outputs[i], memory_of(it, it->graph->outputs[i]), bytes_of(it->graph->outputs[i]));
    for (const lm__node *node = it->graph->first; node; node = node->next)
        if (strcmp(node->op->name, "store") == 0) store(it, node);
    return LM_OK;
}

lm_status interpret(const lm_graph *graph, const int64_t *symbols, const void *const *inputs, void *const *outputs)
{
    interpreter *it;
    LM_TRY(interpret_new(graph, symbols, &it));
    lm_status status = interpret_run(it, inputs, outputs);
    interpret_free(it);
    return status;
}
