/* nn/layers/normalization.c: inputs brought to mean 0 and variance 1, by figures that the layer keeps. */
#include "nn/layer.h"

#include "base/alloc.h"
#include "ops/support.h"
#include <lamina/layers.h>
#include <math.h>
#include <string.h>

#ifdef LM_HEADER
/* Normalization: y = (x - mean) / max(sqrt(variance), 1e-7), or with .invert = true the way back. The figures are
 * learnt from data by lm_adapt, or given as .mean and .variance. There is one of each for every place along the axes
 * kept: .axis = {-1}, the default, keeps the last, the features; .axis = {0} keeps none, so that there is one for
 * all. The shape stays. Weights, none of which trains: mean, variance (1 until adapted), count; none if given. */
typedef struct lm_normalization_args {
    LM_LAYER_FIELDS;
    int64_t axis[LM_MAX_RANK];                  /* ends at 0 */
    lm_tensor *mean, *variance;                 /* taken over; sizes along the axes kept, or rank 0 for all */
    bool invert;
} lm_normalization_args;
#define LM_NORMALIZATION_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .axis = {-1})
lm_normalization_args lm_normalization_defaults(void);
lm_layer *lm_normalization_new(const lm_normalization_args *args);
#define lm_normalization(...)                                                                                    \
    LM__WITH(lm_normalization_args, LM_NORMALIZATION_DEFAULTS, lm_normalization_new(&lm__a), __VA_ARGS__)
#endif

#define SMALLEST 1e-7                           /* standard deviation that is divided by: Keras's epsilon */

static int axes_given(const lm_normalization_args *a)
{
    int n = 0;
    while (n < LM_MAX_RANK && a->axis[n]) n++;
    return n;
}

static lm_status check_finite(const char *name, const lm_tensor *t)
{
    for (size_t i = 0; i < t->size; i++) {
        double value = lm_tensor_get(t, i);
        if (!isfinite(value))
            return lm__fail(LM_INVALID, "Normalization: number %zu of %s is %g; all must be finite", i, name, value);
    }
    return LM_OK;
}

static lm_status check(const lm__configured *self)
{
    const lm_normalization_args *a = self->args;
    if (!a->mean != !a->variance)
        return lm__fail(LM_INVALID, "Normalization: only the %s was given; it takes both, or neither and lm_adapt",
                        a->mean ? "mean" : "variance");
    if (!a->mean) return LM_OK;
    char mean[128], variance[128];
    lm__shape_text(a->mean->rank, a->mean->dims, mean, sizeof mean);
    lm__shape_text(a->variance->rank, a->variance->dims, variance, sizeof variance);
    if (strcmp(mean, variance))
        return lm__fail(LM_INVALID, "Normalization: mean has shape %s, but variance has %s; they must be equal", mean,
                        variance);
    LM_TRY(check_finite("mean", a->mean));
    LM_TRY(check_finite("variance", a->variance));
    if (a->mean->rank > axes_given(a))
        return lm__fail(LM_INVALID, "Normalization: mean has shape %s, but only %d axes are kept", mean,
                        axes_given(a));
    return LM_OK;
}

/* Which of the input's axes are kept. */
static lm_status find_kept(const lm_layer *layer, const lm__shape *input, bool kept[LM_MAX_RANK])
{
    const lm_normalization_args *a = layer->base.args;
    memset(kept, 0, LM_MAX_RANK * sizeof *kept);
    for (int i = 0; i < axes_given(a); i++) {
        int64_t axis = a->axis[i] < 0 ? a->axis[i] + input->rank : a->axis[i];
        if (axis < 1 || axis >= input->rank)
            return lm__fail(LM_INVALID,
                            "Normalization: axis %lld, but for an input of %d dimensions, batch included, it must be "
                            "between 1 and %d, or between -1 and %d",
                            (long long)a->axis[i], input->rank, input->rank - 1, 1 - input->rank);
        if (kept[axis]) return lm__fail(LM_INVALID, "Normalization: axis %lld is named twice", (long long)axis);
        LM_TRY(lm__layer_known(layer, input, (int)axis));
        kept[axis] = true;
    }
    return LM_OK;
}

/* The given figures' sizes belong to the last of the axes kept; each is that axis's, or 1. `sizes` receives one for
 * each dimension of the input. */
static lm_status align(const lm_normalization_args *a, const lm__shape *input, const bool *kept, int64_t *sizes)
{
    char got[128];
    int at = a->mean->rank;
    for (int i = input->rank; i-- > 0;) {
        sizes[i] = kept[i] && at > 0 ? a->mean->dims[--at] : 1;
        if (sizes[i] != 1 && sizes[i] != input->dim[i])
            return lm__fail(LM_INVALID, "Normalization: mean has shape %s, which does not fit the %lld along axis %d "
                            "of the input", lm__shape_text(a->mean->rank, a->mean->dims, got, sizeof got),
                            (long long)input->dim[i], i);
    }
    return LM_OK;
}

