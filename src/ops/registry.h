/* ops/registry.h: the table of ops that graphs are made with. */
#ifndef LM_OPS_REGISTRY_H
#define LM_OPS_REGISTRY_H

#include "graph/op.h"

#define LM_OP(name) extern const lm__op lm__op_##name;
#include "ops/registry.def"
#undef LM_OP

extern const lm__op_table lm__ops;

#endif
