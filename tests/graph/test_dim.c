/* Dimensions: canonical forms, decisions, binding; random expressions against plain integers. */
#include "support/check.h"

#include "graph/dim.h"
#include "support/oom.h"

#include <stdlib.h>

static const char *text_of(lm__dims *t, lm__dim d)
{
    static char text[256];
    return lm__dim_text(t, d, text, sizeof text);
}

static void same_value_same_handle(void **state)
{
    (void)state;
    lm__dims *t = lm__dims_new();
    lm__dim n = lm__dim_symbol(t, "N"), m = lm__dim_symbol(t, "M");
    assert_true(n == lm__dim_symbol(t, "N") && n != m && n <= -2);
    lm__dim a = lm__dim_mul(t, lm__dim_add(t, n, 1), lm__dim_add(t, m, 2));
    lm__dim b = lm__dim_add(t, lm__dim_add(t, lm__dim_mul(t, m, n), m), lm__dim_add(t, lm__dim_mul(t, 2, n), 2));
    assert_true(a == b);
    assert_string_equal(text_of(t, a), "N*M + 2*N + M + 2");
    assert_true(lm__dim_sub(t, a, b) == 0);
    assert_true(lm__dim_sub(t, lm__dim_add(t, n, 7), n) == 7);
    assert_int_equal(lm__dim_symbol_count(t), 2);
    assert_int_equal(lm__dim_symbol_index(t, m), 1);
    assert_int_equal(lm__dim_symbol_index(t, a), -1);
    assert_int_equal(lm__dim_symbol_index(t, 5), -1);
    lm__dims_free(t);
}

static void division(void **state)
{
    (void)state;
    lm__dims *t = lm__dims_new();
    lm__dim n = lm__dim_symbol(t, "N"), m = lm__dim_symbol(t, "M"), mn = lm__dim_mul(t, m, n);
    assert_true(lm__dim_div(t, lm__dim_mul(t, n, 784), 784) == n);
    assert_true(lm__dim_div(t, lm__dim_mul(t, mn, 6), lm__dim_mul(t, n, 3)) == lm__dim_mul(t, m, 2));
    assert_true(lm__dim_div(t, lm__dim_mul(t, lm__dim_add(t, n, 1), lm__dim_add(t, m, 2)), lm__dim_add(t, m, 2)) ==
                lm__dim_add(t, n, 1));
    assert_string_equal(text_of(t, lm__dim_div(t, n, 2)), "N//2");
    assert_string_equal(text_of(t, lm__dim_div(t, lm__dim_add(t, n, 5), 2)), "(N + 1)//2 + 2");
    assert_true(lm__dim_div(t, lm__dim_div(t, n, 2), 3) == lm__dim_div(t, n, 6));
    assert_true(lm__dim_div(t, lm__dim_mul(t, n, 2), 4) == lm__dim_div(t, n, 2));
    assert_string_equal(text_of(t, lm__dim_mul(t, lm__dim_div(t, n, 2), m)), "M*(N//2)");
    assert_int_equal(lm__dim_divides(t, lm__dim_mul(t, n, 784), 28), 1);
    assert_int_equal(lm__dim_divides(t, lm__dim_add(t, lm__dim_mul(t, n, 4), 1), 2), 0);
    assert_int_equal(lm__dim_divides(t, n, 2), -1);
    assert_int_equal(lm__dim_divides(t, 12, 5), 0);
    lm__dims_free(t);
}

static void decisions(void **state)
{
    (void)state;
    lm__dims *t = lm__dims_new();
    lm__dim n = lm__dim_symbol(t, "N"), m = lm__dim_symbol(t, "M");
    assert_int_equal(lm__dim_equal(t, n, n), 1);
    assert_int_equal(lm__dim_equal(t, n, lm__dim_add(t, n, 1)), 0);
    assert_int_equal(lm__dim_equal(t, lm__dim_add(t, lm__dim_add(t, n, m), 1), 0), 0);
    assert_int_equal(lm__dim_equal(t, n, 3), -1);
    assert_int_equal(lm__dim_equal(t, n, m), -1);
    assert_int_equal(lm__dim_equal(t, lm__dim_add(t, lm__dim_sub(t, n, m), 1), 0), -1);
    assert_int_equal(lm__dim_equal(t, LM__DIM_BAD, LM__DIM_BAD), -1);
    lm__dims_free(t);
}

