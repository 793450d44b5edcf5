#ifndef T
#define LM_REF_FILE "kernels/ref/relu.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW1(relu, x < 0 ? 0 : x)
#endif
