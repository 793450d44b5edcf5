/* ops/matmul_bf16.c: matmul_fused of bfloat16 factors. Made by the plan's pass `narrow`. */
#include "ops/epilogue.h"
#include "ops/narrow.h"

static const lm__attr attrs[] = {{"matmul_bf16", LM__ATTR_BYTES, 0, (int)sizeof(lm__matmul_fused)}, {0}};

LM__NARROW_FUNCTIONS(lm__op_matmul_fused)
const lm__op lm__op_matmul_bf16 = {
    LM__NARROW_OP("matmul_bf16", 3, lm__matmul_fused),
};
