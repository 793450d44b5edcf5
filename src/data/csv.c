/* data/csv.c: a table of text as a dataset: one column is the target, the others are the numbers to predict it
 * from. */
#include "codec/csv.h"

#include "base/alloc.h"
#include "codec/inflate.h"
#include "data/csv.h"
#include "data/dataset.h"
#include "data/names.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN = 40 };            /* bytes of a cell in a message */
#define MOST_BYTES ((size_t)4 << 30)

typedef struct table {
    const lm_data_from_csv_args *args;
    lm__csv csv;
    int header;
    char **names;               /* of the columns; NULL: they have numbers */
    size_t columns, rows;
    size_t target;
    uint8_t *skipped;           /* of each column */
    size_t features;
    int text_target;
    size_t first_line;          /* of the data    */
    lm__names classes;
} table;

/* --- columns ---------------------------------------------------------------------------------------------------- */

static const char *column_name(const table *t, size_t column, char *text, size_t bytes)
{
    if (t->names) snprintf(text, bytes, "column \"%.80s\"", t->names[column]);
    else snprintf(text, bytes, "column %zu", column + 1);
    return text;
}

/* The column of that name, or of that number where there is no header. */
static lm_status find_column(const table *t, const char *name, const char *what, size_t *column)
{
    double number;
    for (size_t i = 0; t->names && i < t->columns; i++)
        if (!strcmp(t->names[i], name)) return *column = i, LM_OK;
    if (!t->names && lm__csv_number(name, &number) && number >= 1 && number <= (double)t->columns &&
        number == (double)(size_t)number)
        return *column = (size_t)number - 1, LM_OK;
    if (!t->names)
        return lm__fail(LM_NOT_FOUND, "%s has no header, so its columns are called 1 to %zu; %s is \"%.80s\"",
                        t->csv.name, t->columns, what, name);
    const char *near = lm__nearest(name, (const char *const *)t->names);
    if (near)
        return lm__fail(LM_NOT_FOUND, "%s has no column \"%.80s\" (did you mean \"%.80s\"?)", t->csv.name, name,
                        near);
    lm__text list = {0};
    for (size_t i = 0; i < t->columns && i < 20; i++)
        lm__text_printf(&list, "%s\"%.40s\"", i ? ", " : "", t->names[i]);
    lm_status status = list.bad ? lm__no_memory(list.size)
                                : lm__fail(LM_NOT_FOUND, "%s has no column \"%.80s\"; it has %s%s", t->csv.name, name,
                                           list.data, t->columns > 20 ? ", …" : "");
    lm__free(list.data);
    return status;
}

/* The first row is a header if none of its cells is a number, or if one of them is the target's name, which must not
 * be the number of a column. */
static int is_header(const table *t)
{
    double number;
    const char *target = t->args->target;
    int any_number = 0, by_number = target && lm__csv_number(target, &number) && number <= (double)t->csv.count;
    for (size_t i = 0; i < t->csv.count; i++) {
        any_number |= lm__csv_number(t->csv.cell[i], &number);
        if (target && !by_number && !strcmp(t->csv.cell[i], target)) return 1;
    }
    return !any_number;
}

/* One block: the pointers, NULL, the texts. */
static lm_status keep_names(table *t)
{
    size_t bytes = (t->columns + 1) * sizeof(char *);
    for (size_t i = 0; i < t->columns; i++) bytes += strlen(t->csv.cell[i]) + 1;
    t->names = lm__calloc(1, bytes);
    if (!t->names) return lm__no_memory(bytes);
    char *text = (char *)(t->names + t->columns + 1);
    for (size_t i = 0; i < t->columns; i++) {
        t->names[i] = strcpy(text, t->csv.cell[i]);
        text += strlen(text) + 1;
    }
    return LM_OK;
}

