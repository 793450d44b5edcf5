#ifndef T
#define LM_REF_FILE "kernels/ref/multiply.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW2(multiply, (W)x * (W)y)
#endif
