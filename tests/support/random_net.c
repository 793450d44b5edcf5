/* tests/support/random_net.c: see the header. Activations are bounded, so that no step goes astray. */
#include "support/check.h"
#include "support/random_net.h"
#include "ops/registry.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <lamina/step.h>
#include <math.h>
#include <stdlib.h>

typedef struct maker {
    random_net *net;
    lm_graph *graph;
    lm_variable *seeds;
    uint64_t state;
    int64_t batch;
    bool large;                         /* enough for what is done to large arrays alone */
} maker;

static unsigned pick(maker *m, unsigned n)
{
    m->state = m->state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(m->state >> 40) % n;
}

static int64_t size(maker *m)
{
    static const int64_t sizes[] = {1, 2, 3, 5, 8, 13, 16, 17, 24, 32, 33, 48, 64, 80, 130};
    return m->large ? sizes[4 + pick(m, 11)] : sizes[pick(m, 11)];
}

static lm_value *number(maker *m, double x) { return lm_scalar(m->graph, LM_F32, x); }

/* --- variables -------------------------------------------------------------------------------------------------- */

static lm_variable *variable(maker *m, int rank, const int64_t *dims, double low, double high)
{
    random_net *r = m->net;
    if (r->variables == NET_VARIABLES) fail_msg("too many variables");
    lm_tensor *t = lm_tensor_new(LM_F32, rank, dims);
    float *data = lm_tensor_data(t);
    for (size_t i = 0; i < lm_tensor_size(t); i++)
        data[i] = (float)(low + (high - low) * (double)pick(m, 10000) / 10000);
    r->initial[r->variables] = t;
    return r->variable[r->variables++] = lm_variable_new("v", t, true);
}

/* Small enough that sums of `terms` stay near 1. */
static lm_value *weights(maker *m, int64_t terms, int rank, const int64_t *dims)
{
    double most = 1.5 / sqrt((double)terms + 1);
    return lm_read(m->graph, variable(m, rank, dims, -most, most));
}

static lm_value *vector(maker *m, int64_t n, double low, double high)
{
    return lm_read(m->graph, variable(m, 1, (int64_t[]){n}, low, high));
}

/* Memory of a caller who aligns nothing. */
static float *numbers(size_t n)
{
    return (float *)calloc(n + 1, sizeof(float)) + 1;
}

static void output(maker *m, lm_value *v)
{
    random_net *r = m->net;
    if (r->noutputs == NET_OUTPUTS) return;
    check_ok(lm__graph_output(m->graph, v));
    size_t n = 1;
    for (int d = 0; d < v->shape.rank; d++) n *= (size_t)v->shape.dim[d];
    r->outputs[r->noutputs] = n;
    r->output[r->noutputs++] = numbers(n);
}

/* --- layers ----------------------------------------------------------------------------------------------------- */

static int64_t last(const lm_value *x) { return x->shape.dim[x->shape.rank - 1]; }

static lm_value *activation(maker *m, lm_value *x)
{
    switch (pick(m, 8)) {
    case 0: return lm_op_tanh(x);
    case 1: return lm_op_sigmoid(x);
    case 2: return lm_op_gelu(x, pick(m, 2));
    case 3: return lm_op_relu(x);
    case 4: return lm_op_where(lm_op_greater(x, number(m, 0)), x, lm_op_multiply(x, number(m, 0.3)));
    case 5: return lm_op_softplus(lm_op_tanh(x));
    case 6: return lm_op_multiply(x, lm_op_sigmoid(x));
    default: return x;
    }
}

static lm_value *batch_norm(maker *m, lm_value *x)
{
    int64_t n = last(x), axes[4] = {0, 1, 2, 3};
    lm_variable *moving[2] = {variable(m, 1, &n, -0.2, 0.2), variable(m, 1, &n, 0.5, 1.5)};
    lm_value *mean = lm_read(m->graph, moving[0]), *var = lm_read(m->graph, moving[1]);
    if (pick(m, 3)) {                   /* in training */
        lm_value *old[2] = {mean, var};
        lm_op_moments(x, x->shape.rank - 1, axes, false, &mean, &var);
        lm_value *now[2] = {mean, var};
        for (int i = 0; i < 2; i++) {
            lm_value *kept = lm_op_multiply(old[i], number(m, 0.9));
            check_ok(lm_assign(m->graph, moving[i], lm_op_add(kept, lm_op_multiply(now[i], number(m, 0.1)))));
        }
    }
    lm_value *f = lm_op_rsqrt(lm_op_add(var, number(m, 0.1)));
    if (pick(m, 2)) f = lm_op_multiply(f, vector(m, n, 0.5, 1.5));
    lm_value *y = lm_op_multiply(lm_op_subtract(x, mean), f);
    return pick(m, 4) ? lm_op_add(y, vector(m, n, -0.3, 0.3)) : y;
}

