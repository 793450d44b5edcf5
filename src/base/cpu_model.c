/* base/cpu_model.c: the processor's name. */
#include "base/cpu.h"

#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>

void lm__cpu_model(char text[LM__CPU_MODEL])
{
    unsigned words[12] = {0};
    char name[sizeof words + 1] = "";
    for (unsigned i = 0; i < 3; i++) {
        unsigned *w = words + 4 * i;
        if (!__get_cpuid(0x80000002 + i, &w[0], &w[1], &w[2], &w[3])) break;
    }
    memcpy(name, words, sizeof words);
    const char *at = name + strspn(name, " ");
    size_t length = strlen(at);
    while (length && at[length - 1] == ' ') length--;
    memcpy(text, at, length);
    text[length] = 0;
    for (size_t i = 0; i < length; i++)
        if (text[i] < ' ' || text[i] > '~') text[i] = '?';
    if (!length) strcpy(text, "x86-64");
}
#else
void lm__cpu_model(char text[LM__CPU_MODEL])
{
    strcpy(text, lm__isa_name(lm__isa_level()));
}
#endif
