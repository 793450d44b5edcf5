#ifndef T
#define LM_REF_FILE "kernels/ref/logical_or.c"
#include "kernels/ref/bool.h"
#else
REF_ROW2(logical_or, x | y)
#endif