static lm_value *dropout(maker *m, lm_value *x)
{
    lm_value *kept = lm_op_random_bernoulli(lm_seed_next(m->graph, m->seeds), .p = 0.7, .like = x);
    return lm_op_multiply(x, lm_op_multiply(kept, number(m, 1 / 0.7)));
}

/* In half nets products are bfloat16's, and at times what follows them. */
static lm_value *half(maker *m, lm_value *x) { return m->net->half ? lm_op_cast(x, LM_BF16) : x; }

static lm_value *whole(maker *m, lm_value *y)
{
    if (!m->net->half) return y;
    if (pick(m, 2)) y = lm_op_relu(lm_op_add(y, y));
    return lm_op_cast(y, LM_F32);
}

static lm_value *dense(maker *m, lm_value *x, int64_t n)
{
    lm_value *w = weights(m, last(x), 2, (int64_t[]){last(x), n});
    lm_value *y = whole(m, lm_op_matmul(half(m, x), half(m, w)));
    return pick(m, 4) ? lm_op_add(y, vector(m, n, -0.5, 0.5)) : y;
}

static lm_value *convolution(maker *m, lm_value *x)
{
    const int64_t *d = x->shape.dim, window = 1 + pick(m, 5), stride = 1 + pick(m, 2), filters = size(m);
    bool same = pick(m, 2) || d[1] < window || d[2] < window;
    lm_value *k = weights(m, window * window * d[3], 4, (int64_t[]){window, window, d[3], filters});
    lm_value *y = lm_op_conv2d(half(m, x), half(m, k), .strides = {stride, stride},
                               .padding = same ? "same" : "valid");
    y = whole(m, y);
    return pick(m, 3) ? lm_op_add(y, vector(m, filters, -0.5, 0.5)) : y;
}

static lm_value *pooling(maker *m, lm_value *x)
{
    if (x->shape.dim[1] < 2 || x->shape.dim[2] < 2) return x;
    if (pick(m, 3) == 0) return lm_op_average_pool2d(x, .pool_size = {2, 2});
    return lm_op_max_pool2d(x, .pool_size = {2, 2});
}

static lm_value *layer_norm(maker *m, lm_value *x)
{
    lm_value *gamma = pick(m, 4) ? vector(m, last(x), 0.5, 1.5) : NULL;
    lm_value *beta = pick(m, 4) ? vector(m, last(x), -0.5, 0.5) : NULL;
    return lm_op_layer_norm(x, gamma, beta, .epsilon = 0.05);
}

static lm_value *attention(maker *m, lm_value *x)
{
    int64_t heads = 1 + pick(m, 3), each = 1 + pick(m, 9), t = x->shape.dim[1];
    lm_value *part[3];
    for (int i = 0; i < 3; i++)
        part[i] = lm_op_reshape(dense(m, x, heads * each), 4, (int64_t[]){m->batch, t, heads, each});
    lm_value *y = lm_op_attention(part[0], part[1], part[2], .scale = 1 / sqrt((double)each), .causal = pick(m, 2));
    return lm_op_reshape(y, 3, (int64_t[]){m->batch, t, heads * each});
}

static lm_value *lstm(maker *m, lm_value *x)
{
    int64_t units = size(m), n = last(x);
    lm_value *kernel = weights(m, n, 2, (int64_t[]){n, 4 * units});
    lm_value *recurrent = weights(m, units, 2, (int64_t[]){units, 4 * units});
    return lm_op_lstm(x, kernel, recurrent, pick(m, 4) ? vector(m, 4 * units, -0.5, 0.5) : NULL);
}

/* A simple recurrent layer as a loop. */
static lm_status loop_body(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    lm_value *h = lm_op_add(in[1], lm_op_matmul(in[0], in[2]));
    (void)g;
    h = *(unsigned *)user ? lm_op_tanh(lm_op_add(h, in[3])) : lm_op_multiply(lm_op_sigmoid(h), in[3]);
    out[0] = out[1] = h;
    return LM_OK;
}

static lm_value *loop(maker *m, lm_value *x)
{
    int64_t n = size(m);
    unsigned kind = pick(m, 2);
    lm_value *sequence = lm_op_transpose(dense(m, x, n), 1, 0, 2), *out[2] = {x, x};
    lm_value *zero = lm_op_fill(m->graph, LM_F32, 2, (int64_t[]){m->batch, n}, 0);
    lm_value *matrix = weights(m, n, 2, (int64_t[]){n, n}), *more = vector(m, n, -0.5, 0.5);
    check_ok(lm_op_scan(out, .carries = {zero}, .sequences = {sequence}, .invariants = {matrix, more}, .outputs = 1,
                        .reverse = pick(m, 2), .body = loop_body, .user = &kind));
    return pick(m, 4) ? lm_op_transpose(out[1], 1, 0, 2) : lm_op_expand_dims(out[0], 1);
}

