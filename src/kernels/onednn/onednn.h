/* kernels/onednn/onednn.h: oneDNN behind statuses. Everything that calls it is in guard.cc: it catches the exceptions
 * that oneDNN's C functions let through.
 *
 * The library is opened when the first problem asks for it (libdnnl.so.2, with the interface of 2.x); where there is
 * none, or another one, nothing here is usable and other kernels do the work. Every primitive is made and run for one
 * thread: our own team runs several of them side by side over slices fixed by the problem. So oneDNN never starts
 * OpenMP threads, never splits a sum by their number, and works inside a caller's parallel region. */
#ifndef LM_KERNELS_ONEDNN_H
#define LM_KERNELS_ONEDNN_H

#include "base/cpu.h"
#include <lamina/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lm__dnn lm__dnn;                 /* a primitive; any number of calls at a time */
typedef struct lm__dnn_call lm__dnn_call;       /* handles for one call at a time */

/* Whether the library is there and works at this instruction level (it can be told its level once only). */
bool lm__dnn_usable(lm__isa isa);
const char *lm__dnn_version(void);              /* "2.6.3"; NULL where it is not usable */

/* c (m, n) = a (m, k) b (k, n); strides from row to row and from column to column, in elements. bf16: a and b are
 * bfloat16, c is float32. */
typedef struct lm__dnn_product {
    int64_t m, n, k, a[2], b[2], c[2];
    bool bf16;
} lm__dnn_product;
lm_status lm__dnn_product_new(const lm__dnn_product *product, lm__dnn **out);

/* A convolution, as lm__conv2d_dims has it; its kernel is in a layout of oneDNN's own. bf16: the two arrays that come
 * in are bfloat16, the result is float32. */
typedef struct lm__dnn_conv {
    int64_t batch, height, width, channels, kernel_height, kernel_width, out_height, out_width, filters, groups;
    int64_t stride_y, stride_x, dilation_y, dilation_x, top, bottom, left, right;
    bool bf16;
} lm__dnn_conv;
typedef enum lm__dnn_way { LM__DNN_FORWARD, LM__DNN_BACKWARD_INPUT, LM__DNN_BACKWARD_KERNEL } lm__dnn_way;
lm_status lm__dnn_conv_new(lm__dnn_way way, const lm__dnn_conv *conv, lm__dnn **out);
size_t lm__dnn_kernel_bytes(const lm__dnn *conv);
bool lm__dnn_same_kernel(const lm__dnn *a, const lm__dnn *b);      /* the layouts are the same */

/* Brings a kernel into the layout of `conv`, or with `back` out of it. */
lm_status lm__dnn_reorder_new(const lm__dnn *conv, bool back, lm__dnn **out);

size_t lm__dnn_scratch(const lm__dnn *primitive);       /* bytes for each call, aligned to 64 */
void lm__dnn_free(lm__dnn *primitive);                  /* NULL does nothing, as below */

lm_status lm__dnn_open(const lm__dnn *primitive, lm__dnn_call **out);
void lm__dnn_close(lm__dnn_call *call);

/* product: (a, b, c); convolution: (image, kernel, result) in any way; reorder: (from, NULL, to). */
lm_status lm__dnn_run(lm__dnn_call *call, const void *a, const void *b, const void *c, void *scratch);

#ifdef __cplusplus
}
#endif
#endif
