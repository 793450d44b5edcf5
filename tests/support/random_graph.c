/* tests/support/random_graph.c: see the header. Values stay moderate, so that comparing makes sense. */
#include "support/check.h"
#include "support/random_graph.h"
#include "ops/registry.h"
#include <lamina/ops.h>
#include <math.h>

enum { POOL = 256 };

typedef struct maker {
    lm_graph *graph;
    lm_value *pool[POOL];
    int n;
    uint64_t state;
} maker;

static unsigned pick(maker *m, unsigned n)
{
    m->state = m->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(m->state >> 40) % n;
}

static void keep(maker *m, lm_value *v)
{
    if (lm__bad(v)) fail_msg("%s", lm_error(m->graph));
    if (m->n < POOL) m->pool[m->n++] = v;
}

/* All pool values are float32 of a shape that broadcasts to (3, 4, 5). */
static const struct {
    int rank;
    int64_t dims[3];
} shapes[] = {{3, {3, 4, 5}}, {3, {3, 4, 5}}, {2, {4, 5}}, {1, {5}}, {0, {0}}, {3, {3, 1, 5}}, {2, {4, 1}}};

static lm_value *any(maker *m) { return m->pool[pick(m, (unsigned)m->n)]; }

/* The most recent values are taken more often: chains. */
static lm_value *recent(maker *m)
{
    int back = (int)pick(m, 4);
    return back < m->n ? m->pool[m->n - 1 - back] : any(m);
}

static lm_value *constant(maker *m)
{
    static const double values[] = {0, 1, 0.5, -1, 2};
    int s = (int)pick(m, sizeof shapes / sizeof shapes[0]);
    return lm_op_fill(m->graph, LM_F32, pick(m, 2) ? shapes[s].rank : 0, shapes[s].dims, values[pick(m, 5)]);
}

static lm_value *unary(maker *m, lm_value *x)
{
    switch (pick(m, 9)) {
    case 0: return lm_op_relu(x);
    case 1: return lm_op_tanh(x);
    case 2: return lm_op_sigmoid(x);
    case 3: return lm_op_negative(x);
    case 4: return lm_op_negative(lm_op_negative(x));
    case 5: return lm_op_cast(lm_op_cast(x, LM_F64), LM_F32);
    case 6: return lm_op_sin(x);
    case 7: return lm_op_square(lm_op_tanh(x));
    default: return lm_op_exp(lm_op_tanh(x));
    }
}

static lm_value *binary(maker *m, lm_value *x, lm_value *y)
{
    switch (pick(m, 7)) {
    case 0: return lm_op_add(x, y);
    case 1: return lm_op_subtract(x, y);
    case 2: return lm_op_multiply(lm_op_tanh(x), y);
    case 3: return lm_op_maximum(x, y);
    case 4: return lm_op_divide(x, lm_op_exp(lm_op_sin(y)));
    case 5: return lm_op_where(lm_op_greater(x, lm_op_fill(m->graph, LM_F32, 0, NULL, 0.3)), y, x);
    default: return lm_op_multiply(lm_op_multiply(x, lm_op_fill(m->graph, LM_F32, 0, NULL, 0.5)),
                                   lm_op_fill(m->graph, LM_F32, 0, NULL, 1.5));
    }
}

/* Ops that are not element by element, and views. */
static lm_value *plain(maker *m, lm_value *x)
{
    lm_value *whole = lm_op_broadcast_to(x, 3, (int64_t[]){3, 4, 5});
    switch (pick(m, 8)) {
    case 0: return lm_op_mean(x);
    case 1: return lm_op_reshape(lm_op_reshape(whole, 1, (int64_t[]){60}), 3, (int64_t[]){3, 4, 5});
    case 2: return lm_op_mean(whole, 0);
    case 3: return whole;
    case 4: {
        lm_value *t = lm_op_transpose(pick(m, 2) ? whole : lm_op_transpose(whole, 1, 0, 2), 0, 2, 1);
        return lm_op_mean(lm_op_tanh(lm_op_matmul(t, lm_op_transpose(t, 0, 2, 1))));
    }
    case 5: return lm_op_transpose(lm_op_transpose(whole, 2, 0, 1), 1, 2, 0);
    case 6: {
        lm_value *square = lm_op_matmul(lm_op_tanh(lm_op_reshape(whole, 2, (int64_t[]){12, 5})),
                                        lm_op_fill(m->graph, LM_F32, 2, (int64_t[]){5, 5}, 0.2));
        lm_value *bias = lm_op_sin(lm_op_reshape(lm_op_mean(whole, 0, 1), 1, (int64_t[]){5}));
        lm_value *y = lm_op_add(square, bias);
        y = pick(m, 3) == 0 ? y : pick(m, 2) ? lm_op_relu(y) : lm_op_sigmoid(y);
        return lm_op_reshape(y, 3, (int64_t[]){3, 4, 5});
    }
    default: return lm_op_matmul(lm_op_tanh(lm_op_reshape(whole, 2, (int64_t[]){12, 5})),
                                 lm_op_fill(m->graph, LM_F32, 2, (int64_t[]){5, 1}, 0.2));
    }
}

