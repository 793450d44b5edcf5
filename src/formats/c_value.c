/* formats/c_value.c: strings and numbers as C writes them. */
#include "formats/c_program.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* General punctuation holds the marks that turn the direction of text, which compilers warn of. */
static bool is_mark(const unsigned char *c) { return c[0] == 0xE2 && (c[1] == 0x80 || c[1] == 0x81) && c[2]; }

void lm__c_string(lm__text *to, const char *text)
{
    lm__text_append(to, "\"", 1);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (is_mark(c)) {
            lm__text_printf(to, "\\%03o\\%03o\\%03o", c[0], c[1], c[2]);
            c += 2;
        } else if (*c == '"' || *c == '\\') lm__text_printf(to, "\\%c", *c);
        else if (*c == '?' && c[1] == '?') lm__text_append(to, "?\\", 2);   /* no trigraphs */
        else if (*c < 0x20 || *c == 0x7F) lm__text_printf(to, "\\%03o", *c);
        else lm__text_append(to, c, 1);
    }
    lm__text_append(to, "\"", 1);
}

/* The fewest digits that give the value back; the point is a point whatever the locale. */
static void shortest(double value, char *text, size_t bytes)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, bytes, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    for (char *c = text; *c; c++)
        if (!strchr("0123456789+-e", *c)) *c = '.';
}

void lm__c_double(lm__text *to, double value)
{
    char text[40];
    if (isnan(value)) {
        lm__text_printf(to, "LM_NONE");
        return;
    }
    if (isinf(value)) {
        lm__text_printf(to, value < 0 ? "-__builtin_inf()" : "__builtin_inf()");
        return;
    }
    if (value == 0 && signbit(value)) {  /* -0 is an integer without a sign */
        lm__text_printf(to, "-0.0");
        return;
    }
    shortest(value, text, sizeof text);
    double parts = round(1 / value);
    if (strlen(text) > 10 && parts > 1 && parts <= 65536 && 1 / parts == value)
        lm__text_printf(to, "1.0 / %.0f", parts);
    else lm__text_printf(to, "%s", text);
}

void lm__c_sizes(lm__text *to, const int64_t *value, int count)
{
    lm__text_printf(to, count ? "{" : "{0");
    for (int i = 0; i < count; i++)
        if (value[i] == LM_ANY) lm__text_printf(to, "%sLM_ANY", i ? ", " : "");
        else lm__text_printf(to, "%s%lld", i ? ", " : "", (long long)value[i]);
    lm__text_printf(to, "}");
}

void lm__c_tensor(lm__text *to, const lm_tensor *t)
{
    if (!t->rank) {
        lm__text_printf(to, "lm_tensor_scalar(LM_F64, ");
        lm__c_double(to, lm_tensor_get(t, 0));
    } else {
        lm__text_printf(to, "lm_tensor_copy_of(LM_F64, %d, (int64_t[])", t->rank);
        lm__c_sizes(to, t->dims, t->rank);
        lm__text_printf(to, ", (double[]){");
        for (size_t i = 0; i < t->size; i++) {
            if (i) lm__text_append(to, ", ", 2);
            lm__c_double(to, lm_tensor_get(t, i));
        }
        lm__text_append(to, "}", 1);
    }
    lm__text_append(to, ")", 1);
}
