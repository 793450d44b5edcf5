#include "base/philox.h"
#include "kernels/ref/ref.h"

/* out = {key[0], the first 64 bits of Philox over (key[1], number)}. */
void lm__ref_random_fold(const int64_t *key, int64_t number, int64_t *out)
{
    const uint64_t seed = (uint64_t)key[0], step = (uint64_t)key[1], n = (uint64_t)number;
    const uint32_t counter[4] = {(uint32_t)step, (uint32_t)(step >> 32), (uint32_t)n, (uint32_t)(n >> 32)};
    const uint32_t words[2] = {(uint32_t)seed ^ 0x666F6C64u, (uint32_t)(seed >> 32)};
    uint32_t mixed[4];
    lm__philox(counter, words, mixed);
    out[0] = key[0];
    out[1] = (int64_t)((uint64_t)mixed[1] << 32 | mixed[0]);
}
