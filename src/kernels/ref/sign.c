#ifndef T
#define LM_REF_FILE "kernels/ref/sign.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW1(sign, x > 0 ? 1 : x < 0 ? -1 : x)
#endif
