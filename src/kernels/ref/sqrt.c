#ifndef T
#define LM_REF_FILE "kernels/ref/sqrt.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(sqrt, FN(sqrt)(x))
#endif
