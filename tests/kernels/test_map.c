/* Chains of rows over random index spaces against a plain evaluation element by element; in place; guarded; sums; the
 * same bytes for any team. */
#include "base/alloc.h"
#include "kernels/map.h"
#include <lamina/runtime.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* cmocka needs the above */
#include <cmocka.h>

static uint64_t seed = 88172645463325252u;

static uint64_t next(void)
{
    seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
    return seed;
}

static int below(int n) { return (int)(next() % (uint64_t)n); }

static void row_add(size_t n, const void *const *in, void *out, const double *imm)
{
    const float *x = in[0], *y = in[1];
    float *z = out;
    for (size_t i = 0; i < n; i++) z[i] = x[i] + y[i] * (float)imm[0];
}

static void row_less(size_t n, const void *const *in, void *out, const double *imm)
{
    const float *x = in[0], *y = in[1];
    uint8_t *z = out;
    (void)imm;
    for (size_t i = 0; i < n; i++) z[i] = x[i] < y[i];
}

static void row_where(size_t n, const void *const *in, void *out, const double *imm)
{
    const uint8_t *c = in[0];
    const float *x = in[1], *y = in[2];
    float *z = out;
    (void)imm;
    for (size_t i = 0; i < n; i++) z[i] = c[i] ? x[i] : y[i];
}

/* --- the plain evaluation ------------------------------------------------------------------------------------------
 * */

static void evaluate(const lm__map *map, const void *const *in, void *const *out, size_t at)
{
    union {
        float f;
        uint8_t b;
    } reg[LM__MAP_MAX_OPERANDS + LM__MAP_MAX_STEPS];
    lm_dtype type[LM__MAP_MAX_OPERANDS + LM__MAP_MAX_STEPS];
    for (int i = 0; i < map->operands; i++) {
        int64_t offset = 0;
        size_t rest = at;
        for (int d = map->rank - 1; d >= 0; d--) {
            offset += (int64_t)(rest % (size_t)map->dims[d]) * map->operand[i].stride[d];
            rest /= (size_t)map->dims[d];
        }
        size_t size = lm_dtype_size(map->operand[i].dtype);
        memcpy(&reg[i], (const char *)in[i] + offset * (int64_t)size, size);
        type[i] = map->operand[i].dtype;
    }
    for (int s = 0; s < map->steps; s++) {
        const lm__map_step *step = &map->step[s];
        const void *arguments[LM__MAP_MAX_ARGS];
        for (int i = 0; i < step->nin; i++) arguments[i] = &reg[step->in[i]];
        union {
            float f;
            uint8_t b;
        } value;
        step->row(1, arguments, &value, step->imm);
        memcpy(&reg[step->out], &value, sizeof value);
        type[step->out] = step->dtype;
    }
    for (int r = 0; r < map->results; r++) {
        size_t size = lm_dtype_size(type[map->result[r]]);
        memcpy((char *)out[r] + at * size, &reg[map->result[r]], size);
    }
}

/* --- random maps ---------------------------------------------------------------------------------------------------
 * */

static size_t random_space(lm__map *map)
{
    static const int sizes[] = {1, 2, 3, 7, 10, 16, 32, 33, 128, 200, 1000, 1024, 2500};
    size_t total = 1;
    map->rank = below(5);
    for (int d = 0; d < map->rank; d++) {
        do map->dims[d] = sizes[below(13)];
        while (total * (size_t)map->dims[d] > 90000);
        total *= (size_t)map->dims[d];
    }
    return total;
}

/* Dense, broadcast along random dimensions, or with dimensions in another order. Returns the elements it spans. */
static size_t random_operand(const lm__map *map, lm__map_operand *operand)
{
    int order[LM_MAX_RANK];
    for (int d = 0; d < map->rank; d++) order[d] = d;
    int kind = below(4);
    if (kind == 3)
        for (int d = map->rank - 1; d > 0; d--) {
            int e = below(d + 1), t = order[d];
            order[d] = order[e], order[e] = t;
        }
    int leading = below(map->rank + 1);
    int64_t stride = 1;
    for (int k = map->rank - 1; k >= 0; k--) {
        int d = order[k];
        bool broadcast = (kind == 1 && d < leading) || (kind == 2 && below(2));
        operand->stride[d] = broadcast ? 0 : stride;
        if (!broadcast) stride *= map->dims[d];
    }
    operand->dtype = LM_F32;
    return (size_t)stride;
}

