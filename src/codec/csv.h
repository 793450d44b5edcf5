/* codec/csv.h: tables of text, as RFC 4180 and its relatives have them.
 *
 * Cells are separated by one of , ; or a tab, rows by LF, CRLF or CR. A cell in double quotes may hold separators,
 * line breaks, and quotes written twice. Empty lines are passed over, and so is UTF-8's byte order mark.
 * LM_CORRUPT, with the line: a quote that is not closed, characters behind a closing quote, zero bytes, UTF-16.
 */
#ifndef LM_CODEC_CSV_H
#define LM_CODEC_CSV_H

#include "base/bytes.h"
#include "base/status.h"

/* The most cells of a row, and the longest cell. */
enum { LM__CSV_MAX_COLUMNS = 1 << 16, LM__CSV_MAX_CELL = 1 << 20 };

/* A reader; `name` (which begins messages) and `data` are borrowed. After lm__csv_next: the row's cells, terminated
 * by zero bytes, until the next call. */
typedef struct lm__csv {
    const char *name;
    lm__bytes in;
    char separator;
    size_t line, lines;         /* where this row begins, counted from 1; line breaks so far */
    size_t count;               /* of cells; 0 at the end                                    */
    const char **cell;
    /* the reader's own */
    lm__text text;
    size_t *start, capacity, cells_capacity;
} lm__csv;

/* `separator` 0: told by the first line, where a tab goes before a semicolon and that before a comma. */
lm_status lm__csv_open(const char *name, const void *data, size_t size, char separator, lm__csv *csv);
void lm__csv_close(lm__csv *csv);
lm_status lm__csv_next(lm__csv *csv);
void lm__csv_rewind(lm__csv *csv);          /* to before the first row */

/* A decimal number such as -1.5e3, with spaces around it; 0 if the text is none (nor "nan", "inf", "0x10"). */
int lm__csv_number(const char *text, double *out);

#endif
