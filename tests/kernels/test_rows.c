/* Every vectorised row against the op's reference row: exactly, or within a few units in the last place for
 * elementary functions, over the whole range of floats; at every level of this machine, at any place of an array. */
#include "support/check.h"

#include "kernels/map.h"
#include "ops/registry.h"
#include <math.h>
#include <stdlib.h>

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed;
}

static const struct {
    const char *op;
    int ulps;
} limits[] = {{"exp", 1},     {"expm1", 2},    {"log", 1}, {"log1p", 1}, {"tanh", 2},
              {"sigmoid", 2}, {"softplus", 3}, {"erf", 2}, {NULL, 0}};

static int limit_of(const char *op)
{
    for (int i = 0; limits[i].op; i++)
        if (strcmp(limits[i].op, op) == 0) return limits[i].ulps;
    return 0;
}

static const lm__op *find(const char *name)
{
    for (const lm__op *const *op = lm__ops.ops; *op; op++)
        if (strcmp((*op)->name, name) == 0) return *op;
    return NULL;
}

/* Floats as integers in their order, so that neighbours differ by 1. */
static int64_t place(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? -(int64_t)(bits & 0x7FFFFFFF) : bits;
}

static bool near(float got, float want, int ulps)
{
    if (isnan(want)) return isnan(got);
    return llabs(place(got) - place(want)) <= ulps;
}

enum { MOST = LM__MAP_BLOCK };
typedef union array {
    float f32[MOST];
    double f64[MOST];
    uint8_t bytes[MOST * 8 + 8];        /* with some that stay untouched */
} array;

/* Any bit pattern may come, common sizes often, and special values. */
static void draw(lm_dtype dtype, array *x)
{
    static const double special[] = {0,         -0.0, 1,     -1,     0.5, 3,   -7,  INFINITY,
                                     -INFINITY, NAN,  1e-42, -1e-42, 88,  -88, 1e30};
    for (size_t i = 0; i < MOST; i++) {
        uint64_t bits = next();
        double usual = (double)(int64_t)next() * 0x1p-63 * ((bits & 3) ? 4 : 100);
        if (bits % 5 == 0) usual = special[next() % 15];
        if (dtype == LM_F32) {
            x->f32[i] = (float)usual;
            if (bits % 5 == 1) memcpy(&x->f32[i], &bits, 4);
        } else if (dtype == LM_F64) {
            x->f64[i] = usual;
            if (bits % 5 == 1) memcpy(&x->f64[i], &bits, 8);
        } else if (dtype == LM_BOOL) {
            x->bytes[i] = bits >> 20 & 1;
        } else {
            memcpy(x->bytes + i * 8, &bits, 8);
        }
    }
}

/* gelu far below 0 is a small difference of large numbers: held against its input, or its gradient's. */
static bool same_gelu(const char *op, const array *in, const array *got, const array *want, size_t i)
{
    double scale = fabs(strcmp(op, "gelu") == 0 ? in[0].f32[i] : in[1].f32[i]), error = got->f32[i] - want->f32[i];
    return near(got->f32[i], want->f32[i], 4) || fabs(error) <= 1e-6 * scale;
}

static bool same(lm_dtype dtype, const array *got, const array *want, size_t i, int ulps)
{
    if (dtype == LM_F32) return near(got->f32[i], want->f32[i], ulps);
    if (dtype == LM_F64) return got->f64[i] == want->f64[i] ? signbit(got->f64[i]) == signbit(want->f64[i])
                                                            : isnan(got->f64[i]) && isnan(want->f64[i]);
    size_t size = lm_dtype_size(dtype);
    return memcmp(got->bytes + i * size, want->bytes + i * size, size) == 0;
}

