#ifndef T
#define LM_REF_FILE "kernels/ref/logical_not.c"
#include "kernels/ref/bool.h"
#else
REF_ROW1(logical_not, !x)
#endif
