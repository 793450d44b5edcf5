/* ops/gelu.h: what gelu and its gradient share. */
#ifndef LM_OPS_GELU_H
#define LM_OPS_GELU_H

#include "ops/support.h"

typedef struct lm__gelu {
    bool approximate;
} lm__gelu;
extern const lm__attr lm__gelu_attrs[];

/* The rows' number: 1 if approximate, else 0. */
void lm__gelu_imm(const void *attr, double imm[2]);
/* The same made of other ops. */
lm_value *lm__gelu_of_parts(lm_value *x, bool approximate);

#endif
