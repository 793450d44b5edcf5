/* Building, errors, state, cloning, inlining, pruning, the verifier, printing. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "graph/graph.h"
#include "graph/special.h"
#include "ops/support.h"
#include "support/oom.h"

static lm_variable *variable(const char *name, int n)
{
    lm_tensor *t = lm_tensor_new(LM_F32, 1, (int64_t[]){n});
    lm_variable *v = lm_variable_new(name, t, true);
    lm_free(t);
    return v;
}

static void check_listing(const lm_graph *g, const char *wanted)
{
    lm__text text = {0};
    lm__graph_print(g, &text);
    assert_string_equal(text.data, wanted);
    lm__free(text.data);
}

static void shapes_and_listing(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 28, 28, 1);
    lm__graph_scope(g, "flatten");
    lm_value *flat = lm_op_reshape(x, 2, (int64_t[]){LM_ANY, 784});
    lm__graph_scope(g, "");
    lm_value *s = lm_op_sum(flat, 1), *y = lm_op_add(s, lm_scalar(g, LM_F32, 2));
    check_ok(lm__graph_output(g, y));
    check_ok(lm__graph_verify(g));
    lm_dtype dtype;
    int64_t dims[LM_MAX_RANK];
    assert_int_equal(lm_value_shape(flat, &dtype, dims), 2);
    assert_true(dtype == LM_F32 && dims[0] == LM_ANY && dims[1] == 784);
    check_listing(g, "%0 = input() float32 (N, 28, 28, 1) {name=\"x\", dtype=float32, shape=(N, 28, 28, 1)}\n"
                     "%1 = reshape(%0) float32 (N, 784) {shape=(N, 784)} @flatten\n"
                     "%2 = sum(%1) float32 (N,) {axes=[1, 0, 0, 0, 0, 0, 0, 0], naxes=1, keepdims=false}\n"
                     "%3 = fill() float32 () {dtype=float32, shape=(), value=2}\n"
                     "%4 = add(%2, %3) float32 (N,)\n"
                     "return %4\n");
    lm_free(g);
}

static void the_first_error_stays(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *y = lm_placeholder(g, "y", LM_F32, LM_ANY, 4);
    lm__graph_scope(g, "dense_1");
    lm_value *bad = lm_op_add(x, y);
    assert_true(lm__bad(bad));
    assert_int_equal(lm_value_shape(bad, NULL, NULL), -1);
    const char *message = "dense_1: add: the shapes of inputs 0 and 1 do not fit: shapes (N, 3) and (N, 4)";
    check_contains(lm_error(g), message);
    assert_true(lm__bad(lm_op_exp(bad)) && lm__bad(lm_op_exp(x)) && lm__bad(lm_scalar(g, LM_F32, 1)));
    assert_true(lm__bad(lm_op_reshape(bad, 1, (int64_t[]){3})) && lm__bad(lm_op_sum(bad)));
    check_status(lm__graph_output(g, x), LM_INVALID);
    check_status(lm__graph_verify(g), LM_INVALID);
    check_contains(lm_error(g), message);
    lm_clear(g);
    assert_false(lm__bad(lm_op_exp(x)));
    check_ok(lm__graph_verify(g));
    lm_free(g);
}

/* Each builds a mistake; the graph must say `wanted`. */
static void check_refused(lm_graph *g, lm_value *value, const char *wanted)
{
    assert_true(lm__bad(value));
    assert_int_equal(lm_status_of(g), LM_INVALID);
    check_contains(lm_error(g), wanted);
    lm_clear(g);
}

