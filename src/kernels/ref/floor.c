#ifndef T
#define LM_REF_FILE "kernels/ref/floor.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(floor, FN(floor)(x))
#endif
