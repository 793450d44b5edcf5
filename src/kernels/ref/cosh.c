#ifndef T
#define LM_REF_FILE "kernels/ref/cosh.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(cosh, FN(cosh)(x))
#endif
