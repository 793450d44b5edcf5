#ifndef T
#define LM_REF_FILE "kernels/ref/minimum.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW2(minimum, x < y || x != x ? x : y)
#endif