static void impossible(void **state)
{
    (void)state;
    lm__dims *t = lm__dims_new();
    lm__dim n = lm__dim_symbol(t, "N"), huge = (int64_t)1 << 40;
    assert_true(lm__dim_sub(t, 3, 5) == LM__DIM_BAD);
    assert_true(lm__dim_sub(t, n, lm__dim_add(t, n, 1)) == LM__DIM_BAD);
    assert_true(lm__dim_mul(t, huge, huge) == LM__DIM_BAD);
    assert_true(lm__dim_mul(t, lm__dim_mul(t, n, huge), huge) == LM__DIM_BAD);
    assert_true(lm__dim_add(t, INT64_MAX, 1) == LM__DIM_BAD);
    assert_true(lm__dim_div(t, n, 0) == LM__DIM_BAD);
    assert_true(lm__dim_div(t, 4, 0) == LM__DIM_BAD);
    assert_true(lm__dim_add(t, LM_ANY, 1) == LM__DIM_BAD);
    assert_true(lm__dim_add(t, LM__DIM_BAD, n) == LM__DIM_BAD);
    assert_true(lm__dim_bind(t, lm__dim_sub(t, n, 5), (int64_t[]){3}) == LM__DIM_BAD);
    lm__dim power = n;
    for (int i = 0; i < 10; i++) power = lm__dim_mul(t, power, n);
    assert_true(power == LM__DIM_BAD);
    assert_false(lm__dims_failed(t));
    assert_string_equal(text_of(t, LM__DIM_BAD), "?");
    assert_string_equal(text_of(t, LM_ANY), "None");
    char small[5];
    assert_string_equal(lm__dim_text(t, lm__dim_mul(t, n, 12345), small, sizeof small), "1234");
    lm__dims_free(t);
}

static void broadcasting(void **state)
{
    (void)state;
    lm__dims *t = lm__dims_new();
    lm__dim n = lm__dim_symbol(t, "N");
    lm__shape a = lm__shape_of(3, (int64_t[]){n, 1, 4}), b = lm__shape_of(2, (int64_t[]){3, 1}), out;
    check_ok(lm__shape_broadcast(t, &a, &b, &out));
    char text[64];
    assert_string_equal(lm__shape_print(t, &out, text, sizeof text), "(N, 3, 4)");
    b = lm__shape_of(3, (int64_t[]){2, 1, 4});
    check_status(lm__shape_broadcast(t, &a, &b, &out), LM_INVALID);
    check_contains(lm_last_error(), "(N, 1, 4)");
    check_contains(lm_last_error(), "sizes N and 2 of axis -3 may differ");
    b = lm__shape_of(1, (int64_t[]){5});
    check_status(lm__shape_broadcast(t, &a, &b, &out), LM_INVALID);
    check_contains(lm_last_error(), "sizes 4 and 5 of axis -1 differ");
    lm__dims_free(t);
}

/* --- random expressions --------------------------------------------------------------------------------------- */

enum { VALUES = 64 };

