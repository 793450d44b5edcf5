#ifndef T
#define LM_REF_FILE "kernels/ref/subtract.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW2(subtract, (W)x - (W)y)
#endif