static lm_status then(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user, (void)g;
    out[0] = lm_op_tanh(lm_op_add(lm_op_matmul(in[0], in[1]), in[2]));
    return LM_OK;
}

static lm_status otherwise(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    (void)user;
    out[0] = lm_op_multiply(lm_op_sigmoid(lm_op_matmul(in[0], in[1])), lm_scalar(g, LM_F32, 0.5));
    return LM_OK;
}

static lm_value *branch(maker *m, lm_value *x)
{
    int64_t n = size(m);
    lm_value *w = weights(m, last(x), 2, (int64_t[]){last(x), n}), *b = vector(m, n, -0.5, 0.5), *y = x;
    lm_value *positive = lm_op_greater(lm_op_mean(x), number(m, 0.01));
    check_ok(lm_op_if(&y, .predicate = positive, .captures = {x, w, b}, .then = then, .otherwise = otherwise));
    return y;
}

/* --- networks --------------------------------------------------------------------------------------------------- */

/* What suits any shape. */
static lm_value *any_layer(maker *m, lm_value *x)
{
    switch (pick(m, 6)) {
    case 0: return batch_norm(m, x);
    case 1: return dropout(m, x);
    case 2: return layer_norm(m, x);
    case 3: return lm_op_add(x, activation(m, lm_op_multiply(x, number(m, 0.7))));
    case 4: return lm_op_multiply(x, lm_op_sigmoid(lm_op_mean_over(x, 1, (int64_t[]){-1}, true)));
    default: return activation(m, x);
    }
}

static lm_value *special_layer(maker *m, lm_value *x)
{
    if (x->shape.rank == 4) return pick(m, 4) ? convolution(m, x) : pooling(m, x);
    if (x->shape.rank == 2) return pick(m, 4) ? dense(m, x, size(m)) : branch(m, x);
    switch (pick(m, 4)) {
    case 0: return attention(m, x);
    case 1: return lstm(m, x);
    case 2: return loop(m, x);
    default: return dense(m, x, size(m));
    }
}

static lm_value *network(maker *m, lm_value *x, int layers)
{
    for (int i = 0; i < layers; i++) {
        lm_value *y = special_layer(m, x);
        if (lm__shape_equal(m->graph->dims, &x->shape, &y->shape) == 1 && pick(m, 2)) y = lm_op_add(x, y);
        for (unsigned more = pick(m, 3); more > 0; more--) y = any_layer(m, y);
        x = activation(m, y);
        if (lm__bad(x)) fail_msg("%s", lm_error(m->graph));
    }
    return x;
}

/* A number for each example, or several, from the end of the network. */
static lm_value *head(maker *m, lm_value *x)
{
    int64_t all = 1;
    for (int d = 1; d < x->shape.rank; d++) all *= x->shape.dim[d];
    if (x->shape.rank == 4 && pick(m, 2)) x = lm_op_mean(x, 1, 2);
    else x = lm_op_reshape(x, 2, (int64_t[]){m->batch, all});
    return dense(m, x, pick(m, 2) ? 1 : size(m));
}

static lm_value *loss_of(maker *m, lm_value *y)
{
    switch (pick(m, 4)) {
    case 0: return lm_op_mean(lm_op_square(lm_op_subtract(y, number(m, 0.3))));
    case 1: return lm_op_negative(lm_op_mean(lm_op_log_softmax(lm_op_add(y, lm_op_sin(y)), -1)));
    case 2: return lm_op_mean(lm_op_softplus(y));
    default: return lm_op_sum(lm_op_multiply(lm_op_softmax(y, -1), lm_op_tanh(y)));
    }
}

/* --- the step --------------------------------------------------------------------------------------------------- */

static lm_variable *slot(maker *m, const lm_value *like)
{
    int64_t dims[LM_MAX_RANK];
    for (int d = 0; d < like->shape.rank; d++) dims[d] = like->shape.dim[d];
    return variable(m, like->shape.rank, dims, 0, 0.01);
}

