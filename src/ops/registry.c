/* ops/registry.c: expands registry.def. */
#include "ops/registry.h"
#include "ops/support.h"

static const lm__op *const all[] = {
#define LM_OP(name) &lm__op_##name,
#include "ops/registry.def"
#undef LM_OP
    NULL,
};

const lm__op_table lm__ops = {
    .ops = all,
    .input = &lm__op_input,
    .constant = &lm__op_constant,
    .variable = &lm__op_variable,
    .store = &lm__op_store,
    .add = lm_op_add,
    .fill = lm__fill,
    .sum_to = lm__sum_to,
};
