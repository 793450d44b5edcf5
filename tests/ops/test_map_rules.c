/* What element-by-element ops take and refuse: types, broadcasting, attributes; and how they say so. */
#include "support/check.h"

#include "graph/graph.h"
#include "ops/registry.h"
#include "tensor/tensor.h"
#include <lamina/ops.h>
#include <math.h>

enum { FLOATS = 1, INTEGERS = 2, BOOL = 4, NUMBERS = FLOATS | INTEGERS, ALL = NUMBERS | BOOL };

static int class_of(lm_dtype dtype)
{
    return lm__is_float(dtype) ? FLOATS : lm__is_integer(dtype) ? INTEGERS : BOOL;
}

typedef struct rule {
    const lm__op *op;
    int takes;
    bool compares;                      /* the result is bool */
} rule;

static const rule rules[] = {
    {&lm__op_add, NUMBERS, false},        {&lm__op_subtract, NUMBERS, false},    {&lm__op_multiply, NUMBERS, false},
    {&lm__op_divide, FLOATS, false},      {&lm__op_power, NUMBERS, false},       {&lm__op_maximum, NUMBERS, false},
    {&lm__op_minimum, NUMBERS, false},    {&lm__op_floor_divide, NUMBERS, false}, {&lm__op_mod, NUMBERS, false},
    {&lm__op_negative, NUMBERS, false},   {&lm__op_absolute, NUMBERS, false},    {&lm__op_sign, NUMBERS, false},
    {&lm__op_reciprocal, FLOATS, false},  {&lm__op_square, NUMBERS, false},      {&lm__op_sqrt, FLOATS, false},
    {&lm__op_rsqrt, FLOATS, false},       {&lm__op_exp, FLOATS, false},          {&lm__op_expm1, FLOATS, false},
    {&lm__op_log, FLOATS, false},         {&lm__op_log1p, FLOATS, false},        {&lm__op_sin, FLOATS, false},
    {&lm__op_cos, FLOATS, false},         {&lm__op_tan, FLOATS, false},          {&lm__op_arcsin, FLOATS, false},
    {&lm__op_arcsinh, FLOATS, false},
    {&lm__op_arccos, FLOATS, false},      {&lm__op_arctan, FLOATS, false},       {&lm__op_arctan2, FLOATS, false},
    {&lm__op_sinh, FLOATS, false},        {&lm__op_cosh, FLOATS, false},         {&lm__op_tanh, FLOATS, false},
    {&lm__op_erf, FLOATS, false},         {&lm__op_floor, FLOATS, false},        {&lm__op_ceil, FLOATS, false},
    {&lm__op_round, FLOATS, false},       {&lm__op_relu, NUMBERS, false},        {&lm__op_sigmoid, FLOATS, false},
    {&lm__op_softplus, FLOATS, false},    {&lm__op_equal, ALL, true},            {&lm__op_not_equal, ALL, true},
    {&lm__op_less, ALL, true},            {&lm__op_less_equal, ALL, true},       {&lm__op_greater, ALL, true},
    {&lm__op_greater_equal, ALL, true},   {&lm__op_logical_and, BOOL, false},    {&lm__op_logical_or, BOOL, false},
    {&lm__op_logical_not, BOOL, false},   {&lm__op_isfinite, NUMBERS, true},     {&lm__op_stop_gradient, ALL, false},
};
enum { RULES = sizeof rules / sizeof *rules };

static void every_op_takes_its_types_and_no_others(void **state)
{
    (void)state;
    for (int r = 0; r < RULES; r++)
        for (int d = 0; d < LM_DTYPE_COUNT; d++) {
            const lm__op *op = rules[r].op;
            lm_graph *g = lm_graph_new();
            lm_value *x = lm_placeholder(g, "x", (lm_dtype)d, LM_ANY, 3);
            lm_value *y = lm__apply(g, op, NULL, op->min_inputs, (lm_value *[]){x, x});
            bool takes = class_of((lm_dtype)d) & rules[r].takes;
            if (takes == lm__bad(y)) fail_msg("%s of %s: %s", op->name, lm_dtype_name((lm_dtype)d), lm_error(g));
            if (takes) {
                assert_int_equal(y->dtype, rules[r].compares ? LM_BOOL : (lm_dtype)d);
                assert_int_equal(lm__shape_equal(g->dims, &y->shape, &x->shape), 1);
            } else {
                assert_int_equal(lm_status_of(g), LM_INVALID);
                check_contains(lm_error(g), op->name);
                check_contains(lm_error(g), lm_dtype_name((lm_dtype)d));
            }
            lm_free(g);
        }
}

static void every_map_op_has_a_rule(void **state)
{
    (void)state;
    for (const lm__op *const *op = lm__ops.ops; *op; op++) {
        bool found = (*op)->kind != LM__OP_MAP || *op == &lm__op_where || *op == &lm__op_cast || (*op)->attr_size;
        for (int r = 0; r < RULES; r++) found |= rules[r].op == *op;
        if (!found) fail_msg("%s has no line in `rules`", (*op)->name);
    }
}

