/* ops/conv2d_bf16.c: conv2d_fused of bfloat16 factors. Made by the plan's pass `narrow`. */
#include "ops/epilogue.h"
#include "ops/narrow.h"

static const lm__attr attrs[] = {{"conv2d_bf16", LM__ATTR_BYTES, 0, (int)sizeof(lm__conv2d_fused)}, {0}};

LM__NARROW_FUNCTIONS(lm__op_conv2d_fused)
const lm__op lm__op_conv2d_bf16 = {
    LM__NARROW_OP("conv2d_bf16", 3, lm__conv2d_fused),
};
