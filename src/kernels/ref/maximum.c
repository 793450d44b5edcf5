#ifndef T
#define LM_REF_FILE "kernels/ref/maximum.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW2(maximum, x > y || x != x ? x : y)
#endif
