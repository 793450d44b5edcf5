/* base/status.c: codes, their texts, and the calling thread's last failure. */
#include "base/status.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES = 1024 };

static _Thread_local struct {
    lm_status status;
    char text[TEXT_BYTES];
} last;

const char *lm_status_text(lm_status status)
{
    switch (status) {
#define LM__STATUS(code, text) \
    case code: return text;
        LM_STATUS_LIST(LM__STATUS)
#undef LM__STATUS
    }
    return "unknown status";
}

const char *lm_last_error(void)
{
    return last.text;
}

lm_status lm_last_status(void)
{
    return last.status;
}

/* Cuts text that filled its buffer before a UTF-8 character that lost its end. */
static void trim_utf8(char *text, size_t size)
{
    size_t at = size;
    while (at > 0 && size - at < 3 && ((unsigned char)text[at - 1] & 0xC0) == 0x80) at--;
    if (at == 0) return;
    unsigned char lead = (unsigned char)text[at - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (size - at + 1 < need) text[at - 1] = '\0';
}

/* Names in messages may come from files of anybody's: what would steer a terminal becomes a question mark. */
static void defuse(char *text)
{
    for (unsigned char *c = (unsigned char *)text; *c; c++) {
        bool steers = (*c < ' ' && *c != '\n' && *c != '\t') || *c == 127;
        if (*c == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0) *c++ = '?', steers = true;      /* in UTF-8, too */
        if (steers) *c = '?';
    }
}

lm_status lm__vfail(lm_status status, const char *format, va_list args)
{
    char text[TEXT_BYTES];  /* the arguments may point into last.text */
    int size = vsnprintf(text, sizeof text, format, args);
    if (size < 0) text[0] = '\0';
    if (size >= TEXT_BYTES) trim_utf8(text, TEXT_BYTES - 1);
    defuse(text);
    memcpy(last.text, text, strlen(text) + 1);
    last.status = status;
    return status;
}

lm_status lm__fail(lm_status status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    lm__vfail(status, format, args);
    va_end(args);
    return status;
}

lm_status lm__fail_in(const char *format, ...)
{
    char context[TEXT_BYTES];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(context, sizeof context, format, args);
    va_end(args);
    if (size < 0) context[0] = '\0';
    return lm__fail(last.status, "%s: %s", context, last.text);
}

lm_status lm__no_memory(unsigned long long bytes)
{
    return lm__fail(LM_NO_MEMORY, "could not get %llu bytes of memory", bytes);
}
