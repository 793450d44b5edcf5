#ifndef T
#define LM_REF_FILE "kernels/ref/lstm_backward.c"
#include "kernels/ref/floats.h"
#else
/* The way back through lstm: from gates (batch, steps, 4 units), cells c and the gradient dy of the states (batch,
 * steps, units) to the gradient dz of the sums before the gates' functions, and its sum db over batch and steps;
 * either may be NULL. recurrent (units, 4 units). From the last step to the first, with what comes from the step
 * after it: dh = dy + dz' recurrent^T,   dc = dc' f' + dh o (1 - tanh(c)^2) dz = dc g i (1 - i),   dc c_before f (1 -
 * f),   dc i (1 - g^2),   dh tanh(c) o (1 - o) work: 6 units. */
void REF(lstm_backward)(const void *recurrent_in, const void *gates, const void *cells, const void *dy_in,
                        void *dz_out, void *db_out, size_t batch, size_t steps, size_t units, void *work)
{
    const T *recurrent = (const T *)recurrent_in;
    T *dz = (T *)work, *dh = dz + 4 * units, *dc = dh + units, *db = (T *)db_out;
    for (size_t j = 0; db && j < 4 * units; j++) db[j] = 0;
    for (size_t n = 0; n < batch; n++) {
        for (size_t j = 0; j < units; j++) dh[j] = dc[j] = 0;
        for (size_t t = steps; t-- > 0;) {
            size_t at = n * steps + t;
            const T *gate = (const T *)gates + at * 4 * units, *c = (const T *)cells + at * units;
            const T *dy = (const T *)dy_in + at * units;
            for (size_t j = 0; j < units; j++) {
                T i = gate[j], f = gate[units + j], g = gate[2 * units + j], o = gate[3 * units + j];
                T th = FN(tanh)(c[j]), d = dy[j] + dh[j], e = dc[j] + d * o * (1 - th * th);
                T old = t > 0 ? (c - units)[j] : 0;
                dz[j] = e * g * i * (1 - i);
                dz[units + j] = e * old * f * (1 - f);
                dz[2 * units + j] = e * i * (1 - g * g);
                dz[3 * units + j] = d * th * o * (1 - o);
                dc[j] = e * f;
            }
            if (dz_out) memcpy((T *)dz_out + at * 4 * units, dz, 4 * units * sizeof(T));
            for (size_t j = 0; db && j < 4 * units; j++) db[j] += dz[j];
            for (size_t k = 0; k < units; k++) {
                T sum = 0;
                for (size_t j = 0; j < 4 * units; j++) sum += dz[j] * recurrent[k * 4 * units + j];
                dh[k] = sum;
            }
        }
    }
}
#endif
