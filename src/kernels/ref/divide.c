#ifndef T
#define LM_REF_FILE "kernels/ref/divide.c"
#include "kernels/ref/floats.h"
#else
REF_ROW2(divide, x / y)
#endif
