/* base/cpu.h: which instructions to use. */
#ifndef LM_BASE_CPU_H
#define LM_BASE_CPU_H

#include <stdbool.h>

/* Ordered: a level includes those before it (neon stands alone). v3: AVX2, FMA, F16C, BMI2; v4: AVX-512 F BW CD DQ
 * VL; amx: with AMX-BF16 tiles. */
typedef enum lm__isa { LM__ISA_BASELINE, LM__ISA_V3, LM__ISA_V4, LM__ISA_AMX, LM__ISA_NEON } lm__isa;

/* The level in use: what processor and operating system offer, capped by LAMINA_ISA, read once. An unknown LAMINA_ISA
 * counts as unset, and lm__isa_warning() says so. */
lm__isa lm__isa_level(void);
const char *lm__isa_name(lm__isa isa);
/* Whether products of bfloat16 numbers are instructions at the level in use (AVX512-BF16, AMX). */
bool lm__cpu_bf16(void);
const char *lm__isa_warning(void);      /* NULL if LAMINA_ISA was understood */

/* The processor as it calls itself, in plain ASCII. */
enum { LM__CPU_MODEL = 49 };
void lm__cpu_model(char text[LM__CPU_MODEL]);

int lm__cpu_count(void);                /* CPUs of the affinity mask, at least 1 */

#endif
