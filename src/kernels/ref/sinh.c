#ifndef T
#define LM_REF_FILE "kernels/ref/sinh.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(sinh, FN(sinh)(x))
#endif
