#ifndef T
#define LM_REF_FILE "kernels/ref/arctan2.c"
#include "kernels/ref/floats.h"
#else
REF_ROW2(arctan2, FN(atan2)(x, y))
#endif
