/* Ops that move elements about: against index arithmetic, for every width of element; round trips; refusals. */
#include "support/check.h"

#include "kernels/move.h"
#include "ops/structure.h"
#include "support/evaluate.h"
#include "support/interpret.h"
#include "tensor/tensor.h"
#include <math.h>
#include <stdlib.h>

static const lm_dtype dtypes[] = {LM_F32, LM_F64, LM_U8, LM_I8, LM_I32, LM_I64, LM_BOOL, LM_BF16, LM_F16};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

/* 0, 1, 2, … of a type that holds small numbers; bool: 0, 1, 0, … */
static lm_value *count(lm_graph *g, lm_dtype dtype, int rank, const int64_t *dims)
{
    double data[128];
    for (int i = 0; i < 128; i++) data[i] = dtype == LM_BOOL ? i % 2 : i;
    return numbers(g, dtype, rank, dims, data);
}

static void transposes(void **state)
{
    (void)state;
    for (int t = 0; t < DTYPES; t++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = count(g, dtypes[t], SHAPE(2, 3, 4));
        double want[24];
        for (int i = 0; i < 24; i++) {
            int a = i / 6, b = i / 3 % 2, c = i % 3, from = b * 12 + c * 4 + a;
            want[i] = dtypes[t] == LM_BOOL ? from % 2 : from;
        }
        check_numbers(lm_op_transpose(x, 2, 0, 1), want, 24, 0);
        check_numbers(lm_op_transpose(x, -1, 0, -2), want, 24, 0);
        check_same(lm_op_transpose(lm_op_transpose(x)), x, 0);
        lm_free(g);
    }
    lm_graph *g = lm_graph_new();
    lm_value *one = count(g, LM_F32, SHAPE(3));
    check_same(lm_op_transpose(one), one, 0);
    lm_free(g);
}

/* Beyond one block and one job of the copying kernel. */
static void large_transposes(void **state)
{
    (void)state;
    enum { A = 3, B = 331, C = 257 };
    static float x[A * B * C], y[A * B * C];
    for (int i = 0; i < A * B * C; i++) x[i] = (float)i;
    for (int order = 0; order < 2; order++) { /* (a, c, b) and (b, c, a) */
        lm__move move = {.rank = 3, .dims = {order ? B : A, C, order ? A : B}};
        move.from[0] = order ? C : B * C, move.from[1] = 1, move.from[2] = order ? B * C : C;
        lm__move_dense(3, move.dims, move.to);
        memset(y, 0, sizeof y);
        lm__move_run(&move, 4, x, y);
        for (int i = 0; i < A * B * C; i++) {
            int last = order ? A : B, p = i / (C * last), c = i / last % C, q = i % last;
            if (y[i] != (float)((order ? q : p) * B * C + (order ? p : q) * C + c))
                fail_msg("order %d, element %d", order, i);
        }
    }
}

static void slices(void **state)
{
    (void)state;
    for (int t = 0; t < DTYPES; t++) {
        lm_graph *g = lm_graph_new();
        lm_dtype d = dtypes[t];
        lm_value *x = count(g, d, SHAPE(4, 5));
#define BIT(...) check_list(y, 0, __VA_ARGS__)
        lm_value *y = lm_op_slice(x, .begin = {1, 2}, .sizes = {2, 3});
        if (d == LM_BOOL) BIT(1, 0, 1, 0, 1, 0); else BIT(7, 8, 9, 12, 13, 14);
        y = lm_op_slice(x, .begin = {0, 1}, .strides = {2, 3});
        if (d == LM_BOOL) BIT(1, 0, 1, 0); else BIT(1, 4, 11, 14);
        y = lm_op_slice(x, .begin = {-1, -2});
        if (d == LM_BOOL) BIT(0, 1); else BIT(18, 19);
        y = lm_op_slice(x, .sizes = {1, LM_ANY}, .strides = {1, 5});
        if (d == LM_BOOL) BIT(0); else BIT(0);
        check_same(lm_op_slice(x), x, 0);
        check_shape(lm_op_slice(x, .begin = {4}), SHAPE(0, 5));
        lm_free(g);
    }
}

