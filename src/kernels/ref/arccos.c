#ifndef T
#define LM_REF_FILE "kernels/ref/arccos.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(arccos, FN(acos)(x))
#endif
