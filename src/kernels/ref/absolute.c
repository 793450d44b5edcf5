#ifndef T
#define LM_REF_FILE "kernels/ref/absolute.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW1(absolute, REF_REAL ? FN(fabs)(x) : x < 0 ? -(W)x : (W)x)
#endif