static void pads(void **state)
{
    (void)state;
    for (int t = 0; t < DTYPES; t++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = numbers(g, dtypes[t], SHAPE(1, 2), (double[]){1, 1});
        check_list(lm_op_pad(x, .low = {1, 0}, .high = {0, 1}), 0, 0, 0, 0, 1, 1, 0);
        check_list(lm_op_pad(x, .low = {0, 1}, .value = 1), 0, 1, 1, 1);
        lm_free(g);
    }
    lm_graph *g = lm_graph_new();
    lm_value *x = noise(g, LM_F32, SHAPE(3, 4), 1, -1, 1);
    lm_value *padded = lm_op_pad(x, .low = {1, 2}, .high = {3, 0}, .value = -7.5);
    check_shape(padded, SHAPE(7, 6));
    check_same(lm_op_slice(padded, .begin = {1, 2}, .sizes = {3, 4}), x, 0);
    check_list(lm_op_slice(padded, .sizes = {1, 2}), 0, -7.5, -7.5);
    check_list(lm_op_pad(numbers(g, LM_F32, SHAPE(0), NULL), .low = {2}, .value = 3), 0, 3, 3);
    lm_free(g);
}

static void joining_and_cutting(void **state)
{
    (void)state;
    for (int t = 0; t < DTYPES; t++)
        for (int axis = -3; axis < 3; axis++) {
            lm_graph *g = lm_graph_new();
            lm_value *x = count(g, dtypes[t], SHAPE(2, 4, 6)), *half[2], *parts[3], *second[1];
            lm_op_split(x, 2, NULL, axis, half);
            check_same(lm_op_concatenate(2, half, axis), x, 0);
            int64_t size = x->shape.dim[(axis + 3) % 3], sizes[3] = {0, 1, size - 1};
            lm_op_split(x, 3, sizes, axis, parts);
            check_same(lm_op_concatenate(3, parts, axis), x, 0);
            int64_t begin[LM_MAX_RANK] = {0};
            begin[(axis + 3) % 3] = 1;
            lm_op_slice_args args = {.size = sizeof args};
            memcpy(args.begin, begin, sizeof begin);
            check_same(parts[2], lm_op_slice_new(x, &args), 0);
            lm_op_split(x, 1, NULL, axis, second);
            check_same(second[0], x, 0);
            lm_free(g);
        }
    lm_graph *g = lm_graph_new();
    lm_value *a = number_list(g, LM_F32, 1, 2), *b = number_list(g, LM_F32, 3, 4), *c = number_list(g, LM_F32, 5);
    check_list(lm_op_concatenate(3, (lm_value *[]){a, b, c}, 0), 0, 1, 2, 3, 4, 5);
    check_list(lm_op_stack(2, (lm_value *[]){a, b}, 0), 0, 1, 2, 3, 4);
    check_list(lm_op_stack(2, (lm_value *[]){a, b}, -1), 0, 1, 3, 2, 4);
    lm_free(g);
}

/* A piece of a split that nobody uses: its gradient is 0. */
static void a_split_used_in_part(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = number_list(g, LM_F64, 1, 2, 3, 4), *parts[2], *dx;
    lm_op_split(x, 2, NULL, 0, parts);
    check_ok(lm__graph_gradients(g, lm_op_multiply(parts[1], parts[1]), 1, &x, &dx));
    check_list(dx, 0, 0, 0, 6, 8);
    lm_free(g);
}

