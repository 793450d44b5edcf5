#ifndef T
#define LM_REF_FILE "kernels/ref/sin.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(sin, FN(sin)(x))
#endif