static void random_steps(lm__map *map)
{
    int floats[64], bools[64], nf = 0, nb = 0;
    for (int i = 0; i < map->operands; i++) floats[nf++] = i;
    map->steps = below(8);
    map->registers = map->operands;
    for (int s = 0; s < map->steps; s++) {
        lm__map_step *step = &map->step[s];
        int kind = below(nb ? 3 : 2);
        *step = (lm__map_step){.row = row_add, .op = "add", .imm = {0.5, 0}, .nin = 2, .dtype = LM_F32};
        step->in[0] = floats[below(nf)], step->in[1] = floats[below(nf)];
        if (kind == 1) step->row = row_less, step->op = "less", step->dtype = LM_BOOL;
        if (kind == 2) {
            step->row = row_where, step->op = "where", step->nin = 3;
            step->in[2] = step->in[1], step->in[1] = step->in[0], step->in[0] = bools[below(nb)];
        }
        step->out = map->registers++;
        if (kind == 1) bools[nb++] = step->out;
        else floats[nf++] = step->out;
    }
    map->results = 1 + below(3);
    for (int r = 0; r < map->results; r++)
        map->result[r] = r == 0 ? map->registers - 1 : below(map->registers);
}

static lm_dtype type_of(const lm__map *map, int reg)
{
    for (int s = 0; s < map->steps; s++)
        if (map->step[s].out == reg) return map->step[s].dtype;
    return LM_F32;
}

static void run(const lm__map *map, const void *const *in, void *const *out)
{
    size_t stride = (lm__map_scratch(map) + 63) & ~(size_t)63;
    char *scratch = lm__alloc(stride * 3 + 64);
    memset(scratch, 0xEE, stride * 3 + 64);
    size_t bytes = lm__map_shared(map);
    unsigned char *shared = lm__alloc(bytes + 64);
    memset(shared, 0xEE, bytes + 64);
    lm__map_run(map, in, out, scratch, stride, shared);
    for (int i = 0; i < 64; i++) assert_int_equal((unsigned char)scratch[stride * 3 + (size_t)i], 0xEE);
    for (int i = 0; i < 64; i++) assert_int_equal(shared[bytes + (size_t)i], 0xEE);
    lm__free(scratch);
    lm__free(shared);
}

static void random_maps(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        lm__map map = {.guard = -1};
        size_t total = random_space(&map);
        float *data[LM__MAP_MAX_OPERANDS];
        void *want[3], *got[3];
        map.operands = 1 + below(4);
        for (int i = 0; i < map.operands; i++) {
            size_t span = random_operand(&map, &map.operand[i]);
            data[i] = lm__alloc(span * sizeof(float));
            for (size_t k = 0; k < span; k++) data[i][k] = (float)below(2000) / 1000 - 1;
        }
        random_steps(&map);
        for (int r = 0; r < map.results; r++) want[r] = lm__alloc(total * 4), got[r] = lm__alloc(total * 4);
        for (size_t k = 0; k < total; k++) evaluate(&map, (const void *const *)data, want, k);
        for (int threads = 1; threads <= 3; threads++) {
            assert_int_equal(lm_set_threads(threads), LM_OK);
            run(&map, (const void *const *)data, got);
            for (int r = 0; r < map.results; r++)
                assert_memory_equal(got[r], want[r], total * lm_dtype_size(type_of(&map, map.result[r])));
        }
        for (int r = 0; r < map.results; r++) lm__free(want[r]), lm__free(got[r]);
        for (int i = 0; i < map.operands; i++) lm__free(data[i]);
    }
}

