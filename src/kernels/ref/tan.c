#ifndef T
#define LM_REF_FILE "kernels/ref/tan.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(tan, FN(tan)(x))
#endif