static lm_status choose_columns(table *t)
{
    size_t column = 0;
    if (!t->args->no_target && (!t->args->target || !*t->args->target))
        return lm__fail(LM_INVALID, "%s: which column is to be predicted? Name it with .target, in the shell "
                        "--target%s%.80s%s", t->csv.name, t->names ? ", such as \"" : ", by its number from 1 on",
                        t->names ? t->names[t->columns - 1] : "", t->names ? "\"" : "");
    t->target = t->columns;                     /* none */
    if (!t->args->no_target) LM_TRY(find_column(t, t->args->target, "the target", &t->target));
    t->skipped = lm__calloc(t->columns, 1);
    if (!t->skipped) return lm__no_memory(t->columns);
    for (int i = 0; i < LM_DATA_MAX_SKIP && t->args->skip[i]; i++) {
        LM_TRY(find_column(t, t->args->skip[i], "one to skip", &column));
        t->skipped[column] = 1;
    }
    for (size_t i = 0; i < t->columns; i++) t->features += !t->skipped[i] && i != t->target;
    if (t->features && (t->args->no_target || !t->skipped[t->target])) return LM_OK;
    if (t->args->no_target) return lm__fail(LM_INVALID, "%s: all of its columns are skipped", t->csv.name);
    return lm__fail(LM_INVALID, "%s has %zu columns; besides the target, one at least must stay to predict it from",
                    t->csv.name, t->columns);
}

static lm_status read_header(table *t)
{
    LM_TRY(lm__csv_next(&t->csv));
    if (!t->csv.count) return lm__fail(LM_CORRUPT, "%s is empty; expected a table of text", t->csv.name);
    t->columns = t->csv.count;
    t->header = t->args->header < 0 ? is_header(t) : t->args->header > 0;
    if (t->header) LM_TRY(keep_names(t));
    return choose_columns(t);
}

/* --- the first pass: how many rows, and what the target is ------------------------------------------------------ */

static lm_status check_width(const table *t)
{
    if (t->csv.count == t->columns) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: line %zu has %zu cells, but the first has %zu (separated by %s)", t->csv.name,
                    t->csv.line, t->csv.count, t->columns,
                    t->csv.separator == '\t' ? "tabs" : t->csv.separator == ';' ? "semicolons" : "commas");
}

static lm_status empty_cell(const table *t, size_t column)
{
    char name[120];
    return lm__fail(LM_INVALID, "%s: line %zu, %s: the cell is empty; a model needs a value there: leave out the "
                    "row, or the column (.skip, in the shell --skip)", t->csv.name, t->csv.line,
                    column_name(t, column, name, sizeof name));
}

static int is_missing(const char *cell)
{
    static const char *const MISSING[] = {"NA", "N/A", "NaN", "nan", "null", "NULL", "None", "?"};
    while (*cell == ' ') cell++;
    if (!*cell) return 1;
    for (size_t i = 0; i < sizeof MISSING / sizeof *MISSING; i++)
        if (!strcmp(cell, MISSING[i])) return 1;
    return 0;
}

static lm_status look_at_target(table *t)
{
    const char *cell = t->csv.cell[t->target];
    char name[120];
    double number;
    if (is_missing(cell)) return empty_cell(t, t->target);
    int text = !lm__csv_number(cell, &number);
    if (!t->rows) t->text_target = text, t->first_line = t->csv.line;
    if (text != t->text_target)
        return lm__fail(LM_INVALID, "%s: line %zu, %s: \"%.*s\" is %s, but line %zu has %s: a target is one or the "
                        "other", t->csv.name, t->csv.line, column_name(t, t->target, name, sizeof name), SHOWN, cell,
                        text ? "no number" : "a number", t->first_line, text ? "a number" : "text");
    return text ? lm__names_add(&t->classes, cell) : LM_OK;
}

static lm_status count_rows(table *t)
{
    lm__csv_rewind(&t->csv);
    if (t->header) LM_TRY(lm__csv_next(&t->csv));
    for (;;) {
        LM_TRY(lm__csv_next(&t->csv));
        if (!t->csv.count) break;
        LM_TRY(check_width(t));
        if (!t->args->no_target) LM_TRY(look_at_target(t));
        t->rows++;
    }
    if (!t->rows) return lm__fail(LM_CORRUPT, "%s has a header and no rows", t->csv.name);
    return LM_OK;
}

/* --- the second pass -------------------------------------------------------------------------------------------- */

static lm_status no_number(const table *t, size_t column)
{
    char name[120];
    const char *cell = t->csv.cell[column], *hint = "";
    if (is_missing(cell)) return empty_cell(t, column);
    if (t->csv.separator == ';' && strchr(cell, ',')) hint = " (decimals are written with a point: 1.5)";
    return lm__fail(LM_INVALID, "%s: line %zu, %s: \"%.*s\" is no number%s; models take numbers: replace the text by "
                    "some, or leave out the column (.skip, in the shell --skip)", t->csv.name, t->csv.line,
                    column_name(t, column, name, sizeof name), SHOWN, cell, hint);
}