/* Sums beside results, or alone, of steps and of operands, over all dimensions but the last `kept`. */
static void sums(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        lm__map map = {.guard = -1};
        size_t total = random_space(&map);
        float *data[LM__MAP_MAX_OPERANDS], *values = NULL, *got[3][4];
        map.operands = 1 + below(3);
        for (int i = 0; i < map.operands; i++) {
            size_t span = random_operand(&map, &map.operand[i]);
            data[i] = lm__alloc(span * sizeof(float));
            for (size_t k = 0; k < span; k++) data[i][k] = (float)below(2000) / 1000 - 0.9f;
        }
        random_steps(&map);
        map.sum_keep = 1;
        for (int d = map.rank - 1; d >= 0 && below(3); d--)
            if (map.sum_keep * map.dims[d] <= LM__MAP_BLOCK) map.sum_keep *= map.dims[d];
            else break;
        /* what is summed up, as results of the plain evaluation */
        lm__map plain = map;
        plain.results = 0;
        map.results = below(2);
        while (map.sums < 3)
            if (type_of(&map, plain.result[map.sums] = below(map.registers)) == LM_F32) {
                map.sum[map.sums] = plain.result[map.sums];
                map.sum_divisor[map.sums++] = round % 2 ? 1 : 3;
            }
        plain.results = 3;
        values = lm__alloc(3 * total * sizeof(float));
        void *want[3] = {values, values + total, values + 2 * total};
        for (size_t k = 0; k < total; k++) evaluate(&plain, (const void *const *)data, want, k);
        for (int t = 0; t < 3; t++) {
            for (int r = 0; r < 4; r++) got[t][r] = lm__alloc(total * sizeof(float));
            assert_int_equal(lm_set_threads(t + 1), LM_OK);
            run(&map, (const void *const *)data, (void *const *)got[t]);
        }
        for (int s = 0; s < 3; s++)
            for (int64_t i = 0; i < map.sum_keep; i++) {
                double sum = 0, size = 0;
                for (size_t k = (size_t)i; k < total; k += (size_t)map.sum_keep)
                    sum += (double)((float *)want[s])[k], size += fabs((double)((float *)want[s])[k]);
                const float *y = got[0][map.results + s];
                assert_true(fabs((double)y[i] * (double)map.sum_divisor[s] - sum) <= 1e-5 * (size + 1e-30));
                for (int t = 1; t < 3; t++) assert_memory_equal(&got[t][map.results + s][i], &y[i], sizeof *y);
            }
        for (int t = 0; t < 3; t++)
            for (int r = 0; r < 4; r++) lm__free(got[t][r]);
        for (int i = 0; i < map.operands; i++) lm__free(data[i]);
        lm__free(values);
    }
}

/* p -= 0.5 g while p is still read by a later step, over p itself; and the old p as a second result. */
static void in_place(void **state)
{
    (void)state;
    enum { N = 40000 };
    lm__map map = {.rank = 1, .dims = {N}, .operands = 2, .steps = 2, .results = 3, .registers = 4, .guard = -1};
    map.operand[0] = map.operand[1] = (lm__map_operand){LM_F32, {1}};
    map.step[0] = (lm__map_step){.row = row_add, .imm = {-0.5}, .nin = 2, .in = {0, 1}, .out = 2, .dtype = LM_F32};
    map.step[1] = (lm__map_step){.row = row_add, .imm = {2}, .nin = 2, .in = {2, 0}, .out = 3, .dtype = LM_F32};
    map.result[0] = 2, map.result[1] = 3, map.result[2] = 0;
    float *p = lm__alloc(N * 4), *g = lm__alloc(N * 4), *sum = lm__alloc(N * 4), *old = lm__alloc(N * 4);
    for (int i = 0; i < N; i++) p[i] = (float)i, g[i] = (float)(i % 7);
    run(&map, (const void *[]){p, g}, (void *[]){p, sum, old});
    for (int i = 0; i < N; i++) {
        float now = (float)i - 0.5f * (float)(i % 7);
        assert_true(p[i] == now && sum[i] == now + 2 * (float)i && old[i] == (float)i);
    }
    lm__free(p), lm__free(g), lm__free(sum), lm__free(old);
}

static void guard(void **state)
{
    (void)state;
    lm__map map = {.rank = 1, .dims = {3}, .operands = 2, .steps = 1, .results = 1, .registers = 3, .guard = 2};
    map.operand[0] = map.operand[1] = (lm__map_operand){LM_F32, {1}};
    map.step[0] = (lm__map_step){.row = row_add, .imm = {1}, .nin = 2, .in = {0, 1}, .out = 2, .dtype = LM_F32};
    map.result[0] = 2;
    float x[3] = {1, 2, 3}, y[3] = {4, 4, 4}, z[3] = {0, 0, 0};
    uint8_t no = 0, yes = 1;
    run(&map, (const void *[]){x, y, &no}, (void *[]){z});
    assert_true(z[0] == 0 && z[2] == 0);
    run(&map, (const void *[]){x, y, &yes}, (void *[]){z});
    assert_true(z[0] == 5 && z[2] == 7);
}