/* A graph for refusals: x is float32 (2, 3), y float32 (4, 3), i int32 (2, 3), b bool (2, 3). */
typedef struct inputs {
    lm_graph *g;
    lm_value *x, *y, *i, *b;
} inputs;

static inputs make(void)
{
    lm_graph *g = lm_graph_new();
    return (inputs){g, lm_placeholder(g, "x", LM_F32, 2, 3), lm_placeholder(g, "y", LM_F32, 4, 3),
                    lm_placeholder(g, "i", LM_I32, 2, 3), lm_placeholder(g, "b", LM_BOOL, 2, 3)};
}

/* The graph must carry an error that has all the pieces; frees it. */
static void check_refused(lm_graph *g, const char *a, const char *b, const char *c)
{
    assert_int_equal(lm_status_of(g), LM_INVALID);
    check_contains(lm_error(g), a);
    check_contains(lm_error(g), b);
    check_contains(lm_error(g), c);
    lm_free(g);
}

static void shapes_that_do_not_fit_are_both_named(void **state)
{
    inputs v = make();
    (void)state;
    lm_op_subtract(v.x, v.y);
    check_refused(v.g, "subtract", "(2, 3)", "(4, 3)");
    v = make();
    lm_op_less(v.x, v.y);
    check_refused(v.g, "less", "(2, 3)", "(4, 3)");
    v = make();
    lm_op_where(v.b, v.y, v.y);
    check_refused(v.g, "where", "(2, 3)", "(4, 3)");
}

static void types_that_differ_are_both_named(void **state)
{
    inputs v = make();
    (void)state;
    lm_op_multiply(v.x, v.i);
    check_refused(v.g, "multiply", "float32", "int32");
    v = make();
    lm_op_where(v.b, v.x, v.i);
    check_refused(v.g, "where", "float32", "int32");
    v = make();
    lm_op_where(v.x, v.x, v.x);
    check_refused(v.g, "where", "float32", "bool");
}

static void limits_of_clip_are_checked(void **state)
{
    inputs v = make();
    (void)state;
    lm_op_clip(v.x, 1, 0);
    check_refused(v.g, "clip", "1", "0");
    v = make();
    lm_op_clip(v.x, NAN, 0);
    check_refused(v.g, "clip", "nan", "0");
    v = make();
    lm_op_clip(v.i, 0.5, 2);
    check_refused(v.g, "clip", "0.5", "int32");
    v = make();
    lm_op_clip(v.i, 0, 3e9);
    check_refused(v.g, "clip", "3e+09", "int32");
    v = make();
    lm_op_clip(v.b, 0, 1);
    check_refused(v.g, "clip", "bool", "(2, 3)");
    v = make();
    assert_false(lm__bad(lm_op_clip(v.i, -INFINITY, 7)));
    lm_free(v.g);
}

static void shapes_broadcast_together(void **state)
{
    lm_graph *g = lm_graph_new();
    (void)state;
    lm_value *condition = lm_placeholder(g, "c", LM_BOOL, 5, 1, 1), *x = lm_placeholder(g, "x", LM_F64, 1, 3),
             *y = lm_placeholder(g, "y", LM_F64, 2, 1), *n = lm_placeholder(g, "n", LM_F64, LM_ANY, 1);
    const lm__shape wanted = {3, {5, 2, 3}};
    lm_value *z = lm_op_where(condition, x, y);
    assert_int_equal(lm__shape_equal(g->dims, &z->shape, &wanted), 1);
    z = lm_op_divide(n, x);                                             /* (N, 1) and (1, 3): (N, 3) */
    assert_int_equal(z->shape.rank, 2);
    assert_true(z->shape.dim[0] == n->shape.dim[0] && z->shape.dim[1] == 3);
    lm_op_divide(n, y);                                                 /* N against 2 cannot be decided */
    check_refused(g, "divide", "(N, 1)", "(2, 1)");
}

static void cast_to_the_same_type_is_nothing(void **state)
{
    inputs v = make();
    (void)state;
    assert_ptr_equal(lm_op_cast(v.x, LM_F32), v.x);
    assert_int_equal(lm_op_cast(v.x, LM_I64)->dtype, LM_I64);
    lm_op_cast(v.x, (lm_dtype)77);
    check_refused(v.g, "cast", "77", "dtype");
}

RUN(cmocka_unit_test(every_op_takes_its_types_and_no_others), cmocka_unit_test(every_map_op_has_a_rule),
    cmocka_unit_test(shapes_that_do_not_fit_are_both_named), cmocka_unit_test(types_that_differ_are_both_named),
    cmocka_unit_test(limits_of_clip_are_checked), cmocka_unit_test(shapes_broadcast_together),
    cmocka_unit_test(cast_to_the_same_type_is_nothing))
