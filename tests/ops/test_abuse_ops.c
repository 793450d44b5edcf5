/* tests/ops/test_abuse_ops.c: graphs drawn from every public op with values, axes, sizes and types that mostly do not
 * fit, then gradients, then runs. Nothing may crash, hang or leak, and now and then a graph must run. */
#include "support/check.h"
#include "support/abuse.h"

#include <lamina/lamina.h>

enum { LIMIT = 1 << 20, GRAPHS = 3000, VALUES = 24, INPUTS = 3 };

static lm_value *value[VALUES];
static int nvalues;
static uint64_t one_in;                 /* one argument in so many is bad */

static lm_value *any(void)
{
    return abuse_below(one_in) ? value[abuse_below((uint64_t)nvalues)] : NULL;
}

static void keep(lm_value *v) { value[nvalues < VALUES ? nvalues++ : (int)abuse_below(VALUES)] = v; }
static int64_t number(void) { return abuse_below(one_in) ? (int64_t)abuse_below(4) : abuse_number(); }
static int axis(void) { return abuse_below(one_in) ? (int)abuse_below(5) - 2 : (int)abuse_number(); }
static bool yes(void) { return abuse_below(2); }

static lm_dtype type(void)
{
    return (lm_dtype)(abuse_below(one_in) ? (int64_t)abuse_below(LM_DTYPE_COUNT) : abuse_number());
}

static void numbers(int64_t list[LM_MAX_RANK])
{
    for (int i = 0; i < LM_MAX_RANK; i++) list[i] = number();
}

/* --- the ops ------------------------------------------------------------------------------------------------ */

static lm_value *unary(void)
{
    static lm_value *(*const all[])(lm_value *) = {
        lm_op_absolute, lm_op_arccos, lm_op_arcsin, lm_op_arctan, lm_op_ceil, lm_op_cos, lm_op_cosh, lm_op_erf,
        lm_op_exp, lm_op_expm1, lm_op_floor, lm_op_isfinite, lm_op_log, lm_op_log1p, lm_op_logical_not,
        lm_op_negative, lm_op_reciprocal, lm_op_relu, lm_op_round, lm_op_rsqrt, lm_op_sigmoid, lm_op_sign,
        lm_op_sin, lm_op_sinh, lm_op_softplus, lm_op_sqrt, lm_op_square, lm_op_stop_gradient, lm_op_tan,
        lm_op_tanh};
    return all[abuse_below(sizeof all / sizeof *all)](any());
}

static lm_value *binary(void)
{
    static lm_value *(*const all[])(lm_value *, lm_value *) = {
        lm_op_add, lm_op_arctan2, lm_op_divide, lm_op_equal, lm_op_floor_divide, lm_op_greater,
        lm_op_greater_equal, lm_op_less, lm_op_less_equal, lm_op_logical_and, lm_op_logical_or, lm_op_maximum,
        lm_op_minimum, lm_op_mod, lm_op_multiply, lm_op_not_equal, lm_op_power, lm_op_subtract,
        lm_op_random_fold};
    return all[abuse_below(sizeof all / sizeof *all)](any(), any());
}

static lm_value *reduction(void)
{
    static lm_value *(*const all[])(lm_value *, int, const int64_t *, bool) = {
        lm_op_sum_over, lm_op_mean_over, lm_op_max_over, lm_op_min_over, lm_op_prod_over, lm_op_logsumexp_over};
    int64_t axes[LM_MAX_RANK];
    numbers(axes);
    return all[abuse_below(6)](any(), (int)number(), abuse_below(one_in) ? axes : NULL, yes());
}

static lm_value *shaping(void)
{
    int64_t list[LM_MAX_RANK], *given = abuse_below(one_in) ? list : NULL;
    int n = (int)number();
    numbers(list);
    switch (abuse_below(11)) {
    case 0: return lm_op_reshape(any(), n, given);
    case 1: return lm_op_broadcast_to(any(), n, given);
    case 2: return lm_op_transpose_by(any(), n, given);
    case 3: return lm_op_flip_by(any(), n, given);
    case 4: return lm_op_squeeze_by(any(), n, given);
    case 5: return lm_op_tile_by(any(), n, given);
    case 6: return lm_op_expand_dims(any(), axis());
    case 7: return lm_op_slice(any(), .begin = {number(), number()}, .sizes = {number()}, .strides = {number()});
    case 8: return lm_op_pad(any(), .low = {number(), number()}, .high = {number()}, .value = abuse_double());
    case 9: return abuse_below(one_in) ? lm_op_transpose(any()) : lm_op_pad_new(any(), NULL);
    default: return abuse_below(one_in) ? lm_op_reshape(any(), 1, (int64_t[]){LM_ANY}) : lm_op_slice_new(any(), NULL);
    }
}