static void refusals(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new(), *h = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *i = lm_placeholder(g, "i", LM_I32, 3);
    lm_value *other = lm_placeholder(h, "x", LM_F32, LM_ANY, 3);
    check_refused(g, lm_op_add(x, other), "add: input 1 belongs to another graph");
    check_refused(g, lm_op_add(x, NULL), "add: input 1 is NULL");
    check_refused(g, lm_op_add(x, i), "add: takes inputs of one type");
    check_refused(g, lm_op_add(x, i), "float32 (N, 3), int32 (3,)");
    check_refused(g, lm_op_exp(i), "exp: does not take int32");
    check_refused(g, lm_op_sum(x, 2), "sum: axis 2 is out of range for a value of rank 2");
    check_refused(g, lm_op_sum(x, 1, -1), "sum: axis -1 is named twice");
    check_refused(g, lm_op_reshape(i, 2, (int64_t[]){LM_ANY, 2}),
                  "reshape: 3 elements cannot be divided into groups of 2");
    check_refused(g, lm_op_reshape(i, 2, (int64_t[]){LM_ANY, LM_ANY}), "both open");
    check_refused(g, lm_op_reshape(i, 1, (int64_t[]){4}), "reshape: 3 elements do not fit shape (4,), which has 4");
    check_refused(g, lm_op_reshape(i, 9, (int64_t[9]){0}), "rank 9");
    check_refused(g, lm_op_broadcast_to(i, 1, (int64_t[]){4}), "cannot be repeated to shape (4,)");
    check_refused(g, lm_op_broadcast_to(i, 1, (int64_t[]){-4}), "dimension 0 of the shape is -4");
    int64_t huge = INT64_MAX / 2;
    check_refused(g, lm_placeholder(g, "h", LM_F32, huge, huge), "negative or too large");
    check_refused(g, lm_placeholder(g, "h", LM_F32, -7), "dimension 0 of the shape is -7");
    check_refused(g, lm_placeholder(g, "h", (lm_dtype)99, 7), "no such dtype");
    check_refused(g, lm_constant(g, NULL), "lm_constant: tensor");
    assert_true(lm__bad(lm_op_add(NULL, NULL)));
    assert_true(lm__bad(lm_scalar(NULL, LM_F32, 1)) && lm__bad(lm_placeholder(NULL, "x", LM_F32, 1)));
    check_ok(lm__graph_verify(g));
    lm_free(g);
    lm_free(h);
}

static void versions_of_state(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_variable *w = variable("w", 3), *u = variable("u", 3), *v = variable("v", 2);
    lm_value *w0 = lm_read(g, w), *u0 = lm_read(g, u);
    assert_ptr_equal(w0, lm_read(g, w));
    lm_value *w1 = lm_op_add(w0, u0);
    check_ok(lm_assign(g, w, w1));
    assert_ptr_equal(lm_read(g, w), w1);
    check_ok(lm_assign(g, w, lm_op_multiply(lm_read(g, w), u0)));
    check_status(lm_assign(g, v, w1), LM_INVALID);
    check_contains(lm_error(g), "variable \"v\" is float32 (2,), the value assigned float32 (3,)");
    lm_clear(g);
    lm_value *guard = lm_placeholder_new(g, "ok", LM_BOOL, 0, NULL);
    check_ok(lm__graph_commit(g, guard));
    check_ok(lm__graph_verify(g));
    int stores = 0;
    for (lm__node *n = g->first; n; n = n->next) {
        if (n->op != g->table->store) continue;
        stores++;
        assert_ptr_equal(n->in[0], w0);
        assert_string_equal(n->in[1]->node->op->name, "multiply");
        assert_ptr_equal(n->in[2], guard);
        assert_ptr_equal(((lm__variable_attr *)n->attr)->variable, w);
    }
    assert_int_equal(stores, 1);
    lm_free(w), lm_free(u), lm_free(v);
    assert_string_equal(lm_variable_name(g->states[0].variable), "w"); /* the graph holds it */
    lm_free(g);
}

