#ifndef T
#define LM_REF_FILE "kernels/ref/lstm.c"
#include "kernels/ref/floats.h"
#else
static T REF_NAME(lstm_sigmoid)(T z)
{
    if (z >= 0) return 1 / (1 + FN(exp)(-z));
    return FN(exp)(z) / (1 + FN(exp)(z));
}

/* z (4 units) = bias + x kernel + h recurrent; bias NULL: none. */
static void REF_NAME(lstm_sums)(const T *x, const T *kernel, const T *recurrent, const T *bias, const T *h, T *z,
                                size_t inputs, size_t units)
{
    for (size_t j = 0; j < 4 * units; j++) z[j] = bias ? bias[j] : 0;
    for (size_t k = 0; k < inputs; k++)
        for (size_t j = 0; j < 4 * units; j++) z[j] += x[k] * kernel[k * 4 * units + j];
    for (size_t k = 0; k < units; k++)
        for (size_t j = 0; j < 4 * units; j++) z[j] += h[k] * recurrent[k * 4 * units + j];
}

/* Long short-term memory over x (batch, steps, inputs) from states of zero, gates in the order i, f, g, o:
 *     z = bias + x kernel + h recurrent,   i, f, o = sigmoid(z),   g = tanh(z),   c = f c + i g,   h = o tanh(c)
 * kernel (inputs, 4 units), recurrent (units, 4 units), bias (4 units) or NULL. Puts out, where not NULL: states h
 * (batch, steps, units), gates after their functions (batch, steps, 4 units), cells c, and the h before each step.
 * work: 6 units. */
void REF(lstm)(const void *x_in, const void *kernel, const void *recurrent, const void *bias, void *states,
               void *gates, void *cells, void *before, size_t batch, size_t steps, size_t inputs, size_t units,
               void *work)
{
    T *z = (T *)work, *h = z + 4 * units, *c = h + units;
    for (size_t n = 0; n < batch; n++) {
        for (size_t j = 0; j < units; j++) h[j] = c[j] = 0;
        for (size_t t = 0; t < steps; t++) {
            size_t at = n * steps + t;
            if (before) memcpy((T *)before + at * units, h, units * sizeof(T));
            REF_NAME(lstm_sums)
            ((const T *)x_in + at * inputs, (const T *)kernel, (const T *)recurrent, (const T *)bias, h, z, inputs,
             units);
            for (size_t j = 0; j < units; j++) {
                T i = REF_NAME(lstm_sigmoid)(z[j]), f = REF_NAME(lstm_sigmoid)(z[units + j]);
                T g = FN(tanh)(z[2 * units + j]), o = REF_NAME(lstm_sigmoid)(z[3 * units + j]);
                c[j] = f * c[j] + i * g;
                h[j] = o * FN(tanh)(c[j]);
                z[j] = i, z[units + j] = f, z[2 * units + j] = g, z[3 * units + j] = o;
            }
            if (states) memcpy((T *)states + at * units, h, units * sizeof(T));
            if (gates) memcpy((T *)gates + at * 4 * units, z, 4 * units * sizeof(T));
            if (cells) memcpy((T *)cells + at * units, c, units * sizeof(T));
        }
    }
}
#endif
