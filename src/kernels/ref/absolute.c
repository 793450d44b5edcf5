#ifndef T
#define LM_REF_FILE "kernels/ref/absolute.c"
#include "kernels/ref/numbers.h"
#else
#if REF_REAL
REF_ROW1(absolute, FN(fabs)(x))
#else
REF_ROW1(absolute, x < 0 ? -(W)x : (W)x)
#endif
#endif
