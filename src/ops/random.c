/* ops/random.c: see random.h. */
#include "ops/random.h"
#include "base/philox.h"
#include "base/team.h"

enum { CHUNK = 16384 };                 /* elements of a job */

const lm__attr lm__random_attrs[] = {
    LM__ATTR(lm__random_attr, random.a, LM__ATTR_FLOAT),
    LM__ATTR(lm__random_attr, random.b, LM__ATTR_FLOAT),
    LM__ATTR(lm__random_attr, random.stream, LM__ATTR_INT),
    LM__ATTR(lm__random_attr, dtype, LM__ATTR_DTYPE),
    LM__ATTR(lm__random_attr, shape, LM__ATTR_SHAPE),
    {0},
};

lm_status lm__infer_random(lm__infer *infer)
{
    const lm__random_attr *attr = infer->attr;
    const lm__shape *key = &infer->in[0]->shape;
    if (infer->in[0]->dtype != LM_I64 || key->rank != 1 || key->dim[0] != 2)
        return lm__op_invalid(infer, "the key must be int64 of shape (2): seed and step");
    if ((unsigned)attr->dtype >= LM_DTYPE_COUNT) return lm__op_invalid(infer, "%d is no dtype", (int)attr->dtype);
    return lm__result(infer, 0, attr->dtype, &attr->shape);
}

typedef struct work {
    const lm__run *run;
    lm__random_fn *fn;
} work;

static void do_job(void *argument, size_t job, int thread)
{
    const work *w = argument;
    const lm__random_attr *attr = w->run->problem->attr;
    size_t begin = job * CHUNK, end = begin + CHUNK, size = w->run->problem->out[0].size;
    (void)thread;
    w->fn(w->run->in[0], &attr->random, begin, end < size ? end : size, w->run->out[0]);
}

lm_status lm__random_run(const lm__run *run, lm__random_fn *const *refs)
{
    const lm__desc *out = &run->problem->out[0];
    work w = {run, refs[out->dtype]};
    lm__parallel((out->size + CHUNK - 1) / CHUNK, do_job, &w);
    return LM_OK;
}

/* A stream of its own for a node without one: by the layer that it is built in, and its place in the graph. */
static int64_t own_stream(const lm_graph *graph)
{
    uint64_t stream = lm__stream(graph->scope ? graph->scope : "");
    return (int64_t)((stream ^ graph->place ^ (uint64_t)graph->next_id) * 0x9E3779B97F4A7C15u);
}

/* Sizes that are LM_ANY become those of `like`. */
static lm_status open_sizes(const lm__op *op, const lm_value *like, lm__shape *shape)
{
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] != LM_ANY) continue;
        if (i >= like->shape.rank)
            return lm__fail(LM_INVALID, "%s: .shape[%d] is LM_ANY, but .like has %d dimensions", op->name, i,
                            like->shape.rank);
        shape->dim[i] = like->shape.dim[i];
    }
    return LM_OK;
}

lm_value *lm__random_of(const lm__op *op, lm_value *key, const lm_op_random_args *args, double a, double b)
{
    lm__random_attr attr;
    if (lm__bad(key)) return lm__apply1(op, NULL, key);
    memset(&attr, 0, sizeof attr);
    attr.random = (lm__random){a, b, args->stream ? (int64_t)args->stream : own_stream(key->node->graph)};
    attr.dtype = args->dtype;
    int rank = 0;
    while (rank < LM_MAX_RANK && args->shape[rank]) rank++;
    if (args->like && lm__bad(args->like)) return args->like;
    if (args->like && !rank) attr.shape = args->like->shape;
    else if (lm__op_dims(op->name, rank, args->shape, args->like != NULL, &attr.shape) != LM_OK ||
             open_sizes(op, args->like, &attr.shape) != LM_OK)
        return lm__graph_fail(NULL, 1, &key);
    return lm__apply1(op, &attr, key);
}
