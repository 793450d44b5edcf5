/* kernels/map.h: element-by-element ops, alone or in fused chains.
 *
 * A row function computes out[i] = f(in0[i], in1[i], in2[i]) for i < n on contiguous arrays; everything about
 * shapes is outside it. A program is a chain of row functions over registers: blocks of LM__MAP_BLOCK elements that
 * stay in the first-level cache. One op alone is a program of one instruction. */
#ifndef LM_KERNELS_MAP_H
#define LM_KERNELS_MAP_H

#include "kernels/kernel.h"

enum {
    LM__MAP_BLOCK = 1024,
    LM__MAP_MAX_ARGS = 5,
    LM__MAP_MAX_OPERANDS = 32,
    LM__MAP_MAX_STEPS = 64,
    LM__MAP_MAX_SUMS = 8,
};

/* `imm`: the op's own numbers (for example an exponent), or NULL. `out` may be the same array as an input. */
typedef void lm__row_fn(size_t n, const void *const *in, void *out, const double *imm);

/* An op's row functions, by the type of its computing input: number `by` (0; for where: 1). An op whose result may
 * have any type (cast) has a table by that type instead: to[result].of[input]. NULL: not for these types. */
typedef struct lm__rows {
    lm__row_fn *of[LM_DTYPE_COUNT];
    int by;
    const struct lm__rows *to;
} lm__rows;

/* The reference row for a computing input of type `dtype` and a result of type `result`, or NULL. */
static inline lm__row_fn *lm__row_of(const lm__rows *rows, lm_dtype dtype, lm_dtype result)
{
    return rows->to ? rows->to[result].of[dtype] : rows->of[dtype];
}

/* The vectorised row function for an op and types (as lm__row_of) at a level, or NULL: use the reference. */
lm__row_fn *lm__simd_row(const char *op, lm_dtype dtype, lm_dtype result, lm__isa isa);

/* An operand or result in memory: the program runs over `rank` dimensions `dims` (of lm__map), and stride is in
 * elements, 0 where broadcast. */
typedef struct lm__map_operand {
    lm_dtype dtype;
    int64_t stride[LM_MAX_RANK];
} lm__map_operand;

/* One instruction: registers[out] = row(registers[in...]). Registers 0 … operands-1 are the operands. */
typedef struct lm__map_step {
    lm__row_fn *row;
    const char *op;                     /* for printing */
    double imm[2];
    int nin, in[LM__MAP_MAX_ARGS], out;
    lm_dtype dtype;                     /* of the result */
} lm__map_step;

/* A fused chain; the attribute of the op "map". Plain data: no pointers to graph or plan. */
typedef struct lm__map {
    int rank;
    int64_t dims[LM_MAX_RANK];          /* what it runs over, neighbouring dimensions joined where possible */
    int operands, steps, results, registers;
    lm__map_operand operand[LM__MAP_MAX_OPERANDS];
    lm__map_step step[LM__MAP_MAX_STEPS];
    int result[LM__MAP_MAX_OPERANDS];   /* register that each output is taken from */
    int guard;                          /* input that is a bool scalar: when false nothing is written; -1: none. It is
                                           the last input and no operand. */
    /* Outputs behind the results: sums of float32 registers over all but the last dimensions. */
    int sums, sum[LM__MAP_MAX_SUMS];    /* register that each is taken of */
    int64_t sum_keep;                   /* elements of each sum: of the last dimensions, at most a block */
    float sum_divisor[LM__MAP_MAX_SUMS];
} lm__map;

/* Puts rows for several ops (kernels/simd/rows_chain.c) in the place of steps that they stand for. Registers keep
 * their numbers. The same results up to rounding. */
void lm__map_combine(lm__map *map, lm__isa isa);

/* Runs it over the team: cut into chunks by size alone. Inputs: the operands, then the guard if any. Needs
 * lm__map_scratch(map) bytes for each thread and lm__map_shared(map) once. */
size_t lm__map_scratch(const lm__map *map);
size_t lm__map_shared(const lm__map *map);
void lm__map_run(const lm__map *map, const void *const *in, void *const *out, char *scratch, size_t scratch_stride,
                 void *shared);

#endif
