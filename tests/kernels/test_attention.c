/* Fast attention and its gradient against the reference. */
#include "support/check.h"

#include "kernels/attention.h"
#include "kernels/compare.h"

static lm__attention attr;

/* Queries, keys, values from input `at` on; the result. */
static lm__desc draw(cmp *c, int at)
{
    int64_t batch = CMP_PICK(1, 2, 3), heads = CMP_PICK(1, 2, 5), t = CMP_PICK(1, 3, 16, 31, 32, 33, 64, 70);
    int64_t s = cmp_below(2) ? t : CMP_PICK(1, 2, 17, 40, 96), k = CMP_PICK(1, 4, 5, 16, 32),
            v = CMP_PICK(1, 8, 9, 32);
    memset(&attr, 0, sizeof attr);
    attr.scale = CMP_PICK(1, 2, -1) / sqrt((double)k);
    attr.causal = cmp_below(2);
    c->attr = &attr;
    c->in[at] = CMP_DESC(LM_F32, batch, t, heads, k);
    c->in[at + 1] = CMP_DESC(LM_F32, batch, s, heads, k);
    c->in[at + 2] = CMP_DESC(LM_F32, batch, s, heads, v);
    c->nin = at + 3;
    return CMP_DESC(LM_F32, batch, t, heads, v);
}

static void forward(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 80; round++) {
        c.op = "attention", c.nout = 1, c.tolerance = 3e-6;
        c.out[0] = draw(&c, 0);
        cmp_all(&c);
    }
    assert_true(c.ran > 50);
    check_contains(c.taken, "simd");
}

static void backward(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 80; round++) {
        c.op = "attention_backward", c.nout = 3, c.tolerance = 1e-5;
        c.in[0] = draw(&c, 1);
        for (int i = 0; i < 3; i++) c.out[i] = c.in[1 + i];
        c.out_used = 1 + (uint64_t)cmp_below(7);
        cmp_all(&c);
    }
    assert_true(c.ran > 50);
    check_contains(c.taken, "simd");
}

/* Scores that would overflow if the largest were not taken off. */
static void large_scores(void **state)
{
    cmp c = {.op = "attention", .nin = 3, .nout = 1, .tolerance = 1e-5};
    (void)state;
    attr = (lm__attention){300, true};
    c.attr = &attr;
    for (int i = 0; i < 3; i++) c.in[i] = CMP_DESC(LM_F32, 1, 40, 2, 8);
    c.out[0] = c.in[2];
    cmp_fill(&c);
    for (int i = 0; i < 2; i++) /* whole numbers: scores are exact, whichever way they are added up */
        for (size_t k = 0; k < c.in[i].size; k++) ((float *)c.data[i])[k] = (float)(cmp_below(7) - 3);
    cmp_all(&c);
    assert_true(c.ran > 0);
}

/* Counted one by one. */
static void seen_pairs(void **state)
{
    (void)state;
    for (int64_t t = 0; t < 6; t++)
        for (int64_t s = 0; s < 6; s++) {
            const lm__attention_dims d = {1, 1, t, s, 1, 1};
            int pairs = 0;
            for (int64_t i = 0; i < t; i++)
                for (int64_t j = 0; j < s; j++) pairs += j <= i;
            assert_int_equal((int)lm__attention_pairs(&d, true), pairs);
            assert_int_equal((int)lm__attention_pairs(&d, false), t * s);
        }
}

RUN(cmocka_unit_test(forward), cmocka_unit_test(backward), cmocka_unit_test(large_scores),
    cmocka_unit_test(seen_pairs))
