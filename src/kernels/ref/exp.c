#ifndef T
#define LM_REF_FILE "kernels/ref/exp.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(exp, FN(exp)(x))
#endif
