#ifndef T
#define LM_REF_FILE "kernels/ref/arcsin.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(arcsin, FN(asin)(x))
#endif
