/* Fast lstm and its way back against the reference, on odd sizes. */
#include "support/check.h"

#include "kernels/compare.h"
#include "kernels/lstm.h"

static void sizes(cmp *c, int64_t batch, int64_t steps, int64_t inputs, int64_t units, bool bias)
{
    c->op = "lstm", c->nin = bias ? 4 : 3, c->nout = LM__LSTM_OUTPUTS, c->tolerance = 1e-5;
    c->in[0] = CMP_DESC(LM_F32, batch, steps, inputs), c->in[1] = CMP_DESC(LM_F32, inputs, 4 * units);
    c->in[2] = CMP_DESC(LM_F32, units, 4 * units), c->in[3] = CMP_DESC(LM_F32, 4 * units);
    for (int i = 0; i < c->nout; i++) c->out[i] = CMP_DESC(LM_F32, batch, steps, units);
    c->out[LM__LSTM_AFTER_GATES] = CMP_DESC(LM_F32, batch, steps, 4 * units);
}

/* With the gates and cells of `c` before it was freed. */
static void back(cmp *c, int64_t batch, int64_t steps, int64_t units)
{
    c->op = "lstm_backward", c->nin = 4, c->nout = 2;
    c->in[0] = CMP_DESC(LM_F32, units, 4 * units), c->in[1] = CMP_DESC(LM_F32, batch, steps, 4 * units);
    c->in[2] = c->in[3] = CMP_DESC(LM_F32, batch, steps, units);
    c->out[0] = c->in[1], c->out[1] = CMP_DESC(LM_F32, 4 * units);
    c->out_used = 1 + (uint64_t)cmp_below(3);
    cmp_all(c);
    c->out_used = 0;
}

static void random_sizes(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 40; round++) {
        int64_t batch = CMP_PICK(1, 2, 5, 13, 31, 33, 70), steps = CMP_PICK(1, 2, 7), inputs = CMP_PICK(1, 3, 16, 37);
        int64_t units = CMP_PICK(1, 4, 7, 16, 24, 33, 70);
        sizes(&c, batch, steps, inputs, units, cmp_below(2));
        c.out_used = cmp_below(3) ? 1 + (uint64_t)cmp_below(15) : 1;
        cmp_all(&c);
        back(&c, batch, steps, units);
    }
    assert_true(c.ran > 100);
    check_contains(c.taken, "simd");
}

/* The rows of jobs that are as large as they get, not all of one size. */
static void large_batch(void **state)
{
    cmp c = {0};
    (void)state;
    sizes(&c, 290, 2, 5, 9, true);
    cmp_all(&c);
    back(&c, 290, 2, 9);
    assert_true(c.ran > 0);
}

/* Sums beyond what an exponential holds, and NaN in one example alone. */
static void extremes(void **state)
{
    cmp c = {0};
    (void)state;
    sizes(&c, 6, 3, 2, 5, true);
    cmp_fill(&c);
    for (int i = 0; i < 20; i++) ((float *)c.data[3])[i] = (float)(i % 2 ? 25 * (i + 1) : -25 * (i + 1));
    ((float *)c.data[0])[8] = NAN;
    cmp_all(&c);
    assert_true(c.ran > 0);
}

RUN(cmocka_unit_test(random_sizes), cmocka_unit_test(large_batch), cmocka_unit_test(extremes))
