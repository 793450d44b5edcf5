/* base/fp.c: the floating-point state. Training into denormals is many times slower without flush-to-zero. */
#include "base/team.h"

#if defined(__x86_64__)
#include <immintrin.h>

enum { FLUSH_TO_ZERO = 0x8000, DENORMALS_ARE_ZERO = 0x0040 };

unsigned lm__fp_fast(void)
{
    unsigned state = _mm_getcsr(), fast = state | FLUSH_TO_ZERO | DENORMALS_ARE_ZERO;
    if (fast != state) _mm_setcsr(fast);
    return state;
}

void lm__fp_restore(unsigned state)
{
    if (_mm_getcsr() != state) _mm_setcsr(state);
}

#elif defined(__aarch64__)
#include <stdint.h>

unsigned lm__fp_fast(void)
{
    uint64_t state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    __asm__ volatile("msr fpcr, %0" : : "r"(state | (UINT64_C(1) << 24)));
    return (unsigned)state;
}

void lm__fp_restore(unsigned state)
{
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)state));
}

#else

unsigned lm__fp_fast(void)
{
    return 0;
}

void lm__fp_restore(unsigned state)
{
    (void)state;
}
#endif