static lm_status build(lm_layer *layer, const lm__shape *input, uint64_t seed)
{
    const lm_normalization_args *a = layer->base.args;
    bool kept[LM_MAX_RANK];
    int64_t sizes[LM_MAX_RANK];
    int n = 0;
    (void)seed;
    LM_TRY(find_kept(layer, input, kept));
    if (a->mean) return align(a, input, kept, sizes);
    for (int i = 1; i < input->rank; i++)
        if (kept[i]) sizes[n++] = input->dim[i];
    LM_TRY(lm__layer_state(layer, "mean", layer->dtype, n, sizes, 0));
    LM_TRY(lm__layer_state(layer, "variance", layer->dtype, n, sizes, 1));
    return lm__layer_state(layer, "count", LM_I64, 0, NULL, 0);     /* Keras keeps it for older files; always 0 */
}

/* A given figure as a constant of the layer's type that broadcasts against the input. */
static lm_value *constant(const lm_layer *layer, lm_graph *graph, const lm_tensor *t, int rank, const int64_t *sizes)
{
    lm_tensor *cast = lm_tensor_cast(t, layer->dtype), *wide = lm_tensor_reshape(cast, rank, sizes);
    lm_value *value = lm_constant(graph, wide);
    lm_free(cast), lm_free(wide);
    return value;
}

/* Weight i, one size for each dimension of x. */
static lm_value *weight(lm_layer *layer, const lm__layer_call *call, const lm_value *x, const bool *kept, int i)
{
    lm__shape wide = {.rank = x->shape.rank};
    const lm_tensor *t = layer->weight[i]->value;
    char sizes[128];
    int n = 0;
    for (int k = 0; k < wide.rank; k++) {
        wide.dim[k] = kept[k] && n < t->rank ? t->dims[n++] : 1;
        if (!kept[k] || wide.dim[k] == x->shape.dim[k]) continue;
        lm__fail(LM_INVALID,
                 "Normalization was adapted to data whose kept axes have sizes %s, but axis %d of its input has %lld",
                 lm__shape_text(t->rank, t->dims, sizes, sizeof sizes), k, (long long)x->shape.dim[k]);
        return lm__graph_fail(call->graph, 0, NULL);
    }
    return lm__reshape_to(lm__layer_read(layer, call, i), &wide);
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    const lm_normalization_args *a = layer->base.args;
    lm_value *mean, *variance;
    bool kept[LM_MAX_RANK];
    int64_t sizes[LM_MAX_RANK];
    if (lm__bad(x)) return x;
    int rank = x->shape.rank;
    if (find_kept(layer, &x->shape, kept) || (a->mean && align(a, &x->shape, kept, sizes)))
        return lm__graph_fail(call->graph, 0, NULL);
    if (a->mean) {
        mean = constant(layer, call->graph, a->mean, rank, sizes);
        variance = constant(layer, call->graph, a->variance, rank, sizes);
    } else {
        mean = weight(layer, call, x, kept, 0);
        variance = weight(layer, call, x, kept, 1);
    }
    if (lm__bad(mean) || lm__bad(variance)) return mean;
    lm_value *deviation = lm_op_sqrt(variance);
    deviation = lm_op_maximum(deviation, lm__like(deviation, SMALLEST));
    if (a->invert) return lm_op_add(mean, lm_op_multiply(x, deviation));
    return lm_op_divide(lm_op_subtract(x, mean), deviation);
}

/* --- lm_adapt ------------------------------------------------------------------------------------------------- */

/* What has been seen: for each place kept its mean and the sum of squared distances from it. */
typedef struct seen {
    size_t each, places;                /* numbers of an example; of places kept */
    double count;                       /* numbers behind each place */
    double *row, *mean, *squares, *batch_mean, *batch_squares;
    size_t place[];                     /* of each number of an example */
} seen;

/* The place of each number of an example: its index along the axes kept. */
static void number_places(seen *s, const lm_tensor *x, const bool *kept)
{
    for (size_t i = 0; i < s->each; i++) {
        size_t rest = i, place = 0, step = 1;
        for (int k = x->rank - 1; k > 0; k--) {
            size_t size = (size_t)x->dims[k], at = rest % size;
            rest /= size;
            if (kept[k]) place += at * step, step *= size;
        }
        s->place[i] = place;
    }
}

static lm_status begin(const lm_layer *layer, const lm_tensor *x, seen **out)
{
    bool kept[LM_MAX_RANK];
    lm__shape shape = lm__shape_of(x->rank, x->dims);
    size_t each = 1, places = 1;
    LM_TRY(find_kept(layer, &shape, kept));
    for (int k = 1; k < x->rank; k++) each *= (size_t)x->dims[k], places *= kept[k] ? (size_t)x->dims[k] : 1;
    if (!each) return lm__fail(LM_INVALID, "Normalization: the data's examples hold no numbers");
    if (places != lm_tensor_size(layer->weight[0]->value))
        return lm__fail(LM_INVALID, "Normalization keeps %zu figures, but the data have %zu along the axes kept",
                        lm_tensor_size(layer->weight[0]->value), places);
    size_t bytes = sizeof(seen) + each * (sizeof(size_t) + sizeof(double)) + 4 * places * sizeof(double);
    seen *s = lm__calloc(1, bytes);
    if (!s) return lm__no_memory(bytes);
    s->each = each, s->places = places;
    s->row = (double *)(s->place + each);
    s->mean = s->row + each, s->squares = s->mean + places;
    s->batch_mean = s->squares + places, s->batch_squares = s->batch_mean + places;
    number_places(s, x, kept);
    *out = s;
    return LM_OK;
}

