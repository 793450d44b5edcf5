#ifndef T
#define LM_REF_FILE "kernels/ref/log1p.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(log1p, FN(log1p)(x))
#endif
