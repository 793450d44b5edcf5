/* ops/random_fold.c: a new key from a key and a number, for the rounds of a scan; no gradient. */
#include "ops/random.h"

#ifdef LM_HEADER
/* A key {seed, step'} for random ops from `key` = {seed, step} and a number such as the round of a loop: different
 * numbers give unrelated keys. number: int32 or int64, rank 0. */
lm_value *lm_op_random_fold(lm_value *key, lm_value *number);
#endif

static lm_status infer(lm__infer *infer)
{
    const lm__shape *key = &infer->in[0]->shape;
    if (infer->in[0]->dtype != LM_I64 || key->rank != 1 || key->dim[0] != 2)
        return lm__op_invalid(infer, "the key must be int64 of shape (2): seed and step");
    LM_TRY(lm__need_index(infer, 1));
    LM_TRY(lm__need_rank(infer, 1, 0, "a single number"));
    return lm__result(infer, 0, LM_I64, key);
}

void lm__ref_random_fold(const int64_t *key, int64_t number, int64_t *out);

static lm_status run(const lm__run *run)
{
    bool wide = run->problem->in[1].dtype == LM_I64;
    int64_t number = wide ? *(const int64_t *)run->in[1] : *(const int32_t *)run->in[1];
    lm__ref_random_fold(run->in[0], number, run->out[0]);
    return LM_OK;
}

static const lm__sample samples[] = {
    {.nin = 2,
     .in = {{.dtype = LM_I64, .rank = 1, .dims = {2}, .low = 0, .high = 1000},
            {.dtype = LM_I32, .rank = 0, .low = 0, .high = 9}}},
    {0},
};

const lm__op lm__op_random_fold = {
    .name = "random_fold",
    .kind = LM__OP_PLAIN,
    .min_inputs = 2,
    .max_inputs = 2,
    .outputs = 1,
    .flags = LM__OP_NO_GRADIENT,
    .infer = infer,
    .reference = {.op = "random_fold", .name = "ref", .run = run},
    .samples = samples,
};

lm_value *lm_op_random_fold(lm_value *key, lm_value *number)
{
    return lm__apply2(&lm__op_random_fold, NULL, key, number);
}
