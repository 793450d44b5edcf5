#ifndef T
#define LM_REF_FILE "kernels/ref/arctan.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(arctan, FN(atan)(x))
#endif
