/* ops/pool2d.c: see pool2d.h. */
#include "ops/pool2d.h"

const lm__attr lm__pool2d_attrs[] = {
    LM__ATTR_N(lm__pool2d, size, LM__ATTR_INTS, 2),
    LM__ATTR_N(lm__pool2d, strides, LM__ATTR_INTS, 2),
    LM__ATTR(lm__pool2d, padding, LM__ATTR_INT),
    {0},
};

lm_status lm__pool2d_shape(const lm__infer *infer, const lm__pool2d *attr, const lm__shape *image, lm__shape *out)
{
    *out = (lm__shape){.rank = 4, .dim = {image->dim[0], 0, 0, image->dim[3]}};
    for (int k = 0; k < 2; k++) {
        if (image->dim[1 + k] == 0) return lm__op_invalid(infer, "the image has no cells");
        lm__window_axis axis = {
            .name = k ? "width" : "height", .size = image->dim[1 + k], .window = attr->size[k],
            .stride = attr->strides[k], .dilation = 1, .padding = attr->padding,
        };
        LM_TRY(lm__window_count(infer, &axis, &out->dim[1 + k]));
    }
    return LM_OK;
}

lm_status lm__pool2d_attr(const char *op, const lm_op_pool2d_args *args, lm__pool2d *attr)
{
    static const int64_t none[4] = {0};
    LM_TRY(lm__op_args(op, args));
    memset(attr, 0, sizeof *attr);
    if (!args->pool_size[0])
        return lm__fail(LM_INVALID, "%s: .pool_size is missing; for example .pool_size = {2, 2}", op);
    LM_TRY(lm__window_pair(op, "pool_size", args->pool_size, 1, attr->size));
    bool given = args->strides[0] != 0;
    LM_TRY(lm__window_pair(op, "strides", given ? args->strides : attr->size, 1, attr->strides));
    LM_TRY(lm__window_padding(op, args->padding, none, &attr->padding));
    if (attr->padding == LM__PAD_EXPLICIT)
        return lm__fail(LM_INVALID, "%s: .padding = \"explicit\" is for convolutions; use \"valid\" or \"same\"", op);
    return LM_OK;
}
