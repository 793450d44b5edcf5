#ifndef T
#define LM_REF_FILE "kernels/ref/cos.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(cos, FN(cos)(x))
#endif