/* The batch's own figures, in two passes: sums, then squared distances from the mean. */
static lm_status batch_figures(seen *s, const lm_tensor *x, double count)
{
    size_t rows = x->size / s->each;
    memset(s->batch_mean, 0, 2 * s->places * sizeof(double));
    for (size_t r = 0; r < rows; r++) {
        lm__load_many(x->dtype, x->data, r * s->each, s->each, s->row);
        for (size_t i = 0; i < s->each; i++) s->batch_mean[s->place[i]] += s->row[i];
    }
    for (size_t p = 0; p < s->places; p++) {
        s->batch_mean[p] /= count;
        if (!isfinite(s->batch_mean[p]))
            return lm__fail(LM_NOT_FINITE, "the data hold a value that is not finite, at place %zu of the axes kept; "
                            "remove or replace such values first", p);
    }
    for (size_t r = 0; r < rows; r++) {
        lm__load_many(x->dtype, x->data, r * s->each, s->each, s->row);
        for (size_t i = 0; i < s->each; i++) {
            double d = s->row[i] - s->batch_mean[s->place[i]];
            s->batch_squares[s->place[i]] += d * d;
        }
    }
    return LM_OK;
}

static lm_status adapt(lm_layer *layer, const lm_tensor *x, void **state)
{
    const lm_normalization_args *a = layer->base.args;
    if (a->mean)
        return lm__fail(LM_INVALID, "Normalization: its mean and variance were given; there is nothing to learn");
    if (!*state) LM_TRY(begin(layer, x, (seen **)state));
    seen *s = *state;
    double count = (double)x->size / (double)s->places, all = s->count + count;
    if (!x->size) return LM_OK;
    LM_TRY(batch_figures(s, x, count));
    for (size_t p = 0; p < s->places; p++) {
        double d = s->batch_mean[p] - s->mean[p];
        s->mean[p] += d * count / all;
        s->squares[p] += s->batch_squares[p] + d * d * s->count * count / all;
    }
    s->count = all;
    return LM_OK;
}

/* Both figures, or none: they are made before the first is set. */
static lm_status keep(lm_layer *layer, const seen *s)
{
    const lm_tensor *old = layer->weight[0]->value;
    lm_tensor *mean = lm_tensor_new(old->dtype, old->rank, old->dims);
    lm_tensor *variance = lm_tensor_new(old->dtype, old->rank, old->dims);
    lm_status status = lm__object_check(mean, &lm__tensor_type, "mean");
    if (!status) status = lm__object_check(variance, &lm__tensor_type, "variance");
    for (size_t p = 0; !status && p < s->places; p++) {
        lm__store(mean->dtype, mean->data, p, s->mean[p]);
        lm__store(variance->dtype, variance->data, p, s->squares[p] / s->count);
    }
    if (!status) status = lm_variable_set(layer->weight[0], mean);
    if (!status) status = lm_variable_set(layer->weight[1], variance);
    lm_free(mean), lm_free(variance);
    return status;
}

static lm_status adapted(lm_layer *layer, void *state, bool whole)
{
    const seen *s = state;
    lm_status status = LM_OK;
    if (whole && (!s || !s->count)) status = lm__fail(LM_INVALID, "the data are empty");
    else if (whole) status = keep(layer, s);
    lm__free(state);
    return status;
}

static const lm_normalization_args defaults = {.size = sizeof defaults, LM_NORMALIZATION_DEFAULTS};
static const lm__field fields[] = {
    LM__LAYER_FIELD_ROWS(lm_normalization_args),
    LM__FIELD(lm_normalization_args, axis, LM__FIELD_AXES),
    LM__FIELD(lm_normalization_args, mean, LM__FIELD_TENSOR),
    LM__FIELD(lm_normalization_args, variance, LM__FIELD_TENSOR),
    LM__FIELD(lm_normalization_args, invert, LM__FIELD_BOOL),
    {0},
};

const lm__layer_class lm__layer_normalization = {
    .base = LM__LAYER_CLASS("Normalization", defaults, fields, .check = check),
    .wide = true,
    .build = build,
    .call = call,
    .adapt = adapt,
    .adapted = adapted,
};

lm_normalization_args lm_normalization_defaults(void) { return defaults; }
lm_layer *lm_normalization_new(const lm_normalization_args *args)
{
    return lm__layer_new(&lm__layer_normalization, args);
}
