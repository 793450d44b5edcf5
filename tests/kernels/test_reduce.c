/* Fast reductions and softmax against the reference. */
#include "support/check.h"

#include "kernels/axis.h"
#include "kernels/compare.h"
#include "kernels/reduce.h"

static void reduce(cmp *c, const char *op, const lm__reduce_attr *attr, int rank, const int64_t *dims)
{
    int64_t kept[LM_MAX_RANK];
    int n = 0;
    for (int d = 0; d < rank; d++) {
        bool gone = false;
        for (int i = 0; i < attr->naxes; i++) gone |= attr->axes[i] == d;
        if (!gone) kept[n++] = dims[d];
    }
    c->op = op, c->attr = attr, c->nin = 1, c->nout = strcmp(op, "moments") ? 1 : 2, c->tolerance = 2e-6;
    c->in[0] = cmp_desc(LM_F32, rank, dims);
    c->out[0] = c->out[1] = cmp_desc(LM_F32, n, kept);
    c->out_used = strcmp(op, "moments") ? 0 : 1 + (uint64_t)cmp_below(3);
    float *x = c->data[0] = lm__alloc(c->in[0].size * sizeof *x + 1);
    /* no negative numbers in a sum: what cancels would be held against the small rest */
    for (size_t i = 0; i < c->in[0].size; i++)
        x[i] = (float)(op[1] == 'a' || op[1] == 'i' ? cmp_uniform() : fabs(cmp_uniform()));
    if (cmp_below(4) == 0 && c->in[0].size > 0) x[cmp_next() % c->in[0].size] = NAN;
    cmp_all(c);
}

static const char *const ops[] = {"sum", "mean", "max", "min", "moments"};

static void random_reductions(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 80; round++) {
        int rank = 1 + cmp_below(4);
        int64_t dims[4];
        size_t size = 1;
        for (int d = 0; d < rank; d++) {
            do dims[d] = CMP_PICK(1, 2, 3, 10, 16, 33, 64, 257);
            while (size * (size_t)dims[d] > 100000);
            size *= (size_t)dims[d];
        }
        lm__reduce_attr attr = {.naxes = 0};
        for (int d = 0; d < rank; d++)
            if (cmp_below(2)) attr.axes[attr.naxes++] = d;
        reduce(&c, ops[cmp_below(5)], &attr, rank, dims);
    }
    assert_true(c.ran > 30);            /* for each level that LAMINA_ISA leaves */
    check_contains(c.taken, "simd");
}

/* Cut into chunks, blocks and groups. */
static void large_reductions(void **state)
{
    static const struct {
        int64_t dims[3];
        lm__reduce_attr attr;
    } cases[] = {{{21632, 1, 32}, {{0}, 1, false}}, {{1, 1, 200001}, {{2}, 1, false}},
                 {{3, 70000, 1}, {{1}, 1, false}},  {{5, 100, 5000}, {{1}, 1, false}},
                 {{2, 3000, 65}, {{1}, 1, false}},  {{4000, 3, 20}, {{1, 2}, 2, false}}};
    cmp c = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int k = 0; k < 5; k++) reduce(&c, ops[k], &cases[i].attr, 3, cases[i].dims);
    assert_true(c.ran >= 30);
}

static void softmaxes(void **state)
{
    cmp c = {0};
    (void)state;
    for (int round = 0; round < 40; round++) {
        int64_t rows = CMP_PICK(1, 3, 32, 200), n = CMP_PICK(1, 2, 10, 16, 17, 100, 1000);
        lm__axis axis = {1};
        c.op = round % 2 ? "softmax" : "log_softmax", c.attr = &axis, c.nin = c.nout = 1, c.tolerance = 1e-6;
        c.in[0] = c.out[0] = CMP_DESC(LM_F32, rows, n);
        float *x = c.data[0] = lm__alloc(c.in[0].size * sizeof *x);
        double scale = CMP_PICK(1, 30, 200);
        for (size_t i = 0; i < c.in[0].size; i++) x[i] = (float)(cmp_uniform() * scale);
        if (cmp_below(5) == 0) x[cmp_next() % c.in[0].size] = cmp_below(2) ? NAN : INFINITY;
        cmp_all(&c);
    }
    assert_true(c.ran >= 40);
}

RUN(cmocka_unit_test(random_reductions), cmocka_unit_test(large_reductions), cmocka_unit_test(softmaxes))
