#ifndef T
#define LM_REF_FILE "kernels/ref/equal.c"
#include "kernels/ref/all.h"
#else
REF_ROW2_TO(uint8_t, equal, x == y)
#endif
