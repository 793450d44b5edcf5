#ifndef T
#define LM_REF_FILE "kernels/ref/softplus.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(softplus, (x > 0 ? x : 0) + FN(log1p)(FN(exp)(-FN(fabs)(x))))
#endif
