/* base/cpu.c: what the processor and the operating system offer. */
#define _GNU_SOURCE
#include "base/cpu.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const names[] = {"baseline", "v3", "v4", "amx", "neon"};

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>

static int all(unsigned word, unsigned mask)
{
    return (word & mask) == mask;
}

/* Which register files the operating system saves (XCR0). */
static unsigned saved_registers(void)
{
    unsigned low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* Linux hands out the tile registers on request only. */
static int request_tiles(void)
{
    enum { ARCH_REQ_XCOMP_PERM_ = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM_, TILE_DATA) == 0;
}

static lm__isa detect(void)
{
    unsigned a, b, c, d, b7, c7, d7, saved;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return LM__ISA_BASELINE;
    /* SSE3, SSSE3, FMA, CX16, SSE4.1, SSE4.2, MOVBE, POPCNT, OSXSAVE, AVX, F16C */
    if (!all(c, 1u << 0 | 1u << 9 | 1u << 12 | 1u << 13 | 1u << 19 | 1u << 20 | 1u << 22 | 1u << 23 | 1u << 27 |
                    1u << 28 | 1u << 29))
        return LM__ISA_BASELINE;
    saved = saved_registers();
    if (!__get_cpuid_count(7, 0, &a, &b7, &c7, &d7) || !all(saved, 0x6)) return LM__ISA_BASELINE;
    if (!all(b7, 1u << 3 | 1u << 5 | 1u << 8)) return LM__ISA_BASELINE;             /* BMI1, AVX2, BMI2 */
    if (!__get_cpuid(0x80000001, &a, &b, &c, &d) || !all(c, 1u << 5)) return LM__ISA_BASELINE;     /* LZCNT */
    /* AVX-512 F, DQ, CD, BW, VL, and their registers */
    if (!all(b7, 1u << 16 | 1u << 17 | 1u << 28 | 1u << 30 | 1u << 31) || !all(saved, 0xE6)) return LM__ISA_V3;
    if (!all(d7, 1u << 22 | 1u << 24) || !all(saved, 0x60000) || !request_tiles()) return LM__ISA_V4;
    return LM__ISA_AMX;
}

static bool detect_bf16(void)
{
    unsigned a, b, c, d;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && all(a, 1u << 5);
}
#elif defined(__aarch64__)
static lm__isa detect(void)
{
    return LM__ISA_NEON;
}

static bool detect_bf16(void) { return false; }
#else
static lm__isa detect(void)
{
    return LM__ISA_BASELINE;
}

static bool detect_bf16(void) { return false; }
#endif

static pthread_once_t once = PTHREAD_ONCE_INIT;
static lm__isa level;
static char warning[256];

static void probe(void)
{
    const char *wanted = getenv("LAMINA_ISA");
    level = detect();
    if (!wanted || !*wanted) return;
    for (int i = 0; i < (int)(sizeof names / sizeof *names); i++) {
        if (strcmp(wanted, names[i])) continue;
        int off_scale = (level == LM__ISA_NEON) != (i == LM__ISA_NEON);
        if (off_scale && i != LM__ISA_BASELINE) break;
        if (i < (int)level) level = (lm__isa)i;
        return;
    }
    snprintf(warning, sizeof warning, "LAMINA_ISA=%.64s is not a level of this processor; using %s "
             "(baseline, v3, v4, amx; on ARM baseline, neon)", wanted, names[level]);
}

lm__isa lm__isa_level(void)
{
    pthread_once(&once, probe);
    return level;
}

bool lm__cpu_bf16(void)
{
    lm__isa isa = lm__isa_level();
    return (isa == LM__ISA_V4 || isa == LM__ISA_AMX) && detect_bf16();
}

const char *lm__isa_name(lm__isa isa)
{
    return (unsigned)isa < sizeof names / sizeof *names ? names[isa] : "?";
}

const char *lm__isa_warning(void)
{
    pthread_once(&once, probe);
    return warning[0] ? warning : NULL;
}

int lm__cpu_count(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0) return CPU_COUNT(&set);
    long online = sysconf(_SC_NPROCESSORS_ONLN);    /* more CPUs than a cpu_set_t holds */
    return online > 0 ? (int)online : 1;
}