static void clone_binds_sizes(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new(), *c;
    lm_variable *w = variable("w", 4);
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, LM_ANY), *dead = lm_op_exp(x);
    lm_placeholder(g, "unused", LM_F32, 2);
    lm__graph_scope(g, "layer");
    lm_value *r = lm_op_reshape(x, 2, (int64_t[]){LM_ANY, 4}), *y = lm_op_multiply(r, lm_read(g, w));
    check_ok(lm_assign(g, w, lm_op_sum(y, 0)));
    check_ok(lm__graph_output(g, lm_op_sum(y, 1)));
    check_ok(lm__graph_commit(g, NULL));
    (void)dead;
    int64_t sizes[] = {6, 2};
    check_ok(lm__graph_clone(g, sizes, &c));
    check_ok(lm__graph_verify(c));
    check_listing(c, "%0 = input() float32 (6, 2) {name=\"x\", dtype=float32, shape=(6, 2)}\n"
                     "%2 = input() float32 (2,) {name=\"unused\", dtype=float32, shape=(2,)}\n"
                     "%3 = reshape(%0) float32 (3, 4) {shape=(3, 4)} @layer\n"
                     "%4 = variable() float32 (4,) {variable=\"w\"} @layer\n"
                     "%5 = multiply(%3, %4) float32 (3, 4) @layer\n"
                     "%6 = sum(%5) float32 (4,) {axes=[0, 0, 0, 0, 0, 0, 0, 0], naxes=1, keepdims=false} @layer\n"
                     "%7 = sum(%5) float32 (3,) {axes=[1, 0, 0, 0, 0, 0, 0, 0], naxes=1, keepdims=false} @layer\n"
                     "%8 = store(%4, %6) {variable=\"w\"} @layer\n"
                     "return %7\n");
    assert_true(c->ninputs == 2 && c->nstates == 1 && c->states[0].current == &c->states[0].current->node->out[0]);
    lm_free(c);
    check_ok(lm__graph_clone(g, (int64_t[]){6, -1}, &c)); /* one symbol stays */
    char text[64];
    assert_string_equal(lm__shape_print(c->dims, &c->outputs[0]->shape, text, sizeof text), "((3*x.1)//2,)");
    lm_free(c);
    check_status(lm__graph_clone(g, (int64_t[]){3, 3}, &c), LM_INVALID);
    assert_null(c);
    check_contains(lm_last_error(), "layer: reshape: 9 elements do not fit shape (2, 4)");
    lm_free(w);
    lm_free(g);
}

static void inlining(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new(), *body = lm__graph_new(&lm__ops, g->dims);
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 3), *out[2];
    lm_value *b = lm__graph_input(body, "b", LM_F32, &x->shape);
    check_ok(lm__graph_output(body, lm_op_multiply(b, b)));
    check_ok(lm__graph_output(body, b));
    check_ok(lm__graph_inline(g, body, &x, out));
    assert_ptr_equal(out[1], x);
    assert_true(out[0]->node->graph == g && out[0]->node->in[0] == x);
    check_ok(lm__graph_verify(g));
    lm_value *wrong = lm_op_sum(x);
    check_status(lm__graph_inline(g, body, &wrong, out), LM_INVALID);
    assert_true(lm__bad(out[0]));
    lm_free(body);
    lm_free(g);
}

static void edits(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 3), *a = lm_op_exp(x), *b = lm_op_exp(a), *c = lm_op_add(a, b);
    check_ok(lm__graph_output(g, c));
    assert_int_equal(lm__graph_prune(g), 0);
    g->before = c->node;
    lm_value *n = lm_op_multiply(x, x);
    g->before = NULL;
    assert_ptr_equal(n->node->next, c->node);
    lm__graph_replace(g, b, n);
    assert_ptr_equal(c->node->in[1], n);
    assert_int_equal(lm__graph_prune(g), 1);
    check_ok(lm__graph_verify(g));
    lm__graph_replace(g, c, x);
    assert_ptr_equal(g->outputs[0], x);
    assert_int_equal(lm__graph_prune(g), 3);
    assert_true(g->first == g->last && g->first == x->node);
    lm_free(g);
}

/* The verifier must see each of these. */
static void verifier_finds(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 3), *a = lm_op_exp(x), *b = lm_op_add(a, x), saved = *b;
    check_ok(lm__graph_output(g, b));
    check_ok(lm__graph_verify(g));
    a->node->in[0] = b;
    check_status(lm__graph_verify(g), LM_INTERNAL);
    check_contains(lm_last_error(), "node %1 (exp): input 0 is no value made before it");
    a->node->in[0] = x;
    b->dtype = LM_F64;
    check_status(lm__graph_verify(g), LM_INTERNAL);
    *b = saved;
    b->shape.dim[0] = 4;
    check_status(lm__graph_verify(g), LM_INTERNAL);
    *b = saved;
    g->outputs[0] = &saved;
    check_status(lm__graph_verify(g), LM_INTERNAL);
    g->outputs[0] = b;
    b->node->id = a->node->id;
    check_status(lm__graph_verify(g), LM_INTERNAL);
    b->node->id = 2;
    check_ok(lm__graph_verify(g));
    lm_free(g);
}

