/* Fast matrix products against the reference: transposes, batches, broadcasting, odd and empty sizes. */
#include "support/check.h"

#include "kernels/compare.h"
#include "kernels/epilogue.h"

static void product(cmp *c, lm__matmul attr, int rank_a, const int64_t *lead_a, int rank_b, const int64_t *lead_b,
                    const int64_t *lead, int64_t m, int64_t n, int64_t k)
{
    int rank = rank_a > rank_b ? rank_a : rank_b;
    int64_t a[LM_MAX_RANK], b[LM_MAX_RANK], y[LM_MAX_RANK];
    for (int i = 0; i < rank_a; i++) a[i] = lead_a[i];
    for (int i = 0; i < rank_b; i++) b[i] = lead_b[i];
    for (int i = 0; i < rank; i++) y[i] = lead[i];
    a[rank_a] = attr.transpose_a ? k : m, a[rank_a + 1] = attr.transpose_a ? m : k;
    b[rank_b] = attr.transpose_b ? n : k, b[rank_b + 1] = attr.transpose_b ? k : n;
    y[rank] = m, y[rank + 1] = n;
    c->op = "matmul", c->attr = &attr, c->nin = 2, c->nout = 1, c->tolerance = 2e-6 + 3e-8 * sqrt((double)k);
    c->in[0] = cmp_desc(LM_F32, rank_a + 2, a);
    c->in[1] = cmp_desc(LM_F32, rank_b + 2, b);
    c->out[0] = cmp_desc(LM_F32, rank + 2, y);
    cmp_all(c);
    /* with an activation, and with or without a bias */
    const lm__matmul_fused fused = {attr, LM__ACT_NONE + cmp_below(4)};
    c->op = "matmul_fused", c->attr = &fused, c->nin = 2 + cmp_below(2);
    c->tolerance *= fused.activation > LM__ACT_RELU ? 1 + sqrt((double)k) : 2;     /* relative to 1 there */
    c->in[2] = CMP_DESC(LM_F32, n);
    cmp_all(c);
}

static void plain_products(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 60; round++) {
        lm__matmul attr = {.transpose_a = cmp_below(2), .transpose_b = cmp_below(2)};
        int64_t m = CMP_PICK(1, 2, 5, 12, 13, 31, 32, 64, 97, 200),
                n = CMP_PICK(1, 3, 10, 16, 31, 32, 33, 65, 128, 300);
        int64_t k = CMP_PICK(1, 2, 7, 16, 33, 128, 255, 256, 257, 600);
        product(&c, attr, 0, NULL, 0, NULL, NULL, m, n, k);
    }
    assert_true(c.ran > 100);
    check_contains(c.taken, "simd");
}

/* The tutorial's shapes, and others that are cut along each dimension. */
static void cut_products(void **state)
{
    static const struct {
        int64_t m, n, k;
        lm__matmul attr;
    } cases[] = {{32, 128, 5408, {0}},         {32, 5408, 128, {.transpose_b = true}},
                 {5408, 128, 32, {.transpose_a = true}}, {1, 1000, 900, {0}},
                 {3, 700, 1025, {.transpose_b = true}},  {7, 5, 40000, {.transpose_a = true}},
                 {700, 9, 513, {0}},           {400, 300, 200, {true, true}}};
    cmp c = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        product(&c, cases[i].attr, 0, NULL, 0, NULL, NULL, cases[i].m, cases[i].n, cases[i].k);
    assert_true(c.ran >= 8);
}

static void batches(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 30; round++) {
        lm__matmul attr = {.transpose_a = cmp_below(2), .transpose_b = cmp_below(2)};
        int64_t x = CMP_PICK(1, 2, 7, 40), y = CMP_PICK(1, 3, 6), one = 1;
        int64_t m = CMP_PICK(1, 4, 33, 64), n = CMP_PICK(1, 8, 32, 65), k = CMP_PICK(1, 16, 50, 64);
        switch (cmp_below(5)) {
        case 0: product(&c, attr, 1, &x, 1, &x, &x, m, n, k); break;
        case 1: product(&c, attr, 1, &x, 0, NULL, &x, m, n, k); break;
        case 2: product(&c, attr, 0, NULL, 1, &x, &x, m, n, k); break;
        case 3: product(&c, attr, 1, &one, 1, &x, &x, m, n, k); break;
        default:
            product(&c, attr, 2, (int64_t[]){x, 1}, 2, (int64_t[]){x, y}, (int64_t[]){x, y}, m, n, k);
        }
    }
    assert_true(c.ran > 50);
}

static void empty(void **state)
{
    cmp c = {0};
    (void)state;
    lm__matmul attr = {0};
    product(&c, attr, 0, NULL, 0, NULL, NULL, 3, 5, 0);     /* zeros */
    product(&c, attr, 0, NULL, 0, NULL, NULL, 0, 5, 4);
    product(&c, attr, 0, NULL, 0, NULL, NULL, 3, 0, 4);
    product(&c, attr, 1, (int64_t[]){0}, 1, (int64_t[]){0}, (int64_t[]){0}, 3, 2, 4);
    assert_true(c.ran > 0);
}

RUN(cmocka_unit_test(plain_products), cmocka_unit_test(cut_products), cmocka_unit_test(batches),
    cmocka_unit_test(empty))
