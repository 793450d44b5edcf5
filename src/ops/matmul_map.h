/* ops/matmul_map.h: the attribute of the op "matmul_map". Made by a plan's pass only. */
#ifndef LM_OPS_MATMUL_MAP_H
#define LM_OPS_MATMUL_MAP_H

#include "kernels/matmul_map.h"
#include "ops/map.h"

/* Begins as an lm__matmul_map, which is what kernels take it as. */
typedef struct lm__matmul_map_attr {
    lm__matmul_fused product;
    int64_t bias, operand;
    int64_t rank, dims[LM_MAX_RANK];
    lm__map_attr map;
} lm__matmul_map_attr;

/* The map that a node of op "map" or "matmul_map" ends with, NULL for others; *first: the input that is the map's
 * first operand. */
const lm__map *lm__map_of(const lm__op *op, const void *attr, int *first);

#endif