static void tiles_and_flips(void **state)
{
    (void)state;
    for (int t = 0; t < DTYPES; t++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = numbers(g, dtypes[t], SHAPE(2, 2), (double[]){0, 1, 1, 1});
        check_list(lm_op_tile(x, 1, 2), 0, 0, 1, 0, 1, 1, 1, 1, 1);
        check_list(lm_op_tile(x, 2, 1), 0, 0, 1, 1, 1, 0, 1, 1, 1);
        check_list(lm_op_tile(x, 2), 0, 0, 1, 0, 1, 1, 1, 1, 1);
        check_list(lm_op_flip(x), 0, 1, 1, 1, 0);
        check_list(lm_op_flip(x, 0), 0, 1, 1, 0, 1);
        check_list(lm_op_flip(x, -1), 0, 1, 0, 1, 1);
        check_shape(lm_op_tile(x, 3, 1, 2), SHAPE(3, 2, 4));
        check_shape(lm_op_tile(x, 0, 1), SHAPE(0, 2));
        check_same(lm_op_flip(lm_op_flip(x, 1), 1), x, 0);
        lm_free(g);
    }
    lm_graph *g = lm_graph_new();
    lm_value *x = count(g, LM_F32, SHAPE(2, 3)), *dx;
    check_list(lm_op_tile(x, 2, 2), 0, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5);
    check_ok(lm__graph_gradients(g, lm_op_tile(x, 3, 2, 1), 1, &x, &dx));
    check_list(dx, 0, 6, 6, 6, 6, 6, 6);
    lm_free(g);
}

static void gathers_and_scatters(void **state)
{
    (void)state;
    for (int wide = 0; wide < 2; wide++) {
        lm_graph *g = lm_graph_new();
        lm_dtype index = wide ? LM_I64 : LM_I32;
        lm_value *x = count(g, LM_F32, SHAPE(2, 3, 2)), *i = number_list(g, index, 2, 0, -1, 2);
        check_list(lm_op_gather(x, i, 1), 0, 4, 5, 0, 1, 4, 5, 4, 5, 10, 11, 6, 7, 10, 11, 10, 11);
        check_list(lm_op_gather(x, numbers(g, index, 0, NULL, (double[]){1}), 0), 0, 6, 7, 8, 9, 10, 11);
        check_shape(lm_op_gather(x, numbers(g, index, SHAPE(1, 2), (double[]){0, 0}), -1), SHAPE(2, 3, 1, 2));
        lm_value *updates = count(g, LM_F32, SHAPE(4, 2));
        check_list(lm_op_scatter_add(i, updates, 3, 0), 0, 2, 3, 0, 0, 10, 13);
        check_list(lm_op_scatter_add(i, lm_op_transpose(updates), 3, 1), 0, 2, 0, 10, 3, 0, 13);
        check_list(lm_op_scatter_add(i, number_list(g, LM_I64, 1, 2, 3, 4), 5, 0), 0, 2, 0, 5, 0, 3);
        for (int t = 0; t < DTYPES; t++)
            check_list(lm_op_gather(numbers(g, dtypes[t], SHAPE(3), (double[]){1, 0, 1}), i, 0), 0, 1, 1, 1, 1);
        lm_free(g);
    }
}

/* <gather(x), y> = <x, scatter_add(y)> */
static void adjoint(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = noise(g, LM_F64, SHAPE(3, 5, 2), 1, -1, 1), *i = noise(g, LM_I32, SHAPE(2, 4), 2, -5, 5);
    lm_value *y = noise(g, LM_F64, SHAPE(3, 2, 4, 2), 3, -1, 1);
    lm_value *taken = lm_op_gather(x, i, 1), *put = lm_op_scatter_add(i, y, 5, 1);
    assert_true(fabs(inner_product(taken, y) - inner_product(x, put)) < 1e-13);
    lm_free(g);
}

