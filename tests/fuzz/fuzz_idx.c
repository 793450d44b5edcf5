/* tests/fuzz/fuzz_idx.c: IDX files, plain and in gzip. */
#include "fuzz.h"

#include "codec/idx.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    use_tensor(lm__idx_decode("fuzz.idx", data, size));
    check_memory();
    return 0;
}