/* --- rows for several steps
 * ------------------------------------------------------------------------------------------ */

static void add_step(lm__map *map, const char *op, int nin, int a, int b, int c)
{
    lm_dtype result = strcmp(op, "greater") ? LM_F32 : LM_BOOL;
    lm__map_step *step = &map->step[map->steps++];
    *step = (lm__map_step){.row = lm__simd_row(op, LM_F32, result, lm__isa_level()),
                           .op = op,
                           .nin = nin,
                           .in = {a, b, c},
                           .out = map->registers++,
                           .dtype = result};
    assert_non_null(step->row);
}

/* p, m, v, g dense; then four numbers. With `exchanged` the arguments of sums and products the other way round. */
static lm__map adam(bool exchanged)
{
    lm__map map = {.rank = 1, .dims = {5003}, .operands = 8, .registers = 8, .results = 3, .guard = -1};
    for (int i = 0; i < 8; i++) map.operand[i] = (lm__map_operand){LM_F32, {i < 4}};
#define BOTH(op, a, b) add_step(&map, op, 2, exchanged ? b : a, exchanged ? a : b, 0)
    add_step(&map, "subtract", 2, 3, 1, 0);                     /* 8: g - m */
    BOTH("multiply", 8, 4);
    BOTH("add", 1, 9);                                          /* 10: m */
    add_step(&map, "square", 1, 3, 0, 0);                       /* 11 */
    add_step(&map, "subtract", 2, 11, 2, 0);
    BOTH("multiply", 12, 5);
    BOTH("add", 2, 13);                                         /* 14: v */
    add_step(&map, "sqrt", 1, 14, 0, 0);
    BOTH("add", 15, 7);
    BOTH("multiply", 10, 6);
    add_step(&map, "divide", 2, 17, 16, 0);
    add_step(&map, "subtract", 2, 0, 18, 0);                    /* 19: p */
    map.result[0] = 19, map.result[1] = 10, map.result[2] = 14;
    return map;
}

static void same_results(const lm__map *map, int operands)
{
    lm__map combined = *map;
    lm__map_combine(&combined, lm__isa_level());
    float *in[8], *out[2][3];
    for (int i = 0; i < operands; i++) {
        in[i] = lm__alloc(5003 * sizeof **in);
        for (int k = 0; k < 5003; k++) in[i][k] = (float)below(2000) / 1000 + 0.1f;
        if (map->operand[i].dtype == LM_BOOL)
            for (int k = 0; k < 5003; k++) ((uint8_t *)in[i])[k] = below(2) == 0;
    }
    for (int k = 0; k < 2; k++) {
        for (int r = 0; r < map->results; r++) out[k][r] = lm__alloc(5003 * sizeof(float));
        run(k ? &combined : map, (const void *const *)in, (void *const *)out[k]);
    }
    for (int r = 0; r < map->results; r++)
        for (int i = 0; i < 5003; i++) assert_float_equal(out[1][r][i], out[0][r][i], 5e-6);
    for (int r = 0; r < map->results; r++) lm__free(out[0][r]), lm__free(out[1][r]);
    for (int i = 0; i < operands; i++) lm__free(in[i]);
}

static void combined(void **state)
{
    (void)state;
    for (int exchanged = 0; exchanged < 2; exchanged++) {
        lm__map map = adam(exchanged), fewer = map;
        lm__map_combine(&fewer, lm__isa_level());
        assert_int_equal(fewer.steps, 3);
        same_results(&map, 8);
    }
    /* what lies between is a result, or used twice: it stays */
    lm__map map = adam(false), fewer;
    map.result[2] = 9, fewer = map;
    lm__map_combine(&fewer, lm__isa_level());
    assert_true(fewer.steps > 3);
    same_results(&map, 8);
    /* a whole array where a number is expected */
    map = adam(false), map.operand[7].stride[0] = 1, fewer = map;
    lm__map_combine(&fewer, lm__isa_level());
    assert_true(fewer.steps > 3);
    same_results(&map, 8);
}

