/* tests/fuzz/fuzz_npy.c: .npy files, and .npz archives where the bytes begin as one. */
#include "fuzz.h"

#include "codec/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lm__npz *npz;
    if (size > 1 && data[0] == 'P' && lm__npz_over("fuzz.npz", data, size, &npz) == LM_OK) {
        for (size_t i = 0; i < lm__npz_count(npz); i++) use_tensor(lm__npz_read(npz, lm__npz_name(npz, i)));
        lm__npz_close(npz);
    } else {
        use_tensor(lm__npy_decode("fuzz.npy", data, size));
    }
    check_memory();
    return 0;
}
