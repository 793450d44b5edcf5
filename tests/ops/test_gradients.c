/* Every op of the registry and every one of its samples: the gradient against central differences, first and second
 * order. */
#include "support/check.h"

#include "ops/support.h"
#include "support/gradcheck.h"
#include <stdio.h>

/* Ops that this test is about: those with sub-graphs have tests of their own, fused ones have no gradient. */
static bool is_plain(const lm__op *op)
{
    return op->kind != LM__OP_SPECIAL && op->kind != LM__OP_CONTROL && !(op->flags & LM__OP_FUSED);
}

/* The gradients of ops that are differentiable once have no gradient themselves. */
static bool is_last(const lm__op *op)
{
    return (op->flags & LM__OP_ONCE) && !op->gradient;
}

static void check_registry(int order)
{
    int wrong = 0, compared = 0;
    for (const lm__op *const *op = lm__ops.ops; *op; op++) {
        if (!is_plain(*op) || is_last(*op)) continue;
        if (order == 2 && ((*op)->flags & (LM__OP_ONCE | LM__OP_NO_GRADIENT))) continue;
        for (int i = 0; (*op)->samples && (*op)->samples[i].nin; i++) {
            gradcheck result;
            if (gradcheck_op(*op, &(*op)->samples[i], i, order, &result) != LM_OK) {
                print_message("%s, sample %d, order %d: %s\n", (*op)->name, i, order, lm_last_error());
                wrong++;
            } else if (result.wrong) {
                print_message("%s\n", result.message);
                wrong++;
            }
            compared += result.compared;
        }
    }
    print_message("order %d: %d numbers compared\n", order, compared);
    assert_true(compared > 500);
    assert_int_equal(wrong, 0);
}

static void first_order(void **state)
{
    (void)state;
    check_registry(1);
}

static void second_order(void **state)
{
    (void)state;
    check_registry(2);
}

static void every_differentiable_op_has_a_sample_that_is_compared(void **state)
{
    (void)state;
    for (const lm__op *const *op = lm__ops.ops; *op; op++) {
        if (!is_plain(*op) || is_last(*op) || ((*op)->flags & LM__OP_NO_GRADIENT)) continue;
        int compared = 0;
        for (int i = 0; (*op)->samples && (*op)->samples[i].nin; i++) {
            gradcheck result;
            check_ok(gradcheck_op(*op, &(*op)->samples[i], i, 1, &result));
            compared += result.compared;
        }
        if (!compared) fail_msg("%s: no sample has a float input whose gradient is checked", (*op)->name);
    }
}

static void a_second_gradient_is_refused_where_there_is_none(void **state)
{
    (void)state;
    for (const lm__op *const *op = lm__ops.ops; *op; op++) {
        gradcheck result;
        if (!is_plain(*op) || !is_last(*op)) continue;
        check_status(gradcheck_op(*op, &(*op)->samples[0], 0, 1, &result), LM_UNSUPPORTED);
        check_contains(lm_last_error(), (*op)->name);
    }
}

/* --- the check itself goes red -------------------------------------------------------------------------------------
 * */

static const lm__sample sample = {.nin = 1, .in = {{.rank = 2, .dims = {2, 3}, .low = 0.5, .high = 2}}};
LM_ROWS_NUMBERS(square)

static lm_status wrong_gradient(lm__vjp *v)
{
    v->grad_in[0] = lm_op_multiply(v->grad_out[0], v->in[0]); /* the 2 of 2 x forgotten */
    return LM_OK;
}

static lm_status no_gradient(lm__vjp *v)
{
    v->grad_in[0] = NULL;
    return LM_OK;
}

static const lm__op wrong_square = {.name = "wrong_square",
                                    .kind = LM__OP_MAP,
                                    .min_inputs = 1,
                                    .max_inputs = 1,
                                    .outputs = 1,
                                    .infer = lm__infer_map_same,
                                    .gradient = wrong_gradient,
                                    .rows = &rows};
static const lm__op forgetful_square = {.name = "forgetful_square", .kind = LM__OP_MAP, .min_inputs = 1,
                                        .max_inputs = 1, .outputs = 1, .infer = lm__infer_map_same,
                                        .gradient = no_gradient, .rows = &rows};

/* Right at first order; its gradient is made of an op whose own gradient is wrong. */
static lm_status gradient_of_cube(lm__vjp *v)
{
    lm_value *square = lm__apply1(&wrong_square, NULL, v->in[0]);
    v->grad_in[0] = lm_op_multiply(v->grad_out[0], lm_op_multiply(square, lm__like(v->in[0], 3)));
    return LM_OK;
}

static void cube_row(size_t n, const void *const *in, void *out, const double *imm)
{
    const double *x = in[0];
    (void)imm;
    for (size_t i = 0; i < n; i++) ((double *)out)[i] = x[i] * x[i] * x[i];
}
static const lm__rows cube_rows = {.of = {[LM_F64] = cube_row}};
static const lm__op half_right_cube = {.name = "half_right_cube",
                                       .kind = LM__OP_MAP,
                                       .min_inputs = 1,
                                       .max_inputs = 1,
                                       .outputs = 1,
                                       .infer = lm__infer_map_same,
                                       .gradient = gradient_of_cube,
                                       .rows = &cube_rows};

static void a_wrong_gradient_is_found(void **state)
{
    (void)state;
    gradcheck result;
    check_ok(gradcheck_op(&wrong_square, &sample, 0, 1, &result));
    assert_true(result.wrong);
    check_contains(result.message, "wrong_square, sample 0, order 1, input 0, element");
}

static void a_missing_gradient_is_found(void **state)
{
    (void)state;
    gradcheck result;
    check_ok(gradcheck_op(&forgetful_square, &sample, 0, 1, &result));
    assert_true(result.wrong);
    check_contains(result.message, "the gradient is missing");
}

static void a_wrong_second_order_is_found(void **state)
{
    (void)state;
    gradcheck result;
    check_ok(gradcheck_op(&half_right_cube, &sample, 0, 1, &result));
    assert_false(result.wrong);
    check_ok(gradcheck_op(&half_right_cube, &sample, 0, 2, &result));
    assert_true(result.wrong);
    check_contains(result.message, "order 2");
}

RUN(cmocka_unit_test(first_order), cmocka_unit_test(second_order),
    cmocka_unit_test(every_differentiable_op_has_a_sample_that_is_compared),
    cmocka_unit_test(a_second_gradient_is_refused_where_there_is_none),
    cmocka_unit_test(a_wrong_gradient_is_found), cmocka_unit_test(a_missing_gradient_is_found),
    cmocka_unit_test(a_wrong_second_order_is_found))
