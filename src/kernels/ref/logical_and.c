#ifndef T
#define LM_REF_FILE "kernels/ref/logical_and.c"
#include "kernels/ref/bool.h"
#else
REF_ROW2(logical_and, x & y)
#endif
