#ifndef T
#define LM_REF_FILE "kernels/ref/clip.c"
#include "kernels/ref/numbers.h"
#else
/* imm: the limits, whole numbers of T or infinite where T is an integer type. NaN passes. */
REF_ROW1(clip, x < imm[0] ? (T)imm[0] : x > imm[1] ? (T)imm[1] : x)
#endif
