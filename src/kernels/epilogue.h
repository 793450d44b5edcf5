/* kernels/epilogue.h: what is done to a product's or convolution's result before it leaves the registers.
 *
 * The ops matmul_fused and conv2d_fused: inputs as of matmul and conv2d, then (third) the bias, one number for
 * each place of the result's last axis, if there is one. result = activation(product + bias). Made by the plan's
 * pass `epilogue`, where a fast kernel accepts the problem. */
#ifndef LM_KERNELS_EPILOGUE_H
#define LM_KERNELS_EPILOGUE_H

#include "kernels/conv2d.h"
#include "kernels/matmul.h"

/* Activations; X(code, op's name). */
#define LM__ACT_LIST(X) X(LM__ACT_RELU, relu) X(LM__ACT_SIGMOID, sigmoid) X(LM__ACT_TANH, tanh)
typedef enum lm__act {
    LM__ACT_NONE,
#define LM__ACT(code, name) code,
    LM__ACT_LIST(LM__ACT)
#undef LM__ACT
} lm__act;

/* The attributes; a kernel of the plain op may be handed them, as they begin with its own. */
typedef struct lm__matmul_fused {
    lm__matmul matmul;
    int64_t activation;                 /* lm__act */
} lm__matmul_fused;

typedef struct lm__conv2d_fused {
    lm__conv2d conv;
    int64_t activation;                 /* lm__act */
} lm__conv2d_fused;

#endif