static lm_value *indexing(void)
{
    lm_value *list[3] = {any(), any(), any()};
    int n = (int)number();
    switch (abuse_below(9)) {
    case 0: return lm_op_gather(any(), any(), axis());
    case 1: return lm_op_scatter_add(any(), any(), number(), axis());
    case 2: return lm_op_one_hot(any(), number(), axis(), type());
    case 3: return lm_op_concatenate(n > 3 ? 3 : n, abuse_below(one_in) ? list : NULL, axis());
    case 4: return lm_op_stack(n > 3 ? 3 : n, abuse_below(one_in) ? list : NULL, axis());
    case 5: return lm_op_argmax(any(), axis());
    case 6: return lm_op_cast(any(), type());
    case 7: return lm_op_size(any(), type());
    default: return lm_op_where(any(), any(), any());
    }
}

static const char *padding(void) { return abuse_below(one_in) ? yes() ? "same" : "valid" : abuse_text(); }

static lm_value *windows(void)
{
    int64_t shape[4] = {number(), number(), number(), number()}, s = number();
    const int64_t *given = abuse_below(one_in) ? shape : NULL;
    switch (abuse_below(7)) {
    case 0:
        return lm_op_conv2d(any(), any(), .strides = {s}, .padding = padding(), .dilation = {number()},
                            .groups = number());
    case 1: return lm_op_conv2d_backward_input(any(), any(), given, .strides = {s}, .padding = padding());
    case 2: return lm_op_conv2d_backward_kernel(any(), any(), given, .strides = {s}, .pads = {number(), number()});
    case 3: return lm_op_max_pool2d(any(), .pool_size = {s, number()}, .strides = {number()}, .padding = padding());
    case 4: return lm_op_max_pool2d_index(any(), .pool_size = {s}, .padding = padding());
    case 5: return lm_op_average_pool2d(any(), .pool_size = {s}, .padding = padding());
    default: return abuse_below(one_in) ? lm_op_conv2d(any(), any()) : lm_op_conv2d_new(any(), any(), NULL);
    }
}

static lm_value *numeric(lm_graph *g)
{
    int64_t dims[LM_MAX_RANK];
    numbers(dims);
    switch (abuse_below(9)) {
    case 0: return lm_op_matmul(any(), any(), .transpose_a = yes(), .transpose_b = yes());
    case 1: return lm_op_softmax(any(), axis());
    case 2: return lm_op_log_softmax(any(), axis());
    case 3: return lm_op_clip(any(), abuse_double(), abuse_double());
    case 4: return lm_op_fill(g, type(), (int)number(), dims, abuse_double());
    case 5: return lm_op_random_uniform(any(), .shape = {number(), number()}, .dtype = type(), .low = abuse_double());
    case 6: return lm_op_random_normal(any(), .like = yes() ? any() : NULL, .stddev = abuse_double());
    case 7: return lm_op_random_bernoulli(any(), .shape = {number()}, .p = abuse_double());
    default: return lm_op_random_truncated_normal(any(), .like = any(), .mean = abuse_double());
    }
}

static lm_status body(void *user, lm_graph *g, lm_value *const *in, lm_value **out)
{
    switch (abuse_below(one_in) ? 3 : abuse_below(3)) {
    case 0: return LM_OK;                               /* sets nothing */
    case 1: out[0] = value[0]; return LM_OK;            /* of another graph */
    case 2: return LM_CORRUPT;
    default: out[0] = user ? lm_op_tanh(in[0]) : lm_scalar(g, LM_F32, 1); return LM_OK;
    }
}

