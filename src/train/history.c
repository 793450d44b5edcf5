/* train/history.c: what fit returns: a table of epochs by names. */
#include "train/model.h"

#include "base/alloc.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = LM_MAX_LOGS, FIRST_ROOM = 1000 };

struct lm_history {
    lm__object object;
    int epochs, room, columns;
    char name[COLUMNS][56];
    double *value;                      /* room rows of COLUMNS */
    double *seconds;
    int64_t *steps;
};

static void destroy(void *object)
{
    lm_history *history = object;
    lm__free(history->value), lm__free(history->seconds), lm__free(history->steps);
}

static lm_history poisoned;
const lm__type lm__history_type = {
    .name = "history", .destroy = destroy, .poisoned = &poisoned.object, .bytes = sizeof(lm_history)};
static lm_history poisoned = {.object = LM__POISON(&lm__history_type)};

const lm_history *lm__history_none(lm_status status)
{
    static lm_history busy = {
        .object = {.type = &lm__history_type, .references = -1, .status = LM_BUSY, .sticky = 1}};
    static lm_history invalid = {
        .object = {.type = &lm__history_type, .references = -1, .status = LM_INVALID, .sticky = 1}};
    return status == LM_BUSY ? &busy : status == LM_NO_MEMORY ? &poisoned : &invalid;
}

lm_history *lm__history_new(int epochs)
{
    if (epochs > FIRST_ROOM) epochs = FIRST_ROOM;
    lm_history *history = lm__object_new(&lm__history_type, sizeof *history);
    if (lm_failed(history)) return history;
    history->room = epochs;
    history->value = lm__calloc((size_t)epochs + 1, COLUMNS * sizeof(double));
    history->seconds = lm__calloc((size_t)epochs + 1, sizeof(double));
    history->steps = lm__calloc((size_t)epochs + 1, sizeof(int64_t));
    if (history->value && history->seconds && history->steps) return history;
    lm__no_memory((size_t)epochs * COLUMNS * sizeof(double));
    return lm__object_fail(history, 1);
}

static int column_of(const lm_history *history, const char *name)
{
    for (int i = 0; i < history->columns; i++)
        if (!strcmp(history->name[i], name)) return i;
    return -1;
}

static lm_status grow(lm_history *history)
{
    size_t rows = 2 * (size_t)history->room + 1;
    double *value = lm__realloc(history->value, lm__mul_size(rows, COLUMNS * sizeof *value));
    if (value) history->value = value;
    double *seconds = lm__realloc(history->seconds, rows * sizeof *seconds);
    if (seconds) history->seconds = seconds;
    int64_t *steps = lm__realloc(history->steps, rows * sizeof *steps);
    if (steps) history->steps = steps;
    if (!value || !seconds || !steps) return lm__no_memory(rows * COLUMNS * sizeof *value);
    history->room = (int)rows;
    return LM_OK;
}

lm_status lm__history_add(lm_history *history, const lm_logs *logs, double seconds, int64_t steps)
{
    if (history->epochs == history->room) LM_TRY(grow(history));
    double *row = history->value + (size_t)history->epochs * COLUMNS;
    for (int i = 0; i < COLUMNS; i++) row[i] = NAN;
    for (int i = 0; i < logs->count; i++) {
        int column = column_of(history, logs->item[i].name);
        if (column < 0 && history->columns < COLUMNS)
            strcpy(history->name[column = history->columns++], logs->item[i].name);
        if (column >= 0) row[column] = logs->item[i].value;
    }
    history->seconds[history->epochs] = seconds;
    history->steps[history->epochs++] = steps;
    return LM_OK;
}

int lm_history_epochs(const lm_history *history)
{
    return lm__object_is(history, &lm__history_type) ? history->epochs : 0;
}
int lm_history_columns(const lm_history *history)
{
    return lm__object_is(history, &lm__history_type) ? history->columns : 0;
}

const char *lm_history_name(const lm_history *history, int column)
{
    return lm__object_is(history, &lm__history_type) && column >= 0 && column < history->columns
               ? history->name[column]
               : "";
}

static int row_of(const lm_history *history, int epoch)
{
    if (!lm__object_is(history, &lm__history_type)) return -1;
    if (epoch < 0) epoch += history->epochs;
    return epoch >= 0 && epoch < history->epochs ? epoch : -1;
}

double lm_history_get(const lm_history *history, const char *name, int epoch)
{
    int row = row_of(history, epoch), column = row >= 0 && name ? column_of(history, name) : -1;
    return row < 0 || column < 0 ? NAN : history->value[(size_t)row * COLUMNS + (size_t)column];
}

double lm_history_seconds(const lm_history *history, int epoch)
{
    int row = row_of(history, epoch);
    return row < 0 ? NAN : history->seconds[row];
}

int64_t lm_history_steps(const lm_history *history, int epoch)
{
    int row = row_of(history, epoch);
    return row < 0 ? 0 : history->steps[row];
}
