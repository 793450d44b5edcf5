/* ops/epilogue.h: what matmul_fused and conv2d_fused share; see kernels/epilogue.h. */
#ifndef LM_OPS_EPILOGUE_H
#define LM_OPS_EPILOGUE_H

#include "kernels/epilogue.h"
#include "ops/plain.h"

/* By the plain op whose attribute begins the fused one's; `activation` (lm__act) comes from the fused attribute. */
lm_status lm__epilogue_infer(lm__infer *infer, const lm__op *plain);
lm_status lm__epilogue_decompose(const lm__op *plain, int64_t activation, const lm__node *node, lm_value *const *in,
                                 lm_value **out);
lm_status lm__epilogue_run(const lm__run *run, const lm__op *plain, int64_t activation);
double lm__epilogue_flops(const lm__problem *problem, const lm__op *plain);

#endif