static void several(void)
{
    lm_value *out[8] = {NULL}, *v = any();      /* v: whether the body gets something */
    int n = (int)number();
    switch (abuse_below(5)) {
    case 0:
        lm_op_split(any(), n > 4 ? 4 : n, yes() ? NULL : (int64_t[]){number(), number(), 1, 1}, axis(), out);
        break;
    case 1: lm_op_moments(any(), n > 2 ? 2 : n, (int64_t[]){number(), number()}, yes(), &out[0], &out[1]); break;
    case 2: lm_op_if(out, .predicate = any(), .captures = {v}, .then = body, .otherwise = body, .user = v); break;
    case 3:
        lm_op_scan(out, .carries = {v}, .length = number(), .body = abuse_below(one_in) ? body : NULL, .user = v);
        break;
    default:
        lm_op_scan(abuse_below(one_in) ? out : NULL, .carries = {v}, .sequences = {any()}, .body = body,
                   .reverse = yes(), .user = v);
        if (abuse_below(one_in)) break;
        lm_op_scan_new(NULL, NULL), lm_op_if_new(NULL, NULL), lm_op_if(NULL, .predicate = any());
        lm_op_split(any(), 1, NULL, 0, NULL);
    }
    for (int i = 0; i < 8; i++)
        if (out[i]) keep(out[i]);
}

static void one_op(lm_graph *g)
{
    switch (abuse_below(10)) {
    case 0: case 1: keep(unary()); break;
    case 2: case 3: keep(binary()); break;
    case 4: keep(reduction()); break;
    case 5: keep(shaping()); break;
    case 6: keep(indexing()); break;
    case 7: keep(windows()); break;
    case 8: keep(numeric(g)); break;
    default: several();
    }
}

/* --- a graph ------------------------------------------------------------------------------------------------ */

static lm_tensor *tensor[INPUTS];

/* Inputs: a picture, a matrix, whole numbers; and a key. */
static void inputs(lm_graph *g)
{
    static const int64_t dims[INPUTS][4] = {{2, 5, 5, 2}, {3, 4}, {3}};
    static const int rank[INPUTS] = {4, 2, 1};
    nvalues = 0;
    for (int i = 0; i < INPUTS; i++) {
        lm_dtype of = i == 2 ? LM_I32 : abuse_below(4) ? LM_F32 : LM_F64;
        int64_t open[4];
        memcpy(open, dims[i], sizeof open);
        if (yes() && i != 1) open[0] = LM_ANY, tensor[i] = NULL;
        keep(lm_placeholder_new(g, "x", of, rank[i], open));
        tensor[i] = lm_tensor_new(of, rank[i], dims[i]);
    }
    lm_tensor *key = lm_tensor_new(LM_I64, 1, (int64_t[]){2});
    keep(lm_constant(g, key)), keep(lm_scalar(g, LM_F32, 2)), keep(lm_scalar(g, LM_BOOL, yes()));
    lm_free(key);
}

static int ran;

static void run(lm_graph *g)
{
    lm_value *grads[2], *x[2] = {value[0], value[1]}, *last = any(), *other = any();
    lm_tensor *out[LM_FUNCTION_MAX] = {NULL};
    if (yes()) lm_gradients(any(), 2, x, grads), keep(grads[0]), keep(grads[1]);
    lm_clear(g);
    lm_function *f = lm_function(.graph = g, .inputs = {x[0], x[1], value[2]},
                                 .outputs = {last ? last : x[0], other, any()});
    for (int k = 0; k < 2; k++) {
        ran += lm_function_run(f, tensor, out) == LM_OK;
        for (int i = 0; i < LM_FUNCTION_MAX; i++) lm_free(out[i]), out[i] = NULL;
    }
    lm_free(f);
}

static void one_graph(void)
{
    lm_graph *g = lm_graph_new();
    one_in = (uint64_t[]){3, 12, 60, 400}[abuse_below(4)];
    inputs(g);
    for (uint64_t k = 4 + abuse_below(24); k; k--) {
        one_op(g);
        if (abuse_below(one_in)) lm_clear(g);       /* the mistake is forgiven: more can be made */
    }
    run(g);
    for (int i = 0; i < INPUTS; i++) lm_free(tensor[i]);
    lm_free(g);
}

static void wild_graphs(void **state)
{
    (void)state;
    abuse_limit(LIMIT);
    abuse_seed(1);
    for (int i = 0; i < 10; i++) one_graph();       /* what is made once in a process */
    size_t before = lm_memory().live;
    for (int i = 0; i < GRAPHS; i++) {
        abuse_seed((uint64_t)i);
        one_graph();
        size_t after = lm_memory().live;
        if (after != before) fail_msg("graph %d: %zu bytes before, %zu after", i, before, after);
    }
    abuse_limit(0);
    print_message("%d runs of %d graphs\n", ran, GRAPHS);
    assert_true(ran > GRAPHS / 10);
}

RUN(cmocka_unit_test(wild_graphs))
