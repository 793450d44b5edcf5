#ifndef T
#define LM_REF_FILE "kernels/ref/negative.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW1(negative, -(W)x)
#endif
