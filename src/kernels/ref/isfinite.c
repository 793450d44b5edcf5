#ifndef T
#define LM_REF_FILE "kernels/ref/isfinite.c"
#include "kernels/ref/numbers.h"
#else
REF_ROW1_TO(uint8_t, isfinite, !REF_REAL || x - x == 0)
#endif
