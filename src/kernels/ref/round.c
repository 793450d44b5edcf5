#ifndef T
#define LM_REF_FILE "kernels/ref/round.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(round, FN(rint)(x))
#endif
