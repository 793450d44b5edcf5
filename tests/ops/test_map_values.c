/* Values of the reference rows against the C library in long double, and on special points against what is written
 * here: tails, infinities, NaN, ties, integers that overflow or are divided by 0. */
#include "support/check.h"

#include "ops/registry.h"
#include "tensor/tensor.h"
#include <float.h>
#include <math.h>

/* Runs the row of an op for that type; b and c may be NULL. */
static void run(const lm__op *op, lm_dtype dtype, lm_dtype result, size_t n, const void *a, const void *b, void *out,
                const double *imm)
{
    const void *in[] = {a, b};
    lm__row_fn *row = lm__row_of(op->rows, dtype, result);
    if (!row) fail_msg("%s has no row for %s", op->name, lm_dtype_name(dtype));
    row(n, in, out, imm);
}

static bool near(double got, double expected, double epsilon, double smallest)
{
    if (isnan(expected)) return isnan(got);
    if (got == expected) return true;
    return isfinite(got) && fabs(got - expected) <= 4 * epsilon * fabs(expected) + 4 * smallest;
}

/* --- one input, floats
 * ------------------------------------------------------------------------------------------------ */

static long double o_negative(long double x) { return -x; }
static long double o_sign(long double x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
static long double o_reciprocal(long double x) { return 1 / x; }
static long double o_square(long double x) { return x * x; }
static long double o_rsqrt(long double x) { return 1 / sqrtl(x); }
static long double o_relu(long double x) { return isnan(x) ? x : x > 0 ? x : 0; }
static long double o_sigmoid(long double x) { return 1 / (1 + expl(-x)); }
static long double o_softplus(long double x) { return x > 10000 ? x : log1pl(expl(x)); }

typedef struct unary {
    const lm__op *op;
    long double (*oracle)(long double x);
} unary;

static const unary unaries[] = {
    {&lm__op_negative, o_negative}, {&lm__op_absolute, fabsl},      {&lm__op_sign, o_sign},
    {&lm__op_square, o_square},     {&lm__op_reciprocal, o_reciprocal}, {&lm__op_sqrt, sqrtl},
    {&lm__op_rsqrt, o_rsqrt},       {&lm__op_exp, expl},            {&lm__op_expm1, expm1l},
    {&lm__op_log, logl},            {&lm__op_log1p, log1pl},        {&lm__op_sin, sinl},
    {&lm__op_cos, cosl},            {&lm__op_tan, tanl},            {&lm__op_arcsin, asinl},
    {&lm__op_arcsinh, asinhl},
    {&lm__op_arccos, acosl},        {&lm__op_arctan, atanl},        {&lm__op_sinh, sinhl},
    {&lm__op_cosh, coshl},          {&lm__op_tanh, tanhl},          {&lm__op_erf, erfl},
    {&lm__op_floor, floorl},        {&lm__op_ceil, ceill},          {&lm__op_round, rintl},
    {&lm__op_relu, o_relu},         {&lm__op_sigmoid, o_sigmoid},   {&lm__op_softplus, o_softplus},
};

static const double points[] = {-INFINITY, -1e30, -1000, -100, -87.5, -20,   -8,   -3.7, -2.5,     -1.5, -1,
                                -0.5,      -0.1,  -1e-8, -0.0, 0.0,   1e-30, 1e-8, 0.1,  0.5,      1,    1.5,
                                2.5,       3.7,   8,     20,   87.5,  100,   1000, 1e30, INFINITY, NAN};
enum { POINTS = sizeof points / sizeof *points };

static void functions_agree_with_long_double(void **state)
{
    (void)state;
    for (size_t u = 0; u < sizeof unaries / sizeof *unaries; u++) {
        double y[POINTS];
        float xs[POINTS], ys[POINTS];
        for (int i = 0; i < POINTS; i++) xs[i] = (float)points[i];
        run(unaries[u].op, LM_F64, LM_F64, POINTS, points, NULL, y, NULL);
        run(unaries[u].op, LM_F32, LM_F32, POINTS, xs, NULL, ys, NULL);
        for (int i = 0; i < POINTS; i++) {
            double expected = (double)unaries[u].oracle(points[i]);
            float expected_f = (float)unaries[u].oracle(xs[i]);
            if (!near(y[i], expected, DBL_EPSILON, DBL_TRUE_MIN))
                fail_msg("%s(%g) is %.17g, not %.17g", unaries[u].op->name, points[i], y[i], expected);
            if (!near(ys[i], expected_f, FLT_EPSILON, FLT_TRUE_MIN))
                fail_msg("%s(%g) is %.9g, not %.9g in float32", unaries[u].op->name, points[i], ys[i], expected_f);
        }
    }
}

static void tails_keep_their_digits(void **state)
{
    const float x[] = {-80, -20, 20, 80};
    float y[4];
    (void)state;
    run(&lm__op_sigmoid, LM_F32, LM_F32, 4, x, NULL, y, NULL);
    assert_true(fabsf(y[0] / 1.8048513e-35f - 1) < 1e-5f && fabsf(y[1] / 2.0611537e-9f - 1) < 1e-5f && y[3] == 1);
    run(&lm__op_softplus, LM_F32, LM_F32, 4, x, NULL, y, NULL);
    assert_true(fabsf(y[0] / 1.8048513e-35f - 1) < 1e-5f && fabsf(y[1] / 2.0611537e-9f - 1) < 1e-5f && y[3] == 80);
}

/* --- two inputs, floats
 * ---------------------------------------------------------------------------------------------- */

/* Runs in both float types and compares with the same table. */
static void check_pairs(const lm__op *op, size_t n, const double *a, const double *b, const double *expected)
{
    double z[32];
    float af[32], bf[32], zf[32];
    assert_true(n <= 32);
    for (size_t i = 0; i < n; i++) af[i] = (float)a[i], bf[i] = (float)b[i];
    run(op, LM_F64, LM_F64, n, a, b, z, NULL);
    run(op, LM_F32, LM_F32, n, af, bf, zf, NULL);
    for (size_t i = 0; i < n; i++) {
        if (!near(z[i], expected[i], DBL_EPSILON, 0))
            fail_msg("%s(%g, %g) is %.17g, not %.17g", op->name, a[i], b[i], z[i], expected[i]);
        if (!near(zf[i], (float)expected[i], FLT_EPSILON, 0))
            fail_msg("%s(%g, %g) is %.9g, not %.9g in float32", op->name, a[i], b[i], zf[i], expected[i]);
    }
}

static void pairs_of_floats(void **state)
{
    const double a[] = {3, -2, 0.5, INFINITY, NAN, 1, -0.0}, b[] = {4, -2, -8, 1, 1, NAN, 2};
    (void)state;
    check_pairs(&lm__op_add, 7, a, b, (double[]){7, -4, -7.5, INFINITY, NAN, NAN, 2});
    check_pairs(&lm__op_subtract, 7, a, b, (double[]){-1, 0, 8.5, INFINITY, NAN, NAN, -2});
    check_pairs(&lm__op_multiply, 7, a, b, (double[]){12, 4, -4, INFINITY, NAN, NAN, 0});
    check_pairs(&lm__op_divide, 7, a, b, (double[]){0.75, 1, -0.0625, INFINITY, NAN, NAN, 0});
    check_pairs(&lm__op_maximum, 7, a, b, (double[]){4, -2, 0.5, INFINITY, NAN, NAN, 2});
    check_pairs(&lm__op_minimum, 7, a, b, (double[]){3, -2, -8, 1, NAN, NAN, 0});
    check_pairs(&lm__op_divide, 3, (double[]){1, 0, -1}, (double[]){0, 0, 0}, (double[]){INFINITY, NAN, -INFINITY});
    check_pairs(&lm__op_power, 6, (double[]){2, -2, 0, 0, -8, 9}, (double[]){10, 3, 0, -1, 0.25, 0.5},
                (double[]){1024, -8, 1, INFINITY, NAN, 3});
    check_pairs(&lm__op_arctan2, 5, (double[]){0, 1, 1, 0, -1}, (double[]){1, 0, -1, -1, 0},
                (double[]){0, M_PI_2, 3 * M_PI_4, M_PI, -M_PI_2});
}

static void division_rounds_down_as_numpy(void **state)
{
    const double a[] = {7, -7, 1, 1, 0, -1, 5, -4, INFINITY, 2, -2, NAN, 6, -1};
    const double b[] = {2, 2, 0.125, 0, 0, 0, -3, 2, 2, INFINITY, INFINITY, 1, 0.5, 0x1p100};
    (void)state;
    check_pairs(&lm__op_floor_divide, 14, a, b,
                (double[]){3, -4, 8, INFINITY, NAN, -INFINITY, -2, -2, NAN, 0, -1, NAN, 12, -1});
    check_pairs(&lm__op_mod, 14, a, b,
                (double[]){1, 1, 0, NAN, NAN, NAN, -1, 0, NAN, 2, INFINITY, NAN, 0, 0x1p100});
    /* 1 / 0.1 rounds up to 10, though ten times the double 0.1 is more than 1. */
    double quotient, rest;
    run(&lm__op_floor_divide, LM_F64, LM_F64, 1, (double[]){1}, (double[]){0.1}, &quotient, NULL);
    run(&lm__op_mod, LM_F64, LM_F64, 1, (double[]){1}, (double[]){0.1}, &rest, NULL);
    assert_true(quotient == 9 && fabs(rest - 0.1) < 1e-15);
}

/* --- integers
 * ----------------------------------------------------------------------------------------------------------- */

static void check_ints(const lm__op *op, size_t n, const int32_t *a, const int32_t *b, const int32_t *expected)
{
    int32_t z[16];
    assert_true(n <= 16);
    run(op, LM_I32, LM_I32, n, a, b, z, NULL);
    for (size_t i = 0; i < n; i++)
        if (z[i] != expected[i])
            fail_msg("%s(%d, %d) is %d, not %d", op->name, a[i], b ? b[i] : 0, z[i], expected[i]);
}

static void integers_wrap_around(void **state)
{
    const int32_t a[] = {5, -5, INT32_MAX, INT32_MIN, 65536}, b[] = {3, 2, 1, 1, 65537};
    (void)state;
    check_ints(&lm__op_add, 5, a, b, (int32_t[]){8, -3, INT32_MIN, INT32_MIN + 1, 131073});
    check_ints(&lm__op_subtract, 5, a, b, (int32_t[]){2, -7, INT32_MAX - 1, INT32_MAX, -1});
    check_ints(&lm__op_multiply, 5, a, b, (int32_t[]){15, -10, INT32_MAX, INT32_MIN, 65536});
    check_ints(&lm__op_maximum, 5, a, b, (int32_t[]){5, 2, INT32_MAX, 1, 65537});
    check_ints(&lm__op_minimum, 5, a, b, (int32_t[]){3, -5, 1, INT32_MIN, 65536});
    check_ints(&lm__op_negative, 5, a, NULL, (int32_t[]){-5, 5, -INT32_MAX, INT32_MIN, -65536});
    check_ints(&lm__op_absolute, 5, a, NULL, (int32_t[]){5, 5, INT32_MAX, INT32_MIN, 65536});
    check_ints(&lm__op_sign, 5, a, NULL, (int32_t[]){1, -1, 1, -1, 1});
    check_ints(&lm__op_square, 5, a, NULL, (int32_t[]){25, 25, 1, 0, 0});
    check_ints(&lm__op_relu, 5, a, NULL, (int32_t[]){5, 0, INT32_MAX, 0, 65536});
    const uint8_t u[] = {0, 1, 200};
    uint8_t v[3];
    run(&lm__op_negative, LM_U8, LM_U8, 3, u, NULL, v, NULL);
    assert_memory_equal(v, ((uint8_t[]){0, 255, 56}), 3);
    run(&lm__op_maximum, LM_U8, LM_U8, 3, u, (uint8_t[]){1, 1, 100}, v, NULL);
    assert_memory_equal(v, ((uint8_t[]){1, 1, 200}), 3);
}

static void integers_divided_by_zero_give_zero(void **state)
{
    const int32_t a[] = {7, -7, 7, -7, 5, INT32_MIN, 0, -6}, b[] = {2, 2, -2, -2, 0, -1, -3, 3};
    (void)state;
    check_ints(&lm__op_floor_divide, 8, a, b, (int32_t[]){3, -4, -4, 3, 0, INT32_MIN, 0, -2});
    check_ints(&lm__op_mod, 8, a, b, (int32_t[]){1, 1, -1, -1, 0, 0, 0, 0});
    uint8_t u[2];
    run(&lm__op_floor_divide, LM_U8, LM_U8, 2, (uint8_t[]){200, 5}, (uint8_t[]){7, 0}, u, NULL);
    assert_true(u[0] == 28 && u[1] == 0);
    run(&lm__op_mod, LM_U8, LM_U8, 2, (uint8_t[]){200, 5}, (uint8_t[]){255, 0}, u, NULL);
    assert_true(u[0] == 200 && u[1] == 0);
    int64_t w[2];
    run(&lm__op_floor_divide, LM_I64, LM_I64, 2, (int64_t[]){INT64_MIN, -9}, (int64_t[]){-1, 0}, w, NULL);
    assert_true(w[0] == INT64_MIN && w[1] == 0);
}

static void integer_powers(void **state)
{
    const int32_t a[] = {2, -3, 2, 1, -1, -1, 0, 0, 3, 10}, b[] = {10, 3, -1, -5, -3, -2, 0, -1, 40, 1};
    (void)state;
    check_ints(&lm__op_power, 10, a, b, (int32_t[]){1024, -27, 0, 1, -1, 1, 1, 0, 689956897, 10});
    int8_t z[2];
    run(&lm__op_power, LM_I8, LM_I8, 2, (int8_t[]){-2, 3}, (int8_t[]){7, 5}, z, NULL);
    assert_true(z[0] == -128 && z[1] == -13);
}

/* --- comparisons, logic, choice, limits
 * --------------------------------------------------------------------------------- */

static void comparisons(void **state)
{
    const float a[] = {1, 1, 2, NAN, 1, -0.0f, INFINITY}, b[] = {1, 2, 1, 1, NAN, 0, INFINITY};
    const struct {
        const lm__op *op;
        uint8_t expected[7];
    } cases[] = {
        {&lm__op_equal, {1, 0, 0, 0, 0, 1, 1}},         {&lm__op_not_equal, {0, 1, 1, 1, 1, 0, 0}},
        {&lm__op_less, {0, 1, 0, 0, 0, 0, 0}},          {&lm__op_less_equal, {1, 1, 0, 0, 0, 1, 1}},
        {&lm__op_greater, {0, 0, 1, 0, 0, 0, 0}},       {&lm__op_greater_equal, {1, 0, 1, 0, 0, 1, 1}},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        uint8_t z[7];
        run(cases[c].op, LM_F32, LM_BOOL, 7, a, b, z, NULL);
        assert_memory_equal(z, cases[c].expected, 7);
    }
    uint8_t z[2];
    run(&lm__op_less, LM_I64, LM_BOOL, 2, (int64_t[]){1LL << 53, -1}, (int64_t[]){(1LL << 53) + 1, 0}, z, NULL);
    assert_true(z[0] && z[1]);
    run(&lm__op_greater, LM_U8, LM_BOOL, 2, (uint8_t[]){200, 1}, (uint8_t[]){100, 2}, z, NULL);
    assert_true(z[0] && !z[1]);
    run(&lm__op_equal, LM_BOOL, LM_BOOL, 2, (uint8_t[]){1, 0}, (uint8_t[]){1, 1}, z, NULL);
    assert_true(z[0] && !z[1]);
}

static void logic(void **state)
{
    const uint8_t a[] = {0, 0, 1, 1}, b[] = {0, 1, 0, 1};
    uint8_t z[4];
    (void)state;
    run(&lm__op_logical_and, LM_BOOL, LM_BOOL, 4, a, b, z, NULL);
    assert_memory_equal(z, ((uint8_t[]){0, 0, 0, 1}), 4);
    run(&lm__op_logical_or, LM_BOOL, LM_BOOL, 4, a, b, z, NULL);
    assert_memory_equal(z, ((uint8_t[]){0, 1, 1, 1}), 4);
    run(&lm__op_logical_not, LM_BOOL, LM_BOOL, 4, a, NULL, z, NULL);
    assert_memory_equal(z, ((uint8_t[]){1, 1, 0, 0}), 4);
}

static void finiteness(void **state)
{
    uint8_t z[5];
    (void)state;
    run(&lm__op_isfinite, LM_F32, LM_BOOL, 5, (float[]){0, -FLT_MAX, INFINITY, -INFINITY, NAN}, NULL, z, NULL);
    assert_memory_equal(z, ((uint8_t[]){1, 1, 0, 0, 0}), 5);
    run(&lm__op_isfinite, LM_I8, LM_BOOL, 2, (int8_t[]){0, -128}, NULL, z, NULL);
    assert_true(z[0] && z[1]);
}

static void choice(void **state)
{
    const uint8_t condition[] = {1, 0, 1, 0};
    const uint64_t x[] = {1, 2, 0x7FF0000000000001u, 4}, y[] = {5, 6, 7, 0x8000000000000000u};
    (void)state;
    for (int d = 0; d < LM_DTYPE_COUNT; d++) {
        lm__row_fn *row = lm__row_of(lm__op_where.rows, (lm_dtype)d, (lm_dtype)d);
        size_t size = lm_dtype_size((lm_dtype)d);
        unsigned char in[2][32], out[32], expected[32];
        if (!row) continue;
        for (int i = 0; i < 4; i++) {
            memcpy(in[0] + (size_t)i * size, &x[i], size);
            memcpy(in[1] + (size_t)i * size, &y[i], size);
            memcpy(expected + (size_t)i * size, condition[i] ? &x[i] : &y[i], size);
        }
        row(4, (const void *[]){condition, in[0], in[1]}, out, NULL);
        assert_memory_equal(out, expected, 4 * size);
    }
    assert_int_equal(lm__op_where.rows->by, 1);
}

static void limits(void **state)
{
    const float x[] = {-2, -0.5f, 0, 1, 7, NAN, INFINITY};
    float y[7];
    int8_t z[3];
    (void)state;
    run(&lm__op_clip, LM_F32, LM_F32, 7, x, NULL, y, (double[]){-0.5, 1});
    assert_true(y[0] == -0.5f && y[1] == -0.5f && y[2] == 0 && y[3] == 1 && y[4] == 1 && isnan(y[5]) && y[6] == 1);
    run(&lm__op_clip, LM_F32, LM_F32, 7, x, NULL, y, (double[]){0, INFINITY});
    assert_true(y[0] == 0 && y[4] == 7 && y[6] == INFINITY);
    run(&lm__op_clip, LM_I8, LM_I8, 3, (int8_t[]){-128, 3, 127}, NULL, z, (double[]){-INFINITY, 4});
    assert_true(z[0] == -128 && z[1] == 3 && z[2] == 4);
}

RUN(cmocka_unit_test(functions_agree_with_long_double), cmocka_unit_test(tails_keep_their_digits),
    cmocka_unit_test(pairs_of_floats), cmocka_unit_test(division_rounds_down_as_numpy),
    cmocka_unit_test(integers_wrap_around), cmocka_unit_test(integers_divided_by_zero_give_zero),
    cmocka_unit_test(integer_powers), cmocka_unit_test(comparisons), cmocka_unit_test(logic),
    cmocka_unit_test(finiteness), cmocka_unit_test(choice), cmocka_unit_test(limits))