static void an_index_out_of_range_fails_the_run(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        lm_graph *g = lm_graph_new();
        lm_value *x = count(g, LM_F32, SHAPE(3, 2)),
                 *i = number_list(g, way & 1 ? LM_I64 : LM_I32, 0, way & 1 ? -4 : 3, 1);
        char out[64];
        check_ok(lm__graph_output(g, way & 2 ? lm_op_scatter_add(i, x, 3, 0) : lm_op_gather(x, i, 0)));
        check_status(interpret(g, NULL, NULL, (void *[]){out}), LM_INVALID);
        check_contains(lm_last_error(), way & 1 ? "index -4 at position 1" : "index 3 at position 1");
        check_contains(lm_last_error(), "3 elements");
        lm_free(g);
    }
}

static void one_hots(void **state)
{
    (void)state;
    for (int t = 0; t < DTYPES; t++) {
        lm_graph *g = lm_graph_new();
        lm_value *i = number_list(g, LM_I32, 1, 0, 3, -1), *j = number_list(g, LM_I64, 1, 0);
        check_list(lm_op_one_hot(i, 3, -1, dtypes[t]), 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
        check_list(lm_op_one_hot(j, 3, 0, dtypes[t]), 0, 0, 1, 1, 0, 0, 0);
        assert_int_equal(lm_op_one_hot(i, 3, -1, dtypes[t])->dtype, dtypes[t]);
        lm_free(g);
    }
}

static void axes_in_and_out(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = count(g, LM_F32, SHAPE(2, 3));
    check_shape(lm_op_expand_dims(x, 0), SHAPE(1, 2, 3));
    check_shape(lm_op_expand_dims(x, -1), SHAPE(2, 3, 1));
    check_shape(lm_op_expand_dims(x, 1), SHAPE(2, 1, 3));
    check_shape(lm_op_squeeze(lm_op_reshape(x, SHAPE(1, 2, 1, 3, 1))), SHAPE(2, 3));
    check_shape(lm_op_squeeze(lm_op_reshape(x, SHAPE(1, 2, 1, 3)), -2), SHAPE(1, 2, 3));
    check_refused(g, lm_op_squeeze(x, 0), "axis 0 of shape (2, 3) has not the size 1");
    check_refused(g, lm_op_squeeze(x, 2), "does not exist");
    check_refused(g, lm_op_expand_dims(x, 4), "no room for axis 4");
    lm_free(g);
}

/* Everything under an open batch, forward and back. */
static void sizes_may_be_open(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 2), *dx;
    lm_value *both = lm_op_concatenate(2, (lm_value *[]){x, lm_op_flip(x, 0)}, 0);
    lm_value *tail = lm_op_slice(both, .begin = {-1, 0}),
             *odd = lm_op_slice(lm_op_pad(x, .low = {1}), .strides = {2, 1});
    lm_value *half[2];
    lm_op_split(both, 2, NULL, 0, half);
    lm_value *sum = lm_op_add(lm_op_sum(lm_op_multiply(tail, tail)), lm_op_sum(lm_op_multiply(odd, odd)));
    sum = lm_op_add(sum, lm_op_sum(lm_op_transpose(lm_op_tile(half[1], 2, 1))));
    check_ok(lm__graph_gradients(g, sum, 1, &x, &dx));
    check_ok(lm__graph_output(g, sum));
    check_ok(lm__graph_output(g, dx));
    float in[6] = {1, 2, 3, 4, 5, 6}, out, grad[6];
    check_ok(interpret(g, (int64_t[]){3}, (const void *[]){in}, (void *[]){&out, grad}));
    /* tail = (1, 2); odd = (0, 0), (3, 4); tiles: 2 * 21 */
    assert_true(out == 5 + 25 + 42);
    float want[6] = {2 + 2, 2 + 4, 2 + 6, 2 + 8, 2, 2};
    assert_memory_equal(grad, want, sizeof want);
    check_ok(interpret(g, (int64_t[]){1}, (const void *[]){in}, (void *[]){&out, grad}));
    assert_true(out == 5 + 0 + 6);
    lm_free(g);
}