static void compare(const lm__op *op, lm_dtype dtype, lm_dtype result, lm__isa isa, lm__row_fn *fast)
{
    static array in[3], got, want;
    lm__row_fn *reference = lm__row_of(op->rows, dtype, result);
    assert_non_null(reference);
    for (int round = 0; round < 8; round++) {
        bool gelu = strncmp(op->name, "gelu", 4) == 0;
        double imm[2] = {gelu ? round % 2 : -0.7, 1.3};
        const void *arguments[3] = {&in[0], &in[1], &in[2]};
        for (int i = 0; i < 3; i++) draw(i < op->rows->by ? LM_BOOL : dtype, &in[i]);
        size_t n = round == 0 ? MOST : round < 4 ? (size_t)round : next() % MOST;
        memset(&got, 0xEE, sizeof got);
        fast(n, arguments, &got, imm);
        reference(n, arguments, &want, imm);
        for (size_t i = 0; i < n; i++)
            if (gelu ? !same_gelu(op->name, in, &got, &want, i) : !same(result, &got, &want, i, limit_of(op->name)))
                fail_msg("%s %s to %s, level %s: element %zu of %zu, f32 %a: %a, expected %a", op->name,
                         lm_dtype_name(dtype), lm_dtype_name(result), lm__isa_name(isa), i, n, (double)in[0].f32[i],
                         (double)got.f32[i], (double)want.f32[i]);
        assert_int_equal(got.bytes[n * lm_dtype_size(result)], 0xEE);
    }
}

static void all_rows(void **state)
{
    (void)state;
    int rows = 0;
    for (int isa = 0; isa <= (int)lm__isa_level(); isa++)
        for (const lm__op *const *op = lm__ops.ops; *op; op++) {
            if (!(*op)->rows) continue;
            for (int d = 0; d < LM_DTYPE_COUNT; d++)
                for (int r = 0; r < LM_DTYPE_COUNT; r++) {
                    bool cast = (*op)->rows->to,
                         predicate = lm__simd_row("equal", LM_F32, LM_BOOL, (lm__isa)isa) &&
                                     (strstr("equal not_equal less less_equal greater greater_equal isfinite",
                                             (*op)->name) != NULL);
                    lm_dtype result = cast ? (lm_dtype)r : predicate ? LM_BOOL : (lm_dtype)d;
                    lm__row_fn *fast = lm__simd_row((*op)->name, (lm_dtype)d, result, (lm__isa)isa);
                    if (!fast || (!cast && r > 0)) continue;
                    compare(*op, (lm_dtype)d, result, (lm__isa)isa, fast);
                    rows++;
                }
        }
    assert_true(rows >= 60);
}

/* One float in 4099 of all there are, and what lies around the functions' corners. */
static void sweeps(void **state)
{
    (void)state;
    for (int isa = 0; isa <= (int)lm__isa_level(); isa++)
        for (int f = 0; limits[f].op; f++) {
            lm__row_fn *fast = lm__simd_row(limits[f].op, LM_F32, LM_F32, (lm__isa)isa);
            lm__row_fn *reference = find(limits[f].op)->rows->of[LM_F32];
            assert_non_null(fast);
            float x[MOST], got[MOST], want[MOST];
            int64_t worst = 0;
            for (uint64_t bits = next() % 4099; bits < 0x100000000u;) {
                size_t n = 0;
                for (; n < MOST && bits < 0x100000000u; n++, bits += 4099) memcpy(&x[n], &bits, 4);
                fast(n, (const void *[]){x}, got, NULL);
                reference(n, (const void *[]){x}, want, NULL);
                for (size_t i = 0; i < n; i++) {
                    if (!near(got[i], want[i], limits[f].ulps))
                        fail_msg("%s at level %s of %a: %a, expected %a", limits[f].op, lm__isa_name((lm__isa)isa),
                                 (double)x[i], (double)got[i], (double)want[i]);
                    if (!isnan(want[i]) && llabs(place(got[i]) - place(want[i])) > worst)
                        worst = llabs(place(got[i]) - place(want[i]));
                }
            }
            print_message("%s, %s: at most %d units in the last place\n", limits[f].op, lm__isa_name((lm__isa)isa),
                          (int)worst);
        }
}

/* A value does not depend on where it stands, nor on what stands beside it. */
static void places(void **state)
{
    (void)state;
    for (int isa = 0; isa <= (int)lm__isa_level(); isa++)
        for (int f = 0; limits[f].op; f++) {
            lm__row_fn *fast = lm__simd_row(limits[f].op, LM_F32, LM_F32, (lm__isa)isa);
            float x[64], whole[64], one;
            for (int i = 0; i < 64; i++) x[i] = (float)((double)(int64_t)next() * 0x1p-60);
            fast(64, (const void *[]){x}, whole, NULL);
            for (int i = 0; i < 64; i++) {
                fast(1, (const void *[]){x + i}, &one, NULL);
                assert_memory_equal(&one, &whole[i], sizeof one);
            }
        }
}

RUN(cmocka_unit_test(all_rows), cmocka_unit_test(sweeps), cmocka_unit_test(places))
