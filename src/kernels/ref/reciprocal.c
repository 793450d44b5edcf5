#ifndef T
#define LM_REF_FILE "kernels/ref/reciprocal.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(reciprocal, 1 / x)
#endif
