#ifndef T
#define LM_REF_FILE "kernels/ref/rsqrt.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(rsqrt, 1 / FN(sqrt)(x))
#endif
