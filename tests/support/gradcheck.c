/* tests/support/gradcheck.c: builds the graph of the gradient, runs it, and runs the op around each point. */
#include "support/gradcheck.h"

#include "base/alloc.h"
#include "base/philox.h"
#include "ops/registry.h"
#include "support/interpret.h"
#include <lamina/ops.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 32 }; /* inputs of the graph: the op's own, weights of outputs, weights of gradients */

/* A scalar function of the graph's inputs and its gradient with respect to some of them. */
typedef struct problem {
    const lm__op *op;
    int number, order;
    lm_graph *graph;
    lm_value *in[MOST];
    void *data[MOST];                   /* the inputs' memory */
    size_t size[MOST];
    int nin;
    int wrt[MOST], nwrt;                /* which inputs */
    lm_value *loss, *grad[MOST];        /* grad[k]: of input wrt[k], NULL: nothing flows */
} problem;

static double uniform(uint64_t seed, uint64_t stream, uint64_t element)
{
    uint32_t words[4];
    lm__philox_block(seed, stream, 0, element, words);
    return (words[0] + 0.5) / 4294967296.0;
}

void gradcheck_fill(const char *op, const lm__sample_input *input, lm_dtype dtype, int salt, void *data, size_t size)
{
    double low = input->low, high = input->high;
    if (low == 0 && high == 0) low = -1, high = 1;
    for (size_t i = 0; i < size; i++) {
        double value = low + (high - low) * uniform(lm__stream(op), (uint64_t)salt, i);
        lm__store(dtype, data, i, lm__is_float(dtype) ? value : floor(value));
    }
}

/* --- building --------------------------------------------------------------------------------------------------- */

static lm_status add_input(problem *p, lm_dtype dtype, int rank, const int64_t *dims, const lm__sample_input *range)
{
    char name[16];
    if (p->nin == MOST) return lm__fail(LM_INTERNAL, "gradcheck: more than %d inputs", MOST);
    snprintf(name, sizeof name, "in%d", p->nin);
    lm_value *value = lm_placeholder_new(p->graph, name, dtype, rank, dims);
    if (lm__bad(value)) return lm_status_of(p->graph);
    size_t size = interpret_size(value);
    void *data = lm__calloc(size + 1, lm_dtype_size(dtype));
    if (!data) return lm__no_memory(size);
    gradcheck_fill(p->op->name, range, dtype, p->nin, data, size);
    p->in[p->nin] = value, p->data[p->nin] = data, p->size[p->nin] = size;
    p->nin++;
    return LM_OK;
}

/* Weights in (0.5, 1.5) for each of the values, and their weighted sum. NULL and non-float values are left out:
 * *weight is then NULL. */
static lm_status project(problem *p, int n, lm_value *const *values, lm_value **weights, lm_value **sum)
{
    static const lm__sample_input range = {.low = 0.5, .high = 1.5};
    *sum = NULL;
    for (int i = 0; i < n; i++) {
        weights[i] = NULL;
        if (!values[i] || !lm__is_float(values[i]->dtype)) continue;
        LM_TRY(add_input(p, values[i]->dtype, values[i]->shape.rank, values[i]->shape.dim, &range));
        weights[i] = p->in[p->nin - 1];
        lm_value *part = lm_op_cast(lm_op_sum(lm_op_multiply(values[i], weights[i])), LM_F64);
        *sum = *sum ? lm_op_add(*sum, part) : part;
    }
    return lm_status_of(p->graph);
}

static int pick(int n, lm_value *const *values, lm_value *const *weights, lm_value **out, lm_value **upstream)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        if (weights[i]) out[count] = values[i], upstream[count] = weights[i], count++;
    return count;
}

/* One derivative more: loss becomes the weighted sum of `values`, grad its gradient with respect to `wrt`. */
static lm_status differentiate(problem *p, int n, lm_value *const *values)
{
    lm_value *weights[MOST], *out[MOST], *upstream[MOST], *wrt[MOST];
    LM_TRY(project(p, n, values, weights, &p->loss));
    for (int k = 0; k < p->nwrt; k++) wrt[k] = p->in[p->wrt[k]], p->grad[k] = NULL;
    int count = pick(n, values, weights, out, upstream);
    if (!count || !p->nwrt) return LM_OK;
    return lm__graph_vjp(p->graph, count, out, upstream, p->nwrt, wrt, p->grad);
}

