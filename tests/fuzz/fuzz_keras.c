/* tests/fuzz/fuzz_keras.c: .keras files. Checksums of stored members are set right first, or the fuzzer would never
 * get past them. */
#include "fuzz.h"

#include "base/alloc.h"
#include "formats/files.h"
#include <string.h>
#include <zlib.h>

enum { LOCAL = 30, CENTRAL = 46 };

static uint32_t get(const uint8_t *at, int bytes)
{
    uint32_t value = 0;
    for (int i = bytes; i--;) value = value << 8 | at[i];
    return value;
}

/* The member that a directory's entry at `at` speaks of. */
static void repair(uint8_t *data, size_t size, size_t at)
{
    uint32_t begin = get(data + at + 42, 4), bytes = get(data + at + 20, 4);
    if (get(data + at + 10, 2) != 0 || size < LOCAL || begin > size - LOCAL) return;
    size_t from = (size_t)begin + LOCAL + get(data + begin + 26, 2) + get(data + begin + 28, 2);
    if (from > size || bytes > size - from) return;
    uint32_t crc = (uint32_t)crc32_z(0, data + from, bytes);
    for (int i = 0; i < 4; i++) data[at + 16 + i] = data[begin + 14 + i] = (uint8_t)(crc >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = lm__alloc(size + 1);
    lm_load_args args = lm_load_defaults();
    if (!copy) return 0;
    if (size) memcpy(copy, data, size);
    for (size_t at = 0; size >= CENTRAL && at <= size - CENTRAL; at++)
        if (!memcmp(copy + at, "PK\1\2", 4)) repair(copy, size, at);
    lm_free(lm__model_decode("fuzz.keras", copy, size, &args));
    lm__free(copy);
    check_memory();
    return 0;
}
