/* kernels/onednn/slices.c: handles for each thread of the team. */
#include "kernels/onednn/slices.h"
#include "base/alloc.h"
#include "base/team.h"

lm_status lm__dnn_calls_open(lm__dnn *const primitive[LM__DNN_KINDS], lm__dnn_calls **out)
{
    int threads = lm__team_threads();
    size_t bytes = sizeof(lm__dnn_calls) + (size_t)threads * LM__DNN_KINDS * sizeof(lm__dnn_call *);
    lm__dnn_calls *calls = lm__calloc(1, bytes);
    *out = NULL;
    if (!calls) return lm__no_memory(bytes);
    calls->threads = threads;
    for (int i = 0; i < threads * LM__DNN_KINDS; i++) {
        if (!primitive[i % LM__DNN_KINDS]) continue;
        lm_status status = lm__dnn_open(primitive[i % LM__DNN_KINDS], &calls->call[i]);
        if (status == LM_OK) continue;
        lm__dnn_calls_close(calls);
        return status;
    }
    *out = calls;
    return LM_OK;
}

void lm__dnn_calls_close(void *pointer)
{
    lm__dnn_calls *calls = pointer;
    if (!calls) return;
    for (int i = 0; i < calls->threads * LM__DNN_KINDS; i++) lm__dnn_close(calls->call[i]);
    lm__free(calls);
}

size_t lm__dnn_most_scratch(lm__dnn *const primitive[LM__DNN_KINDS])
{
    size_t most = 0;
    for (int i = 0; i < LM__DNN_KINDS; i++)
        if (primitive[i] && lm__dnn_scratch(primitive[i]) > most) most = lm__dnn_scratch(primitive[i]);
    return most;
}
