#ifndef T
#define LM_REF_FILE "kernels/ref/fill.c"
#include "kernels/ref/all.h"
#else
/* y[i] = value, i < n */
void REF(fill)(size_t n, double value, void *out)
{
    T *y = (T *)out;
    for (size_t i = 0; i < n; i++) y[i] = (T)value;
}
#endif
