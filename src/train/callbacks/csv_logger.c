/* train/callbacks/csv_logger.c: a table of epochs that grows as they end. */
#include "train/callback.h"

#include "base/alloc.h"
#include "base/append.h"
#include "base/bytes.h"
#include <lamina/callbacks.h>

#include <stdlib.h>
#include <string.h>

#ifdef LM_HEADER
/* CSVLogger: a line for each epoch (from 0), written as it ends: "epoch,accuracy,loss,val_accuracy,val_loss".
 * `append` goes on in a file that is there. What an epoch does not have is NA. */
typedef struct lm_callback_csv_logger_args {
    size_t size;
    const char *name;
    const char *filename, *separator;
    bool append;
} lm_callback_csv_logger_args;
lm_callback *lm_callback_csv_logger_new(const lm_callback_csv_logger_args *args);
#define lm_callback_csv_logger(...)                                                                              \
    LM__WITH(lm_callback_csv_logger_args, LM__LIST(.separator = ","), lm_callback_csv_logger_new(&lm__a), __VA_ARGS__)
#endif

enum { COLUMNS = 2 * LM_MAX_LOGS };

typedef struct csv_logger {
    lm_callback base;
    lm__append file;
    bool open, headed;                  /* headed: the file has its first line */
    int ncolumns;                       /* 0: not known yet */
    char column[COLUMNS][64];
} csv_logger;

static const lm_callback_csv_logger_args *args_of(const csv_logger *c) { return c->base.base.args; }

static void release(lm_callback *self)
{
    csv_logger *c = (csv_logger *)self;
    if (c->open) lm__append_close(&c->file);
    c->open = false;
}

/* A run that goes on finds its file by its state. */
static lm_status train_begin(lm_callback *self, lm_moment *moment)
{
    csv_logger *c = (csv_logger *)self;
    release(self);
    c->ncolumns = 0, c->headed = false;
    if (moment->resumed) return LM_OK;
    LM_TRY(lm__append_open(&c->file, args_of(c)->filename, args_of(c)->append));
    c->open = true, c->headed = c->file.position > 0;
    return LM_OK;
}

static int by_name(const void *a, const void *b) { return strcmp(a, b); }

/* As in Keras: sorted names, and val_ ones for the epochs to come where there are none yet. */
static void choose_columns(csv_logger *c, const lm_logs *logs)
{
    bool validated = false;
    for (int i = 0; i < logs->count; i++) {
        strcpy(c->column[i], logs->item[i].name);
        validated |= !strncmp(c->column[i], "val_", 4);
    }
    int n = logs->count;
    qsort(c->column, (size_t)n, sizeof *c->column, by_name);
    for (int i = 0; !validated && i < logs->count; i++) {
        memcpy(c->column[n], "val_", 4);
        strcpy(c->column[n++] + 4, c->column[i]);
    }
    c->ncolumns = n;
}

/* As Python's csv has it: in quotes where it has to be. */
static void put_cell(const csv_logger *c, lm__text *line, const char *text)
{
    const char *separator = args_of(c)->separator;
    bool quoted = strstr(text, separator) || strpbrk(text, "\"\r\n");
    lm__text_append(line, separator, strlen(separator));
    if (quoted) lm__text_append(line, "\"", 1);
    for (; *text; text++) lm__text_append(line, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1);
    if (quoted) lm__text_append(line, "\"", 1);
}

static void put_header(const csv_logger *c, lm__text *line)
{
    lm__text_printf(line, "epoch");
    for (int i = 0; i < c->ncolumns; i++) put_cell(c, line, c->column[i]);
    lm__text_append(line, "\n", 1);
}

