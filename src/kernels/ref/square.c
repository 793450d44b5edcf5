#ifndef T
#define LM_REF_FILE "kernels/ref/square.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW1(square, (W)x * (W)x)
#endif
