#ifndef T
#define LM_REF_FILE "kernels/ref/less_equal.c"
#include "kernels/ref/all.h"
#else
REF_ROW2_TO(uint8_t, less_equal, x <= y)
#endif
