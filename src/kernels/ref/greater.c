#ifndef T
#define LM_REF_FILE "kernels/ref/greater.c"
#include "kernels/ref/all.h"
#else
REF_ROW2_TO(uint8_t, greater, x > y)
#endif
