#ifndef T
#define LM_REF_FILE "kernels/ref/erf.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(erf, FN(erf)(x))
#endif
