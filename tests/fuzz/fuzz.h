/* tests/fuzz/fuzz.h: what the fuzzers share. Each feeds a reader with bytes from libFuzzer, which looks for crashes,
 * hangs, leaks and errors that the sanitizers see; a reader's own complaints are what it is there for. */
#ifndef LM_TESTS_FUZZ_H
#define LM_TESTS_FUZZ_H

#include <lamina/runtime.h>
#include <lamina/tensor.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Looks at every element, then frees the tensor. */
static inline void use_tensor(lm_tensor *t)
{
    volatile double sum = 0;
    for (size_t i = 0; i < lm_tensor_size(t); i++) sum += lm_tensor_get(t, i);
    (void)sum;
    lm_free(t);
}

/* What was taken must have been given back, and no input of a few KB may take this much. */
static inline void check_memory(void)
{
    lm_memory_stats stats = lm_memory();
    if (stats.live != 0 || stats.peak > (size_t)256 << 20) abort();
}

#endif
