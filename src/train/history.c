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

/* --- into a state and back ------------------------------------------------------------------------------------ */

static const char values_name[] = "history/values", seconds_name[] = "history/seconds";
static const char steps_name[] = "history/steps";

static lm_status put(lm__run_state *state, const char *name, lm_dtype dtype, int rank, const int64_t *dims,
                     const void *data)
{
    lm_tensor *t = lm_tensor_copy_of(dtype, rank, dims, data);
    lm_status status = lm__run_state_put(state, name, t);
    lm_free(t);
    return status;
}

lm_status lm__history_save(const lm_history *history, lm__run_state *state)
{
    json_t *names = json_array();
    if (!names || json_object_set_new(state->json, "history", names)) return lm__no_memory(64);
    for (int i = 0; i < history->columns; i++)
        if (json_array_append_new(names, json_string(history->name[i]))) return lm__no_memory(64);
    int64_t dims[2] = {history->epochs, COLUMNS};
    if (!history->epochs) return LM_OK;
    LM_TRY(put(state, values_name, LM_F64, 2, dims, history->value));
    LM_TRY(put(state, seconds_name, LM_F64, 1, dims, history->seconds));
    return put(state, steps_name, LM_I64, 1, dims, history->steps);
}

static lm_status load_names(lm_history *history, const json_t *names)
{
    size_t count = json_array_size(names);
    if (!json_is_array(names) || count > COLUMNS) return lm__fail(LM_CORRUPT, "its history is no table");
    for (size_t i = 0; i < count; i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!name || strlen(name) >= sizeof *history->name)
            return lm__fail(LM_CORRUPT, "column %zu of its history has no name", i);
        strcpy(history->name[i], name);
    }
    history->columns = (int)count;
    return LM_OK;
}

static bool is_column(const lm_tensor *t, lm_dtype dtype, int rank, int64_t rows)
{
    return t && t->dtype == dtype && t->rank == rank && t->dims[0] == rows && (rank < 2 || t->dims[1] == COLUMNS);
}

lm_status lm__history_load(lm_history *history, const lm__run_state *state)
{
    const lm_tensor *value = lm__run_state_get(state, values_name), *steps = lm__run_state_get(state, steps_name);
    const lm_tensor *seconds = lm__run_state_get(state, seconds_name);
    LM_TRY(load_names(history, json_object_get(state->json, "history")));
    if (!value) return LM_OK;
    int64_t rows = value->rank ? value->dims[0] : 0;
    if (rows > INT32_MAX || !is_column(value, LM_F64, 2, rows) || !is_column(seconds, LM_F64, 1, rows) ||
        !is_column(steps, LM_I64, 1, rows))
        return lm__fail(LM_CORRUPT, "its history is no table");
    while (history->room < rows) LM_TRY(grow(history));
    memcpy(history->value, value->data, lm_tensor_bytes(value));
    memcpy(history->seconds, seconds->data, lm_tensor_bytes(seconds));
    memcpy(history->steps, steps->data, lm_tensor_bytes(steps));
    history->epochs = (int)rows;
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
