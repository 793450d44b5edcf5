/* kernels/fast/matmul.c: matmul and matmul_fused on our own vector code.
 *
 * Measured against oneDNN 2.6, one thread, on a machine with AVX-512 that makes 118 GFLOP/s a core: 32 x 5408 x 128
 * (the tutorial's dense layer) 115 against 117 GFLOP/s, its gradient with respect to the input 98 against 65, 32 x
 * 128 x 10 68 against 43, 512³ 105 against 111. So products that are small or thin are computed here, without the 6
 * ms that opening libdnnl costs; large ones go to oneDNN where there is one, and come here otherwise. But not
 * weights' gradients over many examples: 256 x 6400 x 1024 with its first matrix transposed 214 against 107 on a Zen
 * 5 (289 GFLOP/s a core), where 512³ makes 270 against 240 and the first of the above 264 (decision 5). */
#include "base/alloc.h"
#include "kernels/fast/product.h"
#include "base/status.h"

static bool takes(const lm__problem *problem)
{
    return problem->in[0].dtype == LM_F32;
}

static lm_status prepare(const lm__problem *problem, lm__needs *needs, void **state)
{
    lm__product *p = lm__alloc(sizeof *p);
    if (!p) return lm__no_memory(sizeof *p);
    *p = lm__product_plan(problem);
    needs->scratch = lm__product_scratch(p);
    needs->shared = lm__product_shared(p);
    *state = p;
    return LM_OK;
}

static lm_status run(const lm__run *r)
{
    const lm__product_data data = {.a = r->in[0], .b = r->in[1], .c = r->out[0]};
    lm__product_run((const lm__product *)r->state, &data, r);
    return LM_OK;
}

static lm_status run_fused(const lm__run *r)
{
    const lm__matmul_fused *attr = (const lm__matmul_fused *)r->problem->attr;
    const lm__product_data data = {.a = r->in[0], .b = r->in[1], .bias = r->problem->nin > 2 ? r->in[2] : NULL,
                                   .c = r->out[0], .act = (int)attr->activation};
    lm__product_run((const lm__product *)r->state, &data, r);
    return LM_OK;
}

#define KERNEL(name_of_op, rule, function)                                                                       \
    {                                                                                                            \
        .op = name_of_op, .name = "simd", .accepts = rule, .prepare = prepare, .release = lm__free, .run = function \
    }
const lm__kernel lm__simd_matmul = KERNEL("matmul", lm__product_small, run);
const lm__kernel lm__simd_any_matmul = KERNEL("matmul", takes, run);
const lm__kernel lm__simd_matmul_fused = KERNEL("matmul_fused", lm__product_small, run_fused);
const lm__kernel lm__simd_any_matmul_fused = KERNEL("matmul_fused", takes, run_fused);
