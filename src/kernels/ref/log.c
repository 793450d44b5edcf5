#ifndef T
#define LM_REF_FILE "kernels/ref/log.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(log, FN(log)(x))
#endif
