/* ops/clip.c: y = min(max(x, low), high).   dy/dx = 1 where low <= x <= high (that is where y = x), else 0 */
#include "ops/support.h"

#include <math.h>

#ifdef LM_HEADER
/* x limited to [min, max]; NaN stays NaN. x: a numeric type; -INFINITY and INFINITY are no limits; for integers the
 * limits are whole numbers. */
lm_value *lm_op_clip(lm_value *x, double min, double max);
#endif

typedef struct clip_attr {
    double min, max;
} clip_attr;

/* Whether a limit of an integer type can be stored in it. */
static bool representable(lm_dtype dtype, double limit)
{
    static const double low[LM_DTYPE_COUNT] = {[LM_I8] = -0x1p7, [LM_I32] = -0x1p31, [LM_I64] = -0x1p63};
    static const double end[LM_DTYPE_COUNT] = {
        [LM_U8] = 0x1p8, [LM_I8] = 0x1p7, [LM_I32] = 0x1p31, [LM_I64] = 0x1p63};
    return isinf(limit) || (limit == floor(limit) && limit >= low[dtype] && limit < end[dtype]);
}

static lm_status infer(lm__infer *f)
{
    const clip_attr *a = f->attr;
    LM_TRY(lm__infer_map_same(f));
    if (!(a->min <= a->max))
        return lm__op_invalid(f, "min is %g and max is %g: min must not be larger", a->min, a->max);
    lm_dtype dtype = f->dtype[0];
    if (lm__is_integer(dtype) && !(representable(dtype, a->min) && representable(dtype, a->max)))
        return lm__op_invalid(f, "limits %g and %g must be whole numbers that %s can hold", a->min, a->max,
                              lm_dtype_name(dtype));
    return LM_OK;
}

static lm_status gradient(lm__vjp *v)
{
    lm_value *g = v->grad_out[0];
    v->grad_in[0] = lm_op_where(lm_op_equal(v->in[0], lm__out(v, 0)), g, lm__like(g, 0));
    return LM_OK;
}

static void imm(const void *attr, double out[2])
{
    const clip_attr *a = attr;
    out[0] = a->min, out[1] = a->max;
}

static const lm__attr attrs[] = {
    LM__ATTR(clip_attr, min, LM__ATTR_FLOAT),
    LM__ATTR(clip_attr, max, LM__ATTR_FLOAT),
    {0},
};

static const lm__sample samples[] = {
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(clip_attr){-0.5, 0.25}},
    {.nin = 1, .in = {{.rank = 2, .dims = {3, 4}}}, .attr = &(clip_attr){0, INFINITY}},
    {.nin = 1,
     .in = {{.dtype = LM_I32, .rank = 2, .dims = {3, 4}, .low = -9, .high = 9}},
     .attr = &(clip_attr){-3, 2}},
    {0},
};

LM_ROWS_NUMBERS(clip)

const lm__op lm__op_clip = {
    .name = "clip",
    .kind = LM__OP_MAP,
    .min_inputs = 1,
    .max_inputs = 1,
    .outputs = 1,
    .attr_size = sizeof(clip_attr),
    .attrs = attrs,
    .infer = infer,
    .gradient = gradient,
    .rows = &rows,
    .imm = imm,
    .samples = samples,
};

lm_value *lm_op_clip(lm_value *x, double min, double max)
{
    clip_attr attr = {min, max};
    return lm__apply1(&lm__op_clip, &attr, x);
}
