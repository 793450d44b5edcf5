/* ops/conv2d_backward_kernel_bf16.c: conv2d_backward_kernel of bfloat16 factors. Made by the plan's pass `narrow`. */
#include "ops/conv2d.h"
#include "ops/narrow.h"

static const lm__attr attrs[] = {{"conv2d_backward_kernel_bf16", LM__ATTR_BYTES, 0, (int)sizeof(lm__conv2d_to)}, {0}};

LM__NARROW_FUNCTIONS(lm__op_conv2d_backward_kernel)
const lm__op lm__op_conv2d_backward_kernel_bf16 = {
    LM__NARROW_OP("conv2d_backward_kernel_bf16", 2, lm__conv2d_to),
};