static void update(maker *m, lm_variable *v, lm_value *grad, unsigned rule)
{
    lm_value *old = lm_read(m->graph, v), *rate = number(m, 0.05), *step = grad;
    if (rule > 0) {
        lm_variable *first = slot(m, old);
        lm_value *average = lm_read(m->graph, first);
        average = lm_op_add(average, lm_op_multiply(lm_op_subtract(grad, average), number(m, 0.2)));
        check_ok(lm_assign(m->graph, first, average));
        step = average;
    }
    if (rule > 1) {
        lm_variable *second = slot(m, old);
        lm_value *average = lm_read(m->graph, second);
        average = lm_op_add(average, lm_op_multiply(lm_op_subtract(lm_op_square(grad), average), number(m, 0.1)));
        check_ok(lm_assign(m->graph, second, average));
        step = lm_op_divide(step, lm_op_add(lm_op_sqrt(average), number(m, 0.1)));
    }
    if (pick(m, 6) == 0) output(m, old);
    check_ok(lm_assign(m->graph, v, lm_op_subtract(old, lm_op_multiply(step, rate))));
    if (pick(m, 6) == 0) output(m, lm_op_tanh(lm_read(m->graph, v)));
}

/* Updates the variables first … end but for a few, by their gradients. */
static void minimize(maker *m, lm_value *loss, int first, int end)
{
    lm_variable *chosen[NET_VARIABLES];
    lm_value *old[NET_VARIABLES], *grads[NET_VARIABLES];
    int n = 0;
    unsigned rule = pick(m, 3);
    for (int i = first; i < end; i++)
        if (pick(m, 8)) chosen[n] = m->net->variable[i], old[n] = lm_read(m->graph, chosen[n]), n++;
    if (n == 0) return;
    check_ok(lm_gradients(loss, n, old, grads));
    for (int i = 0; i < n; i++)
        if (grads[i]) update(m, chosen[i], grads[i], rule);
}

static lm_value *input(maker *m)
{
    static const int64_t batches[] = {0, 1, 1, 2, 3, 7, 16, 21, 33, 64}, sides[] = {1, 4, 5, 6, 9, 12, 16, 21};
    lm__shape shape = {.rank = 2 + (int)pick(m, 3)};
    m->batch = shape.dim[0] = batches[m->large ? 5 + pick(m, 5) : pick(m, 9)];
    for (int d = 1; d < shape.rank; d++)
        shape.dim[d] = d == shape.rank - 1 ? size(m) : sides[m->large ? 3 + pick(m, 5) : pick(m, 6)];
    if (shape.rank == 3 && pick(m, 12) == 0) shape.dim[1] = 0;  /* no steps */
    m->net->inputs = 1;
    for (int d = 0; d < shape.rank; d++) m->net->inputs *= (size_t)shape.dim[d];
    m->net->input = numbers(m->net->inputs);
    return lm__graph_input(m->graph, "x", LM_F32, &shape);
}

void random_net_make(random_net *r, unsigned seed)
{
    memset(r, 0, sizeof *r);
    maker m = {.net = r, .graph = lm__graph_new(&lm__ops, NULL), .state = seed * 7919u + 3};
    r->graph = m.graph;
    m.seeds = lm_seed_generator(seed);
    r->initial[r->variables] =
        lm_tensor_copy_of(LM_I64, 1, (int64_t[]){2}, lm_tensor_read(lm_variable_value(m.seeds)));
    r->variable[r->variables++] = m.seeds;
    m.large = pick(&m, 16) == 0;
    r->half = pick(&m, 12) == 0;
    lm_value *x = input(&m);
    int first = r->variables;
    lm_value *middle = network(&m, x, 1 + (int)pick(&m, 2));
    int second = r->variables;
    lm_value *y = head(&m, network(&m, middle, (int)pick(&m, 3)));
    lm_value *loss = loss_of(&m, y), *other = pick(&m, 2) ? loss_of(&m, y) : NULL;
    int end = r->variables;
    output(&m, y);
    if (pick(&m, 3)) output(&m, loss);
    bool training = pick(&m, 5) != 0;
    if (training) minimize(&m, loss, other ? second : first, end);
    if (training && other) minimize(&m, other, first, second);
    r->guarded = pick(&m, 4) != 0;
    check_ok(lm__graph_commit(m.graph, r->guarded ? lm_op_isfinite(loss) : NULL));
    if (lm_error(m.graph) && *lm_error(m.graph)) fail_msg("%s", lm_error(m.graph));
}

void random_net_free(random_net *r)
{
    lm_free(r->graph);
    for (int i = 0; i < r->variables; i++) lm_free(r->variable[i]), lm_free(r->initial[i]);
    for (int i = 0; i < r->noutputs; i++) free((float *)r->output[i] - 1);
    free(r->input - 1);
}

void random_net_reset(random_net *r)
{
    for (int i = 0; i < r->variables; i++) check_ok(lm_variable_set(r->variable[i], r->initial[i]));
}

void random_net_input(random_net *r, int step, bool spoilt)
{
    for (size_t i = 0; i < r->inputs; i++)
        r->input[i] = sinf((float)(i % 1009) * (0.7f + 0.1f * (float)step) + (float)step);
    if (spoilt && r->inputs) r->input[r->inputs / 2] = nanf("");
}
