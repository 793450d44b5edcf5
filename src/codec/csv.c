/* codec/csv.c: reading tables of text. */
#include "codec/csv.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

/* --- opening ---------------------------------------------------------------------------------------------------- */

static char find_separator(const uint8_t *data, size_t size)
{
    int quoted = 0, seen_semicolon = 0;
    for (size_t i = 0; i < size && (quoted || (data[i] != '\n' && data[i] != '\r')); i++) {
        if (data[i] == '"') quoted = !quoted;
        if (quoted) continue;
        if (data[i] == '\t') return '\t';
        seen_semicolon |= data[i] == ';';
    }
    return seen_semicolon ? ';' : ',';
}

static size_t mark_bytes(const uint8_t *data, size_t size)
{
    return size >= 3 && !memcmp(data, "\xEF\xBB\xBF", 3) ? 3 : 0;
}

void lm__csv_rewind(lm__csv *csv)
{
    csv->in.at = mark_bytes(csv->in.data, csv->in.size);
    csv->line = 0, csv->lines = 1, csv->count = 0;
}

lm_status lm__csv_open(const char *name, const void *data, size_t size, char separator, lm__csv *csv)
{
    const uint8_t *bytes = data;
    *csv = (lm__csv){.name = name, .in = lm__bytes_of(data, size), .separator = separator};
    if (size >= 2 && ((bytes[0] == 0xFF && bytes[1] == 0xFE) || (bytes[0] == 0xFE && bytes[1] == 0xFF)))
        return lm__fail(LM_CORRUPT, "%s is UTF-16 text, expected UTF-8: \"iconv -f UTF-16 -t UTF-8\" converts it",
                        name);
    if (size >= 4 && !memcmp(bytes, "PK\3\4", 4))
        return lm__fail(LM_CORRUPT, "%s is a ZIP archive, as .xlsx and .npz files are, expected a table of text: "
                        "save it as CSV", name);
    if (!separator) csv->separator = find_separator(bytes, size < 1 << 16 ? size : 1 << 16);
    lm__csv_rewind(csv);
    return LM_OK;
}

void lm__csv_close(lm__csv *csv)
{
    lm__free(csv->text.data);
    lm__free(csv->start);
    lm__free(csv->cell);
    csv->text = (lm__text){0};
    csv->start = NULL, csv->cell = NULL;
}

/* --- rows ------------------------------------------------------------------------------------------------------- */

static int peek(const lm__csv *csv)
{
    return csv->in.at < csv->in.size ? csv->in.data[csv->in.at] : -1;
}

/* At the end of a line or of the data: passes over it. */
static int take_break(lm__csv *csv)
{
    int c = peek(csv);
    if (c != '\n' && c != '\r') return c < 0;
    csv->in.at++;
    if (c == '\r' && peek(csv) == '\n') csv->in.at++;
    csv->lines++;
    return 1;
}

static lm_status too_long(const lm__csv *csv)
{
    return lm__fail(LM_CORRUPT, "%s: line %zu has a cell of more than %d bytes: is a quote not closed?", csv->name,
                    csv->line, LM__CSV_MAX_CELL);
}

static lm_status quoted_cell(lm__csv *csv)
{
    size_t opened = csv->lines, begin = csv->text.size;
    for (csv->in.at++;; csv->in.at++) {
        int c = peek(csv);
        if (c < 0)
            return lm__fail(LM_CORRUPT, "%s: the quote that opens in line %zu is never closed", csv->name, opened);
        if (c == '"') {
            csv->in.at++;
            if (peek(csv) != '"') break;
        }
        if (csv->text.size - begin >= LM__CSV_MAX_CELL) return too_long(csv);
        csv->lines += c == '\n';
        lm__text_append(&csv->text, &(char){(char)c}, 1);
    }
    int c = peek(csv);
    if (c < 0 || c == csv->separator || c == '\n' || c == '\r') return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: line %zu: characters behind a closing quote; a quote within quotes is written "
                    "twice", csv->name, csv->lines);
}