/* An expression and its value for each of some bindings of three symbols; INT64_MIN where a divisor is 0. */
typedef struct expression {
    lm__dim dim;
    int64_t value[VALUES];
} expression;

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static void combine(lm__dims *t, int kind, const expression *a, const expression *b, expression *out)
{
    out->dim = kind == 0   ? lm__dim_add(t, a->dim, b->dim)
               : kind == 1 ? lm__dim_sub(t, a->dim, b->dim)
               : kind == 2 ? lm__dim_mul(t, a->dim, b->dim)
                           : lm__dim_div(t, a->dim, b->dim);
    for (int i = 0; i < VALUES; i++) {
        int64_t x = a->value[i], y = b->value[i], *z = &out->value[i];
        if (x == INT64_MIN || y == INT64_MIN || (kind == 3 && y <= 0)) *z = INT64_MIN;
        else *z = kind == 0 ? x + y : kind == 1 ? x - y : kind == 2 ? x * y : floor_div(x, y);
    }
}

static void random_expressions_keep_their_values(void **state)
{
    (void)state;
    enum { MANY = 400 };
    static expression e[MANY];
    int64_t bound[VALUES][3];
    int checked = 0;
    srand(1);
    for (int i = 0; i < VALUES; i++)
        for (int j = 0; j < 3; j++) bound[i][j] = 1 + rand() % 40;
    for (int round = 0; round < 20; round++) {
        lm__dims *t = lm__dims_new();
        int n = 0;
        for (; n < 8; n++) {
            e[n].dim = n < 3 ? lm__dim_symbol(t, (const char *[]){"N", "M", "K"}[n]) : n - 1;
            for (int i = 0; i < VALUES; i++) e[n].value[i] = n < 3 ? bound[i][n] : n - 1;
        }
        while (n < MANY) {
            int width = n < 60 ? n : 60; /* mostly of small ones, or all would soon overflow */
            combine(t, rand() % 4, &e[rand() % width], &e[rand() % width], &e[n]);
            if (e[n].dim == LM__DIM_BAD) {
                if (rand() % 50 == 0) n++;
                continue;
            }
            for (int i = 0; i < VALUES; i++) {
                if (e[n].value[i] == INT64_MIN) continue;
                lm__dim got = lm__dim_bind(t, e[n].dim, bound[i]);
                lm__dim two = lm__dim_bind(t, lm__dim_bind(t, e[n].dim, (int64_t[]){-1, bound[i][1], -1}), bound[i]);
                if (e[n].value[i] < 0) assert_true(got == LM__DIM_BAD);
                else if (got != e[n].value[i] || two != got) fail_msg("%s", text_of(t, e[n].dim));
                checked++;
            }
            for (int k = 0; k < n; k += 7) {
                int equal = lm__dim_equal(t, e[n].dim, e[k].dim);
                for (int i = 0; equal >= 0 && i < VALUES; i++)
                    if (e[n].value[i] != INT64_MIN && e[k].value[i] != INT64_MIN)
                        assert_int_equal(e[n].value[i] == e[k].value[i], equal);
            }
            n++;
        }
        lm__dims_free(t);
    }
    assert_true(checked > 100000);
}

static lm_status make_some(void *user)
{
    (void)user;
    lm__dims *t = lm__dims_new(), *copy = NULL;
    int bad = !t;
    if (t) {
        char name[8] = "a0";
        lm__dim d = 1;
        for (int i = 0; i < 9; i++, name[1]++) d = lm__dim_add(t, d, lm__dim_div(t, lm__dim_symbol(t, name), 3));
        bad = d == LM__DIM_BAD && lm__dims_failed(t);
        if (!bad) copy = lm__dims_copy(t);
        bad |= !copy;
        if (copy) assert_true(lm__dim_add(copy, d, 0) == d);
    }
    lm__dims_free(copy);
    lm__dims_free(t);
    return bad ? LM_NO_MEMORY : LM_OK;
}

static void out_of_memory(void **state)
{
    (void)state;
    oom_each(make_some, NULL);
}

RUN(cmocka_unit_test(same_value_same_handle), cmocka_unit_test(division), cmocka_unit_test(decisions),
    cmocka_unit_test(impossible), cmocka_unit_test(broadcasting),
    cmocka_unit_test(random_expressions_keep_their_values), cmocka_unit_test(out_of_memory))
