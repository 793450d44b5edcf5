/* tests/parity/test_parity_initializers.c: every initializer case of real Keras: the distribution of what is
 * drawn. */
#include "support/check.h"

#include "nn/initializer.h"
#include "support/parity.h"
#include "tensor/tensor.h"
#include <lamina/initializers.h>
#include <math.h>
#include <stdlib.h>

enum { DRAWS = 60 };

static double field(const parity_case *c, const char *key)
{
    const json_t *value = json_object_get(json_object_get(c->json, "expected"), key);
    return json_is_null(value) ? NAN : json_number_value(value);
}

typedef struct moments {
    double mean, stddev, low, high, outer;      /* outer: the part beyond a standard deviation of the mean */
    size_t n;
} moments;

static lm_tensor *draw(const parity_case *c, const lm_initializer *initializer, uint64_t stream)
{
    const json_t *shape = json_object_get(c->json, "shape");
    int64_t dims[LM_MAX_RANK];
    for (size_t i = 0; i < json_array_size(shape); i++) dims[i] = json_integer_value(json_array_get(shape, i));
    lm_tensor *t = lm_tensor_new(LM_F64, (int)json_array_size(shape), dims);
    check_ok(lm__initializer_fill(initializer, t, 5, stream));
    return t;
}

static moments measure(const double *x, size_t n, double mean, double stddev)
{
    moments m = {.low = INFINITY, .high = -INFINITY, .n = n};
    for (size_t i = 0; i < n; i++) {
        m.mean += x[i] / (double)n;
        m.low = fmin(m.low, x[i]), m.high = fmax(m.high, x[i]);
        m.outer += (fabs(x[i] - mean) > stddev) / (double)n;
    }
    for (size_t i = 0; i < n; i++) m.stddev += (x[i] - m.mean) * (x[i] - m.mean) / (double)n;
    m.stddev = sqrt(m.stddev);
    return m;
}

/* Of each distribution: how much lies beyond one standard deviation from the mean. */
static double outer_part(const char *distribution)
{
    if (!strcmp(distribution, "normal")) return erfc(sqrt(0.5));
    if (!strcmp(distribution, "uniform")) return 1 - 1 / sqrt(3);
    if (!strcmp(distribution, "constant")) return 0;
    double cut = erfc(2 * sqrt(0.5));           /* a normal cut off at two has 0.8796 of its standard deviation */
    return (erfc(0.87962566103423978 * sqrt(0.5)) - cut) / (1 - cut);
}

static void compare(parity_case *c, const moments *m)
{
    const char *distribution =
        json_string_value(json_object_get(json_object_get(c->json, "expected"), "distribution"));
    double mean = field(c, "mean"), stddev = field(c, "stddev"), low = field(c, "low"), high = field(c, "high");
    double outer = outer_part(distribution), n = (double)m->n;
    c->compared++;
    if (!(fabs(m->mean - mean) <= 5 * stddev / sqrt(n) + 1e-9))
        parity_problem(c, "mean %g, expected %g", m->mean, mean);
    if (!(fabs(m->stddev - stddev) <= 5 * stddev / sqrt(n) + 1e-9))
        parity_problem(c, "standard deviation %g, expected %g", m->stddev, stddev);
    if (!(fabs(m->outer - outer) <= 5 * sqrt(outer / n) + 1e-9))
        parity_problem(c, "%g beyond a standard deviation, expected %g (%s)", m->outer, outer, distribution);
    if (m->low < low || m->high > high) parity_problem(c, "%g…%g exceeds %g…%g", m->low, m->high, low, high);
    /* with that many draws the bounds are nearly reached: they are not too wide */
    double near = 6 * (high - low) / n;
    if (!strcmp(distribution, "uniform") && (m->low > low + near || m->high < high - near))
        parity_problem(c, "%g…%g does not fill %g…%g", m->low, m->high, low, high);
}

static void test_initializer(parity_case *c)
{
    lm_initializer *initializer = parity_object(c, lm__initializer_classes, "initializer");
    if (lm_failed(initializer)) {
        parity_problem(c, "%s", lm_error(initializer));
        return;
    }
    lm_tensor *first = draw(c, initializer, 0), *again = draw(c, initializer, 0);
    assert_memory_equal(first->data, again->data, lm_tensor_bytes(first));
    double *all = malloc(DRAWS * lm_tensor_bytes(first));
    for (int i = 0; i < DRAWS; i++) {
        lm_tensor *t = draw(c, initializer, (uint64_t)i);
        memcpy(all + (size_t)i * t->size, t->data, lm_tensor_bytes(t));
        lm_free(t);
    }
    moments m = measure(all, DRAWS * first->size, field(c, "mean"), field(c, "stddev"));
    compare(c, &m);
    free(all);
    lm_free(first), lm_free(again), lm_free(initializer);
}

static void initializers(void **state)
{
    (void)state;
    parity_run("initializer", 48, test_initializer, NULL, NULL);
}

/* The rows or columns of what Orthogonal draws are orthonormal, times gain; and evenly spread: a turn of the space,
 * or one that also mirrors it, is as likely as any other. */
static void check_orthogonal(int rank, const int64_t *dims, size_t rows, size_t columns, double gain)
{
    lm_initializer *initializer = lm_init_orthogonal(.gain = gain);
    double sum = 0, squares = 0;
    for (uint64_t draw = 0; draw < 200; draw++) {
        lm_tensor *t = lm_tensor_new(LM_F64, rank, dims);
        check_ok(lm__initializer_fill(initializer, t, 5, draw));
        const double *q = t->data;
        size_t count = rows < columns ? rows : columns, n = rows < columns ? columns : rows;
        size_t of = rows < columns ? columns : 1, along = rows < columns ? 1 : columns;
        for (size_t a = 0; a < count; a++)
            for (size_t b = 0; b <= a; b++) {
                double dot = 0;
                for (size_t i = 0; i < n; i++) dot += q[a * of + i * along] * q[b * of + i * along];
                if (fabs(dot - (a == b) * gain * gain) > 1e-12 * gain * gain) fail_msg("%zu by %zu: %g", a, b, dot);
            }
        sum += q[0], squares += q[0] * q[0];
        lm_free(t);
    }
    double stddev = gain / sqrt((double)(rows < columns ? columns : rows));
    if (fabs(sum / 200) > 4 * stddev / sqrt(200)) fail_msg("mean %g, expected 0", sum / 200);
    if (fabs(squares / 200 - stddev * stddev) > 8 * stddev * stddev / sqrt(200))
        fail_msg("mean square %g, expected %g", squares / 200, stddev * stddev);
    lm_free(initializer);
}

static void orthogonal(void **state)
{
    (void)state;
    check_orthogonal(2, (int64_t[]){7, 7}, 7, 7, 1);
    check_orthogonal(2, (int64_t[]){5, 20}, 5, 20, 1);
    check_orthogonal(2, (int64_t[]){30, 4}, 30, 4, 0.25);
    check_orthogonal(4, (int64_t[]){3, 2, 2, 5}, 12, 5, 2);
    check_orthogonal(2, (int64_t[]){1, 1}, 1, 1, 1);
    lm_initializer *initializer = lm_init_orthogonal();
    lm_tensor *vector = lm_tensor_new(LM_F32, 1, (int64_t[]){4});
    check_status(lm__initializer_fill(initializer, vector, 5, 0), LM_INVALID);
    check_contains(lm_last_error(), "Orthogonal: what it fills needs two axes or more, but has 1");
    lm_free(vector), lm_free(initializer);
}

RUN(cmocka_unit_test(initializers), cmocka_unit_test(orthogonal))
