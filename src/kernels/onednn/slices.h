/* kernels/onednn/slices.h: one primitive for equal slices of a problem, another for the rest, and handles for each
 * thread of the team. */
#ifndef LM_KERNELS_ONEDNN_SLICES_H
#define LM_KERNELS_ONEDNN_SLICES_H

#include "kernels/kernel.h"
#include "kernels/onednn/onednn.h"

enum { LM__DNN_KINDS = 3 };             /* whole slice, the rest, a reorder of the kernel */

typedef struct lm__dnn_calls {
    int threads;
    lm__dnn_call *call[];               /* thread by thread, kind by kind; NULL where there is no such primitive */
} lm__dnn_calls;

lm_status lm__dnn_calls_open(lm__dnn *const primitive[LM__DNN_KINDS], lm__dnn_calls **out);
void lm__dnn_calls_close(void *calls);

static inline lm__dnn_call *lm__dnn_call_of(const lm__dnn_calls *calls, int thread, int kind)
{
    return calls->call[thread * LM__DNN_KINDS + kind];
}

/* Bytes of scratch for any of them. */
size_t lm__dnn_most_scratch(lm__dnn *const primitive[LM__DNN_KINDS]);

#endif
