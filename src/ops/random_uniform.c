/* ops/random_uniform.c: uniform in [low, high); no gradient. */
#include "ops/random.h"

#ifdef LM_HEADER
/* Uniform numbers, low <= x < high (0 and 1 if left out). key: int64 {seed, step}; element i depends on seed,
 * step, stream and i alone, whatever the number of threads. float32 and float64 draw different numbers. */
lm_value *lm_op_random_uniform_new(lm_value *key, const lm_op_random_args *args);
#define lm_op_random_uniform(key, ...)                                                                           \
    LM__WITH(lm_op_random_args, LM__LIST(.high = 1, .stddev = 1, .p = 0.5),                                      \
             lm_op_random_uniform_new((key), &lm__a), __VA_ARGS__)
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__random_attr *attr = infer->attr;
    if (!lm__is_float(attr->dtype))
        return lm__op_invalid(infer, "cannot draw %s, only float types", lm_dtype_name(attr->dtype));
    if (!(attr->random.a <= attr->random.b))
        return lm__op_invalid(infer, "low = %g is larger than high = %g", attr->random.a, attr->random.b);
    return lm__infer_random(infer);
}

LM_REFS_FLOATS(lm__random_fn, random_uniform)

static lm_status run(const lm__run *run)
{
    return lm__random_run(run, refs);
}

static const lm__sample samples[] = {
    {.nin = 1,
     .in = {{.dtype = LM_I64, .rank = 1, .dims = {2}, .low = 0, .high = 1000}},
     .attr = &(const lm__random_attr){{-1, 3, 7}, LM_F32, {2, {3, 5}}}},
    {.nin = 1,
     .in = {{.dtype = LM_I64, .rank = 1, .dims = {2}, .low = 0, .high = 1000}},
     .attr = &(const lm__random_attr){{-1, 3, 8}, LM_F64, {1, {7}}}},
    {0},
};

const lm__op lm__op_random_uniform = {
    .name = "random_uniform",
    .kind = LM__OP_PLAIN,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT | LM__OP_RANDOM,
    .attr_size = sizeof(lm__random_attr),
    .attrs = lm__random_attrs,
    .infer = infer,
    .reference = {.op = "random_uniform", .name = "ref", .run = run},
    .samples = samples,
};

/* Drawn in float32; where rounding to the half float reaches high, low takes its place. */
static lm_value *draw_half(lm_value *key, const lm_op_random_args *args)
{
    lm_op_random_args wide = *args;
    wide.dtype = LM_F32;
    lm_value *x = lm__random_of(&lm__op_random_uniform, key, &wide, args->low, args->high);
    x = lm_op_cast(lm_op_cast(x, args->dtype), LM_F32);
    lm_value *below = lm_op_less(x, lm__like(x, args->high));
    return lm_op_cast(lm_op_where(below, x, lm__like(x, args->low)), args->dtype);
}

lm_value *lm_op_random_uniform_new(lm_value *key, const lm_op_random_args *args)
{
    if (lm__op_args("random_uniform", args) != LM_OK) return lm__graph_fail(NULL, 1, &key);
    if (args->dtype == LM_BF16 || args->dtype == LM_F16) return draw_half(key, args);
    return lm__random_of(&lm__op_random_uniform, key, args, args->low, args->high);
}
