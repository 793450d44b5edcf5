#ifndef T
#define LM_REF_FILE "kernels/ref/arcsinh.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(arcsinh, FN(asinh)(x))
#endif