static lm_status build(problem *p, const lm__sample *sample)
{
    lm_value *values[MOST];
    p->graph = lm__graph_new(&lm__ops, NULL);
    for (int i = 0; i < sample->nin; i++) {
        const lm__sample_input *in = &sample->in[i];
        lm_dtype dtype = in->dtype == LM_F32 ? LM_F64 : in->dtype;
        LM_TRY(add_input(p, dtype, in->rank, in->dims, in));
        if (dtype == LM_F64 && !in->fixed) p->wrt[p->nwrt++] = i;
    }
    lm__node *node = lm__apply_node(p->graph, p->op, sample->attr, sample->nin, p->in, NULL);
    if (!node) return lm_status_of(p->graph);
    int nout = p->op->flags & LM__OP_ASIDE ? 1 : node->nout;
    for (int i = 0; i < nout; i++) values[i] = &node->out[i];
    LM_TRY(differentiate(p, nout, values));
    if (p->order == 1) return LM_OK;
    int first = p->nwrt;
    memcpy(values, p->grad, sizeof p->grad);
    for (int i = sample->nin; i < p->nin; i++) p->wrt[p->nwrt++] = i;   /* what flows back counts as an input now */
    return differentiate(p, first, values);
}

/* --- comparing -------------------------------------------------------------------------------------------------- */

static lm_status value_at(interpreter *it, const problem *p, double *loss)
{
    return interpret_run(it, (const void *const *)p->data, (void *[]){loss});
}

/* The central difference of the loss in one element. */
static lm_status slope(interpreter *it, const problem *p, int input, size_t element, double *out)
{
    double *x = (double *)p->data[input] + element, kept = *x, above, below;
    const double h = 1e-5 * fmax(1, fabs(kept));
    *x = kept + h;
    lm_status status = value_at(it, p, &above);
    *x = kept - h;
    if (status == LM_OK) status = value_at(it, p, &below);
    *x = kept;
    if (status == LM_OK) *out = (above - below) / (2 * h);
    return status;
}

static lm_status compare(interpreter *it, const problem *p, double *const *grads, gradcheck *out)
{
    double worst = 1e-6;
    for (int k = 0; k < p->nwrt; k++)
        for (size_t i = 0; i < p->size[p->wrt[k]]; i++) {
            double expected, got = p->grad[k] ? grads[k][i] : 0;
            LM_TRY(slope(it, p, p->wrt[k], i, &expected));
            double error = fabs(got - expected) / fmax(1, fabs(expected));
            out->compared++;
            if (error <= worst) continue;
            worst = isnan(error) ? INFINITY : error;
            out->wrong = true;
            snprintf(out->message, sizeof out->message,
                     "%s, sample %d, order %d, input %d, element %zu: gradient %.10g, central difference %.10g",
                     p->op->name, p->number, p->order, p->wrt[k], i, got, expected);
        }
    return LM_OK;
}

/* The gradients that the graph computes, into new memory. */
static lm_status compute(problem *p, double **grads)
{
    void *outputs[MOST] = {0};
    interpreter *it;
    int n = 0;
    for (int k = 0; k < p->nwrt; k++) {
        grads[k] = NULL;
        if (!p->grad[k]) continue;
        grads[k] = outputs[n++] = lm__calloc(p->size[p->wrt[k]] + 1, sizeof(double));
        if (!grads[k]) return lm__no_memory(p->size[p->wrt[k]]);
        LM_TRY(lm__graph_output(p->graph, p->grad[k]));
    }
    LM_TRY(interpret_new(p->graph, NULL, &it));
    lm_status status = interpret_run(it, (const void *const *)p->data, outputs);
    interpret_free(it);
    return status;
}

static lm_status check_numbers(problem *p, gradcheck *out)
{
    double *grads[MOST] = {0};
    lm_graph *only = NULL;
    interpreter *it = NULL;
    lm_status status;
    /* The loss alone is cheap to run again and again. */
    LM_GO(done, lm__graph_output(p->graph, p->loss));
    LM_GO(done, lm__graph_clone(p->graph, NULL, &only));
    LM_GO(done, interpret_new(only, NULL, &it));
    p->graph->noutputs = 0;
    LM_GO(done, compute(p, grads));
    LM_GO(done, compare(it, p, grads, out));
done:
    interpret_free(it);
    lm_free(only);
    for (int k = 0; k < p->nwrt; k++) lm__free(grads[k]);
    return status;
}

/* The gradients that must be there, and those that must not. */
static void check_presence(const problem *p, gradcheck *out)
{
    bool none = p->op->flags & LM__OP_NO_GRADIENT;
    for (int k = 0; k < p->nwrt && p->order == 1; k++) {
        if (none != !!p->grad[k]) continue;
        out->wrong = true;
        snprintf(out->message, sizeof out->message, "%s, sample %d, input %d: %s", p->op->name, p->number, p->wrt[k],
                 none ? "a gradient flows although the op has none" : "the gradient is missing");
    }
}

lm_status gradcheck_op(const lm__op *op, const lm__sample *sample, int number, int order, gradcheck *out)
{
    problem p = {.op = op, .number = number, .order = order};
    memset(out, 0, sizeof *out);
    lm_status status = build(&p, sample);
    if (status == LM_OK) {
        check_presence(&p, out);
        if (!out->wrong && p.loss && p.nwrt && !(op->flags & LM__OP_NO_GRADIENT)) status = check_numbers(&p, out);
    }
    for (int i = 0; i < p.nin; i++) lm__free(p.data[i]);
    lm_free(p.graph);
    return status;
}