static void attributes(void **state)
{
    (void)state;
    lm__fill_attr a = {.dtype = LM_F32, .shape = {1, {3}}, .value = 2}, b = a;
    assert_true(lm__attr_equal(&lm__op_fill, &a, &b));
    assert_true(lm__attr_hash(&lm__op_fill, &a) == lm__attr_hash(&lm__op_fill, &b));
    b.value = 3;
    assert_false(lm__attr_equal(&lm__op_fill, &a, &b));
    assert_true(lm__attr_hash(&lm__op_fill, &a) != lm__attr_hash(&lm__op_fill, &b));
    b = a, b.shape.dim[0] = 4;
    assert_false(lm__attr_equal(&lm__op_fill, &a, &b));
    char name[] = "x", same[] = "x";
    lm__input_attr p = {.name = name, .shape = {0}}, q = {.name = same, .shape = {0}};
    assert_true(lm__attr_equal(&lm__op_input, &p, &q));
    same[0] = 'y';
    assert_false(lm__attr_equal(&lm__op_input, &p, &q));
}

static void variables(void **state)
{
    (void)state;
    lm_variable *w = variable("w", 3), *poor = lm_variable_new("p", NULL, true);
    float data[] = {1, 2, 3};
    lm_tensor *three = lm_tensor_copy_of(LM_F32, 1, (int64_t[]){3}, data),
              *two = lm_tensor_new(LM_F32, 1, (int64_t[]){2});
    check_ok(lm_variable_set(w, three));
    assert_true(lm_tensor_get(lm_variable_value(w), 2) == 3);
    check_status(lm_variable_set(w, two), LM_INVALID);
    check_contains(lm_last_error(), "variable \"w\" is float32 (3,), the new value float32 (2,)");
    assert_true(lm_failed(poor) && lm_failed(lm_variable_value(poor)));
    lm_graph *g = lm_graph_new();
    assert_true(lm__bad(lm_read(g, poor)) && lm_failed(g));
    assert_string_equal(lm_variable_name(NULL), "");
    lm_free(g), lm_free(w), lm_free(poor), lm_free(three), lm_free(two);
}

static lm_status build_all(void *user)
{
    (void)user;
    lm_variable *w = variable("w", 4);
    lm_graph *g = lm_graph_new(), *c = NULL;
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, LM_ANY), *dw = NULL;
    lm__graph_scope(g, "layer");
    lm_value *r = lm_op_reshape(x, 2, (int64_t[]){LM_ANY, 4}), *read = lm_read(g, w);
    lm_value *y = lm_op_sum(lm_op_exp(lm_op_multiply(r, read)));
    lm_status status = lm_gradients(y, 1, &read, &dw);
    if (status == LM_OK) status = lm_assign(g, w, lm_op_add(read, dw));
    if (status == LM_OK) status = lm__graph_output(g, y);
    if (status == LM_OK) status = lm__graph_commit(g, NULL);
    if (status == LM_OK) status = lm__graph_clone(g, (int64_t[]){3, 8}, &c);
    if (status == LM_OK) status = lm__graph_verify(c);
    if (status == LM_OK || lm_failed(g)) status = lm_status_of(g);
    lm_free(c), lm_free(g), lm_free(w);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    oom_each(build_all, NULL);
}

RUN(cmocka_unit_test(shapes_and_listing), cmocka_unit_test(the_first_error_stays), cmocka_unit_test(refusals),
    cmocka_unit_test(versions_of_state), cmocka_unit_test(clone_binds_sizes), cmocka_unit_test(inlining),
    cmocka_unit_test(edits), cmocka_unit_test(verifier_finds), cmocka_unit_test(attributes),
    cmocka_unit_test(variables), cmocka_unit_test(out_of_memory))
