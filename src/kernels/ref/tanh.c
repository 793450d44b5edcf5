#ifndef T
#define LM_REF_FILE "kernels/ref/tanh.c"
#include "kernels/ref/floats.h"
#else
REF_ROW1(tanh, FN(tanh)(x))
#endif