static int fits(double number) { return isfinite((float)number); }

static lm_status too_large(const table *t, size_t column)
{
    char name[120];
    return lm__fail(LM_INVALID, "%s: line %zu, %s: \"%.*s\" is more than a float32 can hold, %g: divide the column, "
                    "or skip it", t->csv.name, t->csv.line, column_name(t, column, name, sizeof name), SHOWN,
                    t->csv.cell[column], (double)FLT_MAX);
}

static lm_status fill_row(const table *t, float *x, void *y, size_t row)
{
    double number = 0;
    for (size_t i = 0; i < t->columns; i++) {
        if (t->skipped[i] || i == t->target) continue;
        if (!lm__csv_number(t->csv.cell[i], &number)) return no_number(t, i);
        if (!fits(number)) return too_large(t, i);
        *x++ = (float)number;
    }
    if (!y) return LM_OK;
    if (t->text_target)
        ((int32_t *)y)[row] = lm__names_find(&t->classes, t->csv.cell[t->target]);
    else if (lm__csv_number(t->csv.cell[t->target], &number) && !fits(number))
        return too_large(t, t->target);
    else
        ((float *)y)[row] = (float)number;
    return LM_OK;
}

static lm_status fill(table *t, lm_tensor *x, lm_tensor *y)
{
    LM_TRY(lm_status_of(x));
    if (y) LM_TRY(lm_status_of(y));
    lm__csv_rewind(&t->csv);
    if (t->header) LM_TRY(lm__csv_next(&t->csv));
    for (size_t i = 0; i < t->rows; i++) {
        LM_TRY(lm__csv_next(&t->csv));
        LM_TRY(fill_row(t, (float *)x->data + i * t->features, y ? y->data : NULL, i));
    }
    return LM_OK;
}

static lm_status make(table *t, lm_dataset **out)
{
    int64_t dims[2] = {(int64_t)t->rows, (int64_t)t->features};
    lm_tensor *x = lm_tensor_new(LM_F32, 2, dims), *y = NULL;
    if (!t->args->no_target) y = lm_tensor_new(t->text_target ? LM_I32 : LM_F32, 1, dims);
    lm_status status = fill(t, x, y);
    if (!status) {
        *out = lm_data_from_arrays(x, y);
        status = lm_status_of(*out);
    }
    if (!status && t->text_target) lm__data_own_classes(*out, &t->classes);
    lm_free(x), lm_free(y);
    return status;
}

static lm_status read_table(const char *name, const void *data, size_t size, const lm_data_from_csv_args *args,
                            lm_dataset **out)
{
    table t = {.args = args};
    lm_status status;
    LM_GO(out, lm__csv_open(name, data, size, args->separator, &t.csv));
    LM_GO(out, read_header(&t));
    LM_GO(out, count_rows(&t));
    status = make(&t, out);
out:
    lm__csv_close(&t.csv);
    lm__names_free(&t.classes);
    lm__free(t.names);
    lm__free(t.skipped);
    return status;
}

lm_dataset *lm__data_csv(const char *name, const void *data, size_t size, const lm_data_from_csv_args *args)
{
    lm_dataset *ds = NULL;
    return read_table(name, data, size, args, &ds) ? lm__data_poison(ds) : ds;
}

lm_data_from_csv_args lm_data_from_csv_defaults(void)
{
    return (lm_data_from_csv_args){.size = sizeof(lm_data_from_csv_args), LM_DATA_FROM_CSV_DEFAULTS};
}

lm_dataset *lm_data_from_csv_with(const char *path, const lm_data_from_csv_args *args)
{
    uint8_t *data;
    size_t size;
    lm_status status = path && *path && args ? LM_OK : lm__fail(LM_INVALID, "lm_data_from_csv needs a path");
    if (!status) status = lm__gunzip_file(path, MOST_BYTES, &data, &size);
    if (status) return lm__data_poison(NULL);
    lm_dataset *ds = lm__data_csv(path, data, size, args);
    lm__free(data);
    return ds;
}
