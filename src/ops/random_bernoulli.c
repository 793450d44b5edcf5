/* ops/random_bernoulli.c: 1 with probability p, else 0; no gradient. */
#include "ops/random.h"

#ifdef LM_HEADER
/* What is drawn. `shape`: the result's, ending at 0; or `like`: a value whose shape it takes (the only way to
 * sizes that are not known yet); or both: sizes that `shape` has as LM_ANY are those of `like`, {LM_ANY, 64} a row
 * for each of its rows. `dtype`: float32 if left out. `stream`: numbers the source; equal streams under
 * equal keys give equal numbers; left out, every node has its own, by the layer and the place in the graph that it
 * is built in. */
typedef struct lm_op_random_args {
    size_t size;
    int64_t shape[LM_MAX_RANK];
    lm_value *like;
    lm_dtype dtype;
    uint64_t stream;
    double low, high;                   /* random_uniform */
    double mean, stddev;                /* random_normal, random_truncated_normal */
    double p;                           /* random_bernoulli */
} lm_op_random_args;

/* 1 with probability `p`, else 0, in any type (0.5 if left out), the same draws for every type. key: int64 {seed,
 * step}; element i depends on seed, step, stream and i alone, whatever the number of threads. */
lm_value *lm_op_random_bernoulli_new(lm_value *key, const lm_op_random_args *args);
#define lm_op_random_bernoulli(key, ...)                                                                         \
    LM__WITH(lm_op_random_args, LM__LIST(.high = 1, .stddev = 1, .p = 0.5),                                      \
             lm_op_random_bernoulli_new((key), &lm__a), __VA_ARGS__)
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__random_attr *attr = infer->attr;
    if (!(attr->random.a >= 0 && attr->random.a <= 1))
        return lm__op_invalid(infer, "p = %g is no probability (0 to 1)", attr->random.a);
    return lm__infer_random(infer);
}

LM_REFS_ALL(lm__random_fn, random_bernoulli)

static lm_status run(const lm__run *run)
{
    return lm__random_run(run, refs);
}

static const lm__sample samples[] = {
    {.nin = 1,
     .in = {{.dtype = LM_I64, .rank = 1, .dims = {2}, .low = 0, .high = 1000}},
     .attr = &(const lm__random_attr){{0.3, 0, 7}, LM_F32, {2, {3, 5}}}},
    {.nin = 1,
     .in = {{.dtype = LM_I64, .rank = 1, .dims = {2}, .low = 0, .high = 1000}},
     .attr = &(const lm__random_attr){{0.3, 0, 8}, LM_F64, {1, {7}}}},
    {0},
};

const lm__op lm__op_random_bernoulli = {
    .name = "random_bernoulli",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT | LM__OP_RANDOM,
    .attr_size = sizeof(lm__random_attr),
    .attrs = lm__random_attrs,
    .infer = infer,
    .reference = {.op = "random_bernoulli", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_random_bernoulli_new(lm_value *key, const lm_op_random_args *args)
{
    if (lm__op_args("random_bernoulli", args) != LM_OK) return lm__graph_fail(NULL, 1, &key);
    return lm__random_of(&lm__op_random_bernoulli, key, args, args->p, 0);
}
