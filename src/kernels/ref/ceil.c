#ifndef T
#define LM_REF_FILE "kernels/ref/ceil.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(ceil, FN(ceil)(x))
#endif
