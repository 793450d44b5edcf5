#ifndef T
#define LM_REF_FILE "kernels/ref/add.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW2(add, (W)x + (W)y)
#endif