static int arguments(const char *op)
{
    if (!strcmp(op, "negative") || !strcmp(op, "expm1") || !strcmp(op, "relu")) return 1;
    return strcmp(op, "where") ? 2 : 3;
}

/* Leaky relu, dropout's both ways, batch normalisation with relu, 1 - e^-x: operands 0 … 3 dense, 4 … 6 numbers; 7
 * a bool. */
static void longer_chains(void **state)
{
    static const struct {
        const char *op[5];
        int in[5][3];                   /* 8, 9, …: results of the steps before */
    } cases[] = {{{"greater", "where", "multiply"}, {{1, 4}, {8, 5, 6}, {0, 9}}},
                 {{"greater", "where", "multiply"}, {{0, 4}, {8, 5, 6}, {9, 0}}},
                 {{"multiply", "where"}, {{0, 4}, {7, 8, 5}}},
                 {{"where", "multiply"}, {{7, 0, 4}, {8, 5}}},
                 {{"subtract", "multiply", "add"}, {{0, 1}, {8, 2}, {3, 9}}},
                 {{"subtract", "multiply", "add", "relu"}, {{0, 1}, {8, 2}, {3, 9}, {10}}},
                 {{"subtract", "multiply", "add", "add", "relu"}, {{0, 1}, {2, 8}, {9, 3}, {10, 2}, {11}}},
                 {{"multiply", "add", "relu", "greater", "where"}, {{0, 1}, {2, 8}, {9}, {10, 5}, {11, 3, 5}}},
                 {{"negative", "expm1", "negative"}, {{0}, {8}, {9}}}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lm__map map = {.rank = 1, .dims = {5003}, .operands = 8, .registers = 8, .results = 1, .guard = -1}, fewer;
        for (int k = 0; k < 8; k++) map.operand[k] = (lm__map_operand){k < 7 ? LM_F32 : LM_BOOL, {k < 4 || k == 7}};
        for (int k = 0; k < 5 && cases[i].op[k]; k++)
            add_step(&map, cases[i].op[k], arguments(cases[i].op[k]), cases[i].in[k][0], cases[i].in[k][1],
                     cases[i].in[k][2]);
        map.result[0] = map.registers - 1, fewer = map;
        lm__map_combine(&fewer, lm__isa_level());
        assert_int_equal(fewer.steps, 1);
        same_results(&map, 8);
        /* a float where a bool is expected, or a bool result that something else needs */
        map.operand[7].dtype = LM_F32, fewer = map;
        if (cases[i].in[0][0] == 7 || cases[i].in[1][0] == 7) {
            lm__map_combine(&fewer, lm__isa_level());
            assert_int_equal(fewer.steps, 2);
        }
    }
}

static void every_chain(void **state)
{
    static const struct {
        const char *op[2];
        int in[2][3];                   /* operands 0 … 2 dense, 3 and 4 numbers, 5: the first step's result */
    } cases[] = {{{"multiply", "subtract"}, {{1, 3}, {0, 5}}}, {{"multiply", "add"}, {{1, 3}, {0, 5}}},
                 {{"greater", "where"}, {{0, 3}, {5, 1, 4}}},  {{"multiply", "add"}, {{0, 1}, {5, 2}}},
                 {{"subtract", "multiply"}, {{0, 1}, {2, 5}}}, {{"multiply", "multiply"}, {{0, 1}, {5, 2}}},
                 {{"add", "add"}, {{0, 1}, {2, 5}}}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lm__map map = {.rank = 1, .dims = {5003}, .operands = 5, .registers = 5, .results = 1, .guard = -1}, fewer;
        for (int k = 0; k < 5; k++) map.operand[k] = (lm__map_operand){LM_F32, {k < 3}};
        for (int k = 0; k < 2; k++)
            add_step(&map, cases[i].op[k], strcmp(cases[i].op[k], "where") ? 2 : 3, cases[i].in[k][0],
                     cases[i].in[k][1], cases[i].in[k][2]);
        map.result[0] = 6, fewer = map;
        lm__map_combine(&fewer, lm__isa_level());
        assert_int_equal(fewer.steps, 1);
        same_results(&map, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_maps),
        cmocka_unit_test(in_place),
        cmocka_unit_test(guard),
        cmocka_unit_test(combined),
        cmocka_unit_test(every_chain),
        cmocka_unit_test(longer_chains),
        cmocka_unit_test(sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
