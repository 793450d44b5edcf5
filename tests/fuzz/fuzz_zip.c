/* tests/fuzz/fuzz_zip.c: ZIP archives, every member read. */
#include "fuzz.h"

#include "codec/zip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lm__zip *zip;
    if (lm__zip_open("fuzz.zip", data, size, &zip) == LM_OK) {
        for (size_t i = 0; i < lm__zip_count(zip); i++) {
            lm__zip_data member;
            size_t found;
            if (lm__zip_find(zip, lm__zip_name(zip, i), &found) != LM_OK || found != i) abort();
            if (lm__zip_read(zip, i, &member) == LM_OK) lm__zip_release(&member);
        }
        lm__zip_close(zip);
    }
    check_memory();
    return 0;
}
