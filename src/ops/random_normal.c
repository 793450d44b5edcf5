/* ops/random_normal.c: normal numbers; no gradient. */
#include "ops/random.h"

#ifdef LM_HEADER
/* Normal numbers with `mean` and `stddev` (0 and 1 if left out), by Box and Muller. key: int64 {seed, step};
 * element i depends on seed, step, stream and i alone, whatever the number of threads. float32 and float64 draw
 * different numbers. */
lm_value *lm_op_random_normal_new(lm_value *key, const lm_op_random_args *args);
#define lm_op_random_normal(key, ...)                                                                            \
    LM__WITH(lm_op_random_args, LM__LIST(.high = 1, .stddev = 1, .p = 0.5),                                      \
             lm_op_random_normal_new((key), &lm__a), __VA_ARGS__)
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__random_attr *attr = infer->attr;
    if (!lm__is_float(attr->dtype))
        return lm__op_invalid(infer, "cannot draw %s, only float types", lm_dtype_name(attr->dtype));
    if (!(attr->random.b >= 0)) return lm__op_invalid(infer, "stddev = %g, expected at least 0", attr->random.b);
    return lm__infer_random(infer);
}

LM_REFS_FLOATS(lm__random_fn, random_normal)

static lm_status run(const lm__run *run)
{
    return lm__random_run(run, refs);
}

static const lm__sample samples[] = {
    {.nin = 1,
     .in = {{.dtype = LM_I64, .rank = 1, .dims = {2}, .low = 0, .high = 1000}},
     .attr = &(const lm__random_attr){{1, 2, 7}, LM_F32, {2, {3, 5}}}},
    {.nin = 1,
     .in = {{.dtype = LM_I64, .rank = 1, .dims = {2}, .low = 0, .high = 1000}},
     .attr = &(const lm__random_attr){{1, 2, 8}, LM_F64, {1, {7}}}},
    {0},
};

const lm__op lm__op_random_normal = {
    .name = "random_normal",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT | LM__OP_RANDOM,
    .attr_size = sizeof(lm__random_attr),
    .attrs = lm__random_attrs,
    .infer = infer,
    .reference = {.op = "random_normal", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_random_normal_new(lm_value *key, const lm_op_random_args *args)
{
    if (lm__op_args("random_normal", args) != LM_OK) return lm__graph_fail(NULL, 1, &key);
    return lm__random_of(&lm__op_random_normal, key, args, args->mean, args->stddev);
}
