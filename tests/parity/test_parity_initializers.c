/* tests/parity/test_parity_initializers.c: every initializer case of real Keras: the distribution of what is
 * drawn. */
#include "support/check.h"

#include "nn/initializer.h"
#include "support/parity.h"
#include "tensor/tensor.h"
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

RUN(cmocka_unit_test(initializers))