static void put_row(const csv_logger *c, const lm_moment *moment, lm__text *line)
{
    char number[32];
    lm__text_printf(line, "%d", moment->epoch);
    for (int i = 0; i < c->ncolumns; i++) {
        strcpy(number, "NA");
        for (int k = 0; k < moment->logs->count; k++)
            if (!strcmp(moment->logs->item[k].name, c->column[i]))
                lm__number_text(moment->logs->item[k].value, number);
        lm__text_printf(line, "%s%s", args_of(c)->separator, number);
    }
    lm__text_append(line, "\n", 1);
}

static lm_status epoch_end(lm_callback *self, lm_moment *moment)
{
    csv_logger *c = (csv_logger *)self;
    lm__text line = {0};
    if (!c->ncolumns) choose_columns(c, moment->logs);
    if (!c->headed) put_header(c, &line);
    put_row(c, moment, &line);
    lm_status status = line.bad ? lm__no_memory(line.size) : lm__append_write(&c->file, line.data, line.size);
    c->headed = true;
    lm__free(line.data);
    return status;
}

static lm_status train_end(lm_callback *self, lm_moment *moment)
{
    (void)moment;
    release(self);
    return LM_OK;
}

static lm_status save(const lm_callback *self, lm__keep *keep)
{
    csv_logger *c = (csv_logger *)self;
    json_t *names = json_array();
    if (!names || json_object_set_new(keep->json, "columns", names)) return lm__no_memory(64);
    for (int i = 0; i < c->ncolumns; i++)
        if (json_array_append_new(names, json_string(c->column[i]))) return lm__no_memory(64);
    LM_TRY(lm__append_sync(&c->file));
    return lm__keep_integer(keep->json, "position", (int64_t)c->file.position);
}

static lm_status load(lm_callback *self, const lm__keep *keep, lm_moment *moment)
{
    csv_logger *c = (csv_logger *)self;
    const json_t *names = json_object_get(keep->json, "columns");
    int64_t position;
    (void)moment;
    LM_TRY(lm__kept_integer(keep->json, "position", 0, INT64_MAX, &position));
    if (!json_is_array(names) || json_array_size(names) > COLUMNS) return lm__fail(LM_CORRUPT, "it has no columns");
    for (c->ncolumns = 0; c->ncolumns < (int)json_array_size(names); c->ncolumns++) {
        const char *name = json_string_value(json_array_get(names, (size_t)c->ncolumns));
        if (!name || strlen(name) >= sizeof *c->column) return lm__fail(LM_CORRUPT, "its columns have no names");
        strcpy(c->column[c->ncolumns], name);
    }
    LM_TRY(lm__append_reopen(&c->file, args_of(c)->filename, (uint64_t)position));
    c->open = true, c->headed = position > 0;
    return LM_OK;
}

static lm_status check(const lm__configured *self)
{
    const lm_callback_csv_logger_args *a = self->args;
    if (!a->filename || !*a->filename) return lm__fail(LM_INVALID, "CSVLogger needs .filename, such as \"log.csv\"");
    if (a->separator && *a->separator) return LM_OK;
    return lm__fail(LM_INVALID, "CSVLogger: the separator is empty");
}

static const lm_callback_csv_logger_args defaults = {.size = sizeof defaults, .separator = ","};
static const lm__field fields[] = {
    LM__FIELD(lm_callback_csv_logger_args, filename, LM__FIELD_STRING),
    LM__FIELD(lm_callback_csv_logger_args, separator, LM__FIELD_STRING),
    LM__FIELD(lm_callback_csv_logger_args, append, LM__FIELD_BOOL),
    {0},
};

const lm__callback_class lm__callback_csv_logger = {
    .base = LM__CALLBACK_CLASS("CSVLogger", csv_logger, defaults, fields, .check = check),
    .on = {[LM__TRAIN_BEGIN] = train_begin, [LM__EPOCH_END] = epoch_end, [LM__TRAIN_END] = train_end},
    .save = save,
    .load = load,
    .release = release,
};

lm_callback *lm_callback_csv_logger_new(const lm_callback_csv_logger_args *args)
{
    return lm__callback_new(&lm__callback_csv_logger, args);
}
