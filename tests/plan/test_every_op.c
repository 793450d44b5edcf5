/* Every op of the registry and every one of its samples, with its gradient: the plan with all passes and fast
 * kernels computes what the plain interpreter does. */
#include "support/check.h"

#include "base/alloc.h"
#include "ops/registry.h"
#include "plan/plan.h"
#include "support/gradcheck.h"
#include "support/interpret.h"
#include <lamina/ops.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST = 32 };

/* One op with its gradient, in memory of its own. */
typedef struct work {
    lm_graph *graph;
    void *in[MOST], *wanted[MOST], *got[MOST];
    int nin;
} work;

static lm_value *add_input(work *w, const lm__op *op, const lm__sample_input *in, lm_dtype real)
{
    char name[16];
    lm_dtype dtype = in->dtype == LM_F32 ? real : in->dtype;
    snprintf(name, sizeof name, "in%d", w->nin);
    lm_value *value = lm_placeholder_new(w->graph, name, dtype, in->rank, in->dims);
    size_t size = interpret_size(value);
    w->in[w->nin] = lm__calloc(size + 1, lm_dtype_size(dtype));
    assert_non_null(w->in[w->nin]);
    gradcheck_fill(op->name, in, dtype, w->nin, w->in[w->nin], size);
    w->nin++;
    return value;
}

/* Output 0 times numbers that differ from element to element: the gradient of a plain sum is all rounding where
 * the elements always add up to the same, as those of softmax do. */
static lm_value *weighed(const lm__node *node)
{
    size_t size = interpret_size(&node->out[0]);
    lm_value *y = &node->out[0];
    int64_t dims[LM_MAX_RANK] = {0};
    for (int i = 0; i < y->shape.rank; i++) dims[i] = y->shape.dim[i];
    lm_tensor *t = lm_tensor_new(y->dtype, y->shape.rank, dims);
    for (size_t i = 0; i < size; i++) lm__store(y->dtype, t->data, i, 0.5 + (double)(i * 7919 % 17) / 17);
    lm_value *result = lm_op_multiply(y, lm_constant(node->graph, t));
    lm_free(t);
    return result;
}

/* The gradients of the weighed outputs, as outputs of the graph. */
static void add_gradient(work *w, const lm__op *op, const lm__sample *sample, lm__node *node)
{
    lm_value *wrt[4], *grads[4];
    int n = 0;
    if (!op->gradient || !lm__is_float(node->out[0].dtype)) return;
    for (int i = 0; i < sample->nin; i++)
        if (lm__is_float(node->in[i]->dtype) && !sample->in[i].fixed) wrt[n++] = node->in[i];
    if (!n) return;
    check_ok(lm_gradients(weighed(node), n, wrt, grads));
    for (int i = 0; i < n; i++) check_ok(lm__graph_output(w->graph, grads[i]));
}

static void make(work *w, const lm__op *op, const lm__sample *sample, lm_dtype real)
{
    lm_value *in[4];
    memset(w, 0, sizeof *w);
    w->graph = lm_graph_new();
    for (int i = 0; i < sample->nin; i++) in[i] = add_input(w, op, &sample->in[i], real);
    lm__node *node = lm__apply_node(w->graph, op, sample->attr, sample->nin, in, NULL);
    if (!node) fail_msg("%s", lm_error(w->graph));
    for (int i = 0; i < node->nout; i++) check_ok(lm__graph_output(w->graph, &node->out[i]));
    add_gradient(w, op, sample, node);
    for (int i = 0; i < w->graph->noutputs; i++) {
        const lm_value *out = w->graph->outputs[i];
        size_t size = interpret_size(out) + 1;
        w->wanted[i] = lm__calloc(size, lm_dtype_size(out->dtype));
        w->got[i] = lm__calloc(size, lm_dtype_size(out->dtype));
        assert_true(w->wanted[i] && w->got[i]);
    }
}

static void drop(work *w)
{
    for (int i = 0; i < w->nin; i++) lm__free(w->in[i]);
    for (int i = 0; i < w->graph->noutputs; i++) lm__free(w->wanted[i]), lm__free(w->got[i]);
    lm_free(w->graph);
}

static lm_status run_plan(const work *w)
{
    lm__plan *plan;
    lm__context *context;
    LM_TRY(lm__plan_new(w->graph, NULL, NULL, &plan));
    lm_status status = lm__context_new(plan, &context);
    if (status == LM_OK) {
        status = lm__context_run(context, (const void *const *)w->in, w->got);
        lm__context_free(context);
    }
    lm__plan_free(plan);
    return status;
}

/* Numbers relative to the largest of their array; integers and bool exactly. Returns how many compare badly. */
static int compare(const work *w, const lm__op *op, int number, double tolerance)
{
    int wrong = 0;
    for (int k = 0; k < w->graph->noutputs; k++) {
        lm_dtype dtype = w->graph->outputs[k]->dtype;
        size_t size = interpret_size(w->graph->outputs[k]);
        double largest = 0, allowed;
        for (size_t i = 0; i < size; i++) largest = fmax(largest, fabs(lm__load(dtype, w->wanted[k], i)));
        allowed = lm__is_float(dtype) ? tolerance * largest : 0;
        for (size_t i = 0; i < size; i++) {
            double want = lm__load(dtype, w->wanted[k], i), got = lm__load(dtype, w->got[k], i);
            if (got == want || fabs(got - want) <= allowed || (isnan(got) && isnan(want))) continue;
            print_message("%s, sample %d, %s, output %d, element %zu: %.9g, not %.9g\n", op->name, number,
                          lm_dtype_name(dtype), k, i, got, want);
            wrong++;
            break;
        }
    }
    return wrong;
}

static void check_registry(lm_dtype real, double tolerance)
{
    int wrong = 0, samples = 0;
    for (const lm__op *const *op = lm__ops.ops; *op; op++) {
        if ((*op)->kind == LM__OP_SPECIAL || (*op)->kind == LM__OP_CONTROL || ((*op)->flags & LM__OP_FUSED)) continue;
        for (int i = 0; (*op)->samples && (*op)->samples[i].nin; i++, samples++) {
            work w;
            make(&w, *op, &(*op)->samples[i], real);
            check_ok(interpret(w.graph, NULL, (const void *const *)w.in, w.wanted));
            if (run_plan(&w) == LM_OK) {
                wrong += compare(&w, *op, i, tolerance);
            } else {
                print_message("%s, sample %d: %s\n", (*op)->name, i, lm_last_error());
                wrong++;
            }
            drop(&w);
        }
    }
    assert_true(samples > 100);
    assert_int_equal(wrong, 0);
}

static void in_float32(void **state)
{
    (void)state;
    check_registry(LM_F32, 1e-5);
}

static void in_float64(void **state)
{
    (void)state;
    check_registry(LM_F64, 1e-12);
}

RUN(cmocka_unit_test(in_float32), cmocka_unit_test(in_float64))
