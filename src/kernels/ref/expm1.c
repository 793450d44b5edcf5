#ifndef T
#define LM_REF_FILE "kernels/ref/expm1.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(expm1, FN(expm1)(x))
#endif