static void refusals_of_places(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 4, 6), *out[40];
    check_refused(g, lm_op_transpose(x, 0, 0), "axis 0 is named twice");
    check_refused(g, lm_op_transpose(x, 0, 2), "axis 2 is out of range");
    check_refused(g, lm_op_transpose(x, 0), "1 axes for a value of rank 2");
    check_refused(g, lm_op_slice(x, .begin = {3}, .sizes = {2}),
                  "axis 0 has 4 elements; 2 of them from 3 on in steps of 1");
    check_refused(g, lm_op_slice(x, .begin = {5}), "axis 0");
    check_refused(g, lm_op_slice(x, .begin = {-5}), "axis 0");
    check_refused(g, lm_op_slice(x, .sizes = {-2}), "size -2");
    check_refused(g, lm_op_slice(x, .strides = {-1}), "lm_op_flip");
    check_refused(g, lm_op_pad(x, .low = {-1}), "crop with lm_op_slice");
    check_refused(g, lm_op_pad(x, .low = {0, 0, 1}), "only for axes that there are");
    check_refused(g, lm_op_tile(x, -1), "-1 times");
    check_refused(g, lm_op_flip(x, 2), "axis 2 is out of range");
    lm_op_split(x, 4, NULL, 1, out);
    check_refused(g, out[3], "6 elements of axis 1 cannot be cut into 4 equal pieces");
    lm_op_split(x, 2, (int64_t[]){2, 3}, 1, out);
    check_refused(g, out[0], "differ: 5 and 6");
    lm_op_split(x, 40, NULL, 1, out);
    check_refused(g, out[39], "40 pieces, expected 1 to 32");
    lm_free(g);
}

static void refusals_of_indices(void **state)
{
    (void)state;
    lm_graph *g = lm_graph_new();
    lm_value *x = lm_placeholder(g, "x", LM_F32, 4, 6), *i = lm_placeholder(g, "i", LM_I32, 3);
    lm_value *b = lm_placeholder(g, "b", LM_BOOL, 3), *y = lm_placeholder(g, "y", LM_F32, 5, 6),
             *d = lm_placeholder(g, "d", LM_F64, 4, 6);
    check_refused(g, lm_op_gather(x, x, 0), "holds indices and is float32");
    check_refused(g, lm_op_gather(x, i, 2), "axis 2 is out of range");
    check_refused(g, lm_op_scatter_add(i, x, 9, 0), "the sizes of updates and indices differ: 4 and 3");
    check_refused(g, lm_op_scatter_add(i, b, 9, 0), "bool");
    check_refused(g, lm_op_scatter_add(i, x, -1, 0), "is -1");
    check_refused(g, lm_op_one_hot(x, 3, -1, LM_F32), "float32");
    check_refused(g, lm_op_one_hot(i, -3, -1, LM_F32), "the depth is -3");
    check_refused(g, lm_op_one_hot(i, 3, 4, LM_F32), "axis 4 is out of range");
    check_refused(g, lm_op_concatenate(2, (lm_value *[]){x, y}, 1),
                  "arguments 1 and 2 differ in axis 0; only axis 1");
    check_refused(g, lm_op_concatenate(2, (lm_value *[]){x, d}, 1), "float64");
    check_refused(g, lm_op_concatenate(2, (lm_value *[]){x, lm_op_sum(y, 0)}, 0), "different ranks");
    lm_free(g);
}

RUN(cmocka_unit_test(transposes), cmocka_unit_test(large_transposes), cmocka_unit_test(slices),
    cmocka_unit_test(pads), cmocka_unit_test(joining_and_cutting), cmocka_unit_test(a_split_used_in_part),
    cmocka_unit_test(tiles_and_flips), cmocka_unit_test(gathers_and_scatters), cmocka_unit_test(adjoint),
    cmocka_unit_test(an_index_out_of_range_fails_the_run), cmocka_unit_test(one_hots),
    cmocka_unit_test(axes_in_and_out), cmocka_unit_test(sizes_may_be_open), cmocka_unit_test(refusals_of_places),
    cmocka_unit_test(refusals_of_indices))