static lm_status plain_cell(lm__csv *csv)
{
    const uint8_t *from = csv->in.data + csv->in.at;
    size_t begin = csv->in.at;
    int c;
    while ((c = peek(csv)) >= 0 && c != csv->separator && c != '\n' && c != '\r') csv->in.at++;
    if (csv->in.at - begin > LM__CSV_MAX_CELL) return too_long(csv);
    lm__text_append(&csv->text, from, csv->in.at - begin);
    return LM_OK;
}

static lm_status add_cell(lm__csv *csv)
{
    if (csv->count >= LM__CSV_MAX_COLUMNS)
        return lm__fail(LM_CORRUPT, "%s: line %zu has more than %d columns", csv->name, csv->line,
                        LM__CSV_MAX_COLUMNS);
    if (lm__grow(&csv->start, csv->count, &csv->capacity, sizeof *csv->start)) return lm__no_memory(0);
    size_t begin = csv->start[csv->count++] = csv->text.size;
    LM_TRY(peek(csv) == '"' ? quoted_cell(csv) : plain_cell(csv));
    if (csv->text.size > begin && memchr(csv->text.data + begin, 0, csv->text.size - begin))
        return lm__fail(LM_CORRUPT, "%s: line %zu has a zero byte: this is no text", csv->name, csv->line);
    lm__text_append(&csv->text, "", 1);
    return csv->text.bad ? lm__no_memory(csv->text.size) : LM_OK;
}

lm_status lm__csv_next(lm__csv *csv)
{
    csv->count = 0, csv->text.size = 0;
    while (peek(csv) == '\n' || peek(csv) == '\r') take_break(csv);
    csv->line = csv->lines;
    if (peek(csv) < 0) return LM_OK;
    do LM_TRY(add_cell(csv));
    while (peek(csv) == csv->separator && ++csv->in.at);
    take_break(csv);
    if (csv->count > csv->cells_capacity) {
        const char **cells = lm__realloc(csv->cell, csv->capacity * sizeof *cells);
        if (!cells) return lm__no_memory(csv->capacity * sizeof *cells);
        csv->cell = cells, csv->cells_capacity = csv->capacity;
    }
    for (size_t i = 0; i < csv->count; i++) csv->cell[i] = csv->text.data + csv->start[i];
    return LM_OK;
}

/* --- numbers ---------------------------------------------------------------------------------------------------- */

enum { MOST_EXPONENT = 100000 };

typedef struct number {
    const char *at;
    uint64_t mantissa;
    int digits, exponent;
} number;

static void read_digits(number *n, int scale)
{
    for (; *n->at >= '0' && *n->at <= '9'; n->at++, n->digits++) {
        int counts = n->mantissa < 1000000000000000000u;        /* further digits do not fit, and change nothing */
        if (counts) n->mantissa = 10 * n->mantissa + (uint64_t)(*n->at - '0');
        if (n->exponent > -MOST_EXPONENT && n->exponent < MOST_EXPONENT) n->exponent += counts ? scale : scale + 1;
    }
}

static int read_exponent(number *n)
{
    int value = 0, digits = 0, negative = *n->at == '-';
    if (*n->at == '-' || *n->at == '+') n->at++;
    for (; *n->at >= '0' && *n->at <= '9'; n->at++, digits++)
        if (value < MOST_EXPONENT) value = 10 * value + (*n->at - '0');
    n->exponent += negative ? -value : value;
    return digits > 0;
}

/* Whatever the program's locale is; within a rounding of double, far below that of float. */
int lm__csv_number(const char *text, double *out)
{
    number n = {.at = text};
    while (*n.at == ' ') n.at++;
    int negative = *n.at == '-';
    if (*n.at == '-' || *n.at == '+') n.at++;
    read_digits(&n, 0);
    if (*n.at == '.') {
        n.at++;
        read_digits(&n, -1);
    }
    if (!n.digits) return 0;
    if (*n.at == 'e' || *n.at == 'E') {
        n.at++;
        if (!read_exponent(&n)) return 0;
    }
    while (*n.at == ' ') n.at++;
    if (*n.at) return 0;
    double value = (double)n.mantissa;
    if (n.exponent < 0 && n.exponent >= -22) value /= pow(10, -n.exponent);
    else if (n.exponent) value = n.mantissa ? (double)(n.mantissa * powl(10, n.exponent)) : 0;
    *out = negative ? -value : value;
    return 1;
}