static void grow(maker *m)
{
    lm_value *x = recent(m);
    switch (pick(m, 8)) {
    case 0: keep(m, constant(m)); return;
    case 1: case 2: keep(m, unary(m, x)); return;
    case 3: {
        lm_value *y = plain(m, x);
        if (!lm__bad(y) && y->shape.rank == 2 && y->shape.dim[0] == 12) y = lm_op_reshape(y, 3, (int64_t[]){3, 4, 1});
        keep(m, y);
        return;
    }
    default: keep(m, binary(m, x, any(m)));
    }
}

static lm_value *like_variable(lm_value *x, lm_value *variable)
{
    int64_t dims[LM_MAX_RANK];
    for (int d = 0; d < variable->shape.rank; d++) dims[d] = variable->shape.dim[d];
    if (x->shape.rank == variable->shape.rank) {
        bool same = true;
        for (int d = 0; d < x->shape.rank; d++) same &= x->shape.dim[d] == dims[d];
        if (same) return x;
    }
    return lm_op_add(lm_op_mean(x), variable);
}

static void make_variables(random_graph *r, maker *m)
{
    for (int i = 0; i < RANDOM_VARIABLES; i++) {
        int s = (int)pick(m, sizeof shapes / sizeof shapes[0]);
        char name[8] = {'v', (char)('0' + i), 0};
        lm_tensor *t = r->initial[i] = lm_tensor_new(LM_F32, shapes[s].rank, shapes[s].dims);
        float *data = lm_tensor_data(t);
        for (size_t k = 0; k < lm_tensor_size(t); k++) data[k] = (float)pick(m, 2000) / 1000 - 1;
        r->variables[i] = lm_variable_new(name, t, true);
        keep(m, lm__graph_read(m->graph, r->variables[i]));
    }
}

static void make_inputs(random_graph *r, maker *m)
{
    for (int i = 0; i < RANDOM_INPUTS; i++) {
        int s = (int)pick(m, sizeof shapes / sizeof shapes[0]);
        lm__shape shape = lm__shape_of(shapes[s].rank, shapes[s].dims);
        for (int k = 0; k < RANDOM_MOST; k++) r->input_data[i][k] = (float)pick(m, 2000) / 1000 - 1;
        r->inputs[i] = r->input_data[i];
        keep(m, lm__graph_input(m->graph, "x", LM_F32, &shape));
    }
}

static void assign(random_graph *r, maker *m)
{
    int i = (int)pick(m, RANDOM_VARIABLES);
    lm_value *old = lm__graph_read(m->graph, r->variables[i]), *x = recent(m);
    check_ok(lm__graph_assign(m->graph, r->variables[i], like_variable(pick(m, 2) ? lm_op_add(x, old) : x, old)));
}

void random_graph_make(random_graph *r, unsigned seed, int nodes)
{
    maker m = {.graph = lm__graph_new(&lm__ops, NULL), .state = seed * 7919u + 1};
    memset(r, 0, sizeof *r);
    r->graph = m.graph;
    make_inputs(r, &m);
    make_variables(r, &m);
    for (int i = 0; i < nodes; i++) {
        grow(&m);
        if (pick(&m, 8) == 0) assign(r, &m);
    }
    assign(r, &m);
    for (int i = 0; i < RANDOM_OUTPUTS; i++) {
        r->outputs[i] = r->output_data[i];
        check_ok(lm__graph_output(m.graph, i == 0 ? m.pool[m.n - 1] : any(&m)));
    }
    lm_value *guard = NULL;
    if (pick(&m, 2)) guard = lm_op_less(lm_op_mean(any(&m)), lm_op_fill(m.graph, LM_F32, 0, NULL, 0.1));
    check_ok(lm__graph_commit(m.graph, guard));
}

void random_graph_free(random_graph *r)
{
    lm_free(r->graph);
    for (int i = 0; i < RANDOM_VARIABLES; i++) lm_free(r->variables[i]), lm_free(r->initial[i]);
}

void random_graph_reset(random_graph *r)
{
    memset(r->output_data, 0, sizeof r->output_data);
    for (int i = 0; i < RANDOM_VARIABLES; i++) check_ok(lm_variable_set(r->variables[i], r->initial[i]));
}

void random_graph_results(const random_graph *r, float *out)
{
    memset(out, 0, sizeof(float) * RANDOM_RESULTS);
    memcpy(out, r->output_data, sizeof r->output_data);
    for (int i = 0; i < RANDOM_VARIABLES; i++) {
        const lm_tensor *t = lm_variable_value(r->variables[i]);
        memcpy(out + (RANDOM_OUTPUTS + i) * RANDOM_MOST, lm_tensor_read(t), lm_tensor_bytes(t));
    }
}
