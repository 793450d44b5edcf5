/* train/callbacks/json_logger.c: a JSON object a line, as training goes on. */
#include "train/callback.h"

#include "base/alloc.h"
#include "base/append.h"
#include "base/bytes.h"
#include <lamina/callbacks.h>

#include <math.h>

#ifdef LM_HEADER
/* A line of JSON for each epoch, and with `freq` also after every so many batches:
 *
 *     {"epoch": 1, "step": 1875, "seconds": 2.41, "accuracy": 0.95, "loss": 0.16, "val_accuracy": …, "val_loss": …}
 *
 * Epochs count from 1, steps over all epochs; the seconds are those since the epoch began. A number that is not
 * finite is null. `append` goes on in a file that is there. Lamina's own. */
typedef struct lm_callback_json_logger_args {
    size_t size;
    const char *name;
    const char *filename;
    int64_t freq;
    bool append;
} lm_callback_json_logger_args;
lm_callback *lm_callback_json_logger_new(const lm_callback_json_logger_args *args);
#define lm_callback_json_logger(...)                                                                             \
    LM__WITH(lm_callback_json_logger_args, LM__LIST(.name = NULL), lm_callback_json_logger_new(&lm__a), __VA_ARGS__)
#endif

typedef struct json_logger {
    lm_callback base;
    lm__append file;
    bool open;
} json_logger;

static const lm_callback_json_logger_args *args_of(const lm_callback *self) { return self->base.args; }

static void release(lm_callback *self)
{
    json_logger *j = (json_logger *)self;
    if (j->open) lm__append_close(&j->file);
    j->open = false;
}

static lm_status train_begin(lm_callback *self, lm_moment *moment)
{
    json_logger *j = (json_logger *)self;
    release(self);
    if (moment->resumed) return LM_OK;
    LM_TRY(lm__append_open(&j->file, args_of(self)->filename, args_of(self)->append));
    j->open = true;
    return LM_OK;
}

static void put_name(lm__text *line, const char *name)
{
    lm__text_append(line, ", \"", 3);
    for (; *name; name++) {
        if (*name == '"' || *name == '\\') lm__text_append(line, "\\", 1);
        if ((unsigned char)*name < ' ') lm__text_printf(line, "\\u%04x", *name);
        else lm__text_append(line, name, 1);
    }
    lm__text_append(line, "\": ", 3);
}

static lm_status write_line(lm_callback *self, lm_moment *moment)
{
    json_logger *j = (json_logger *)self;
    lm__text line = {0};
    char number[32];
    long long microseconds = llround(1e6 * moment->seconds);    /* not %f, whose point is the locale's */
    lm__text_printf(&line, "{\"epoch\": %d, \"step\": %lld, \"seconds\": %lld.%06lld", moment->epoch + 1,
                    (long long)moment->steps_made, microseconds / 1000000, microseconds % 1000000);
    for (int i = 0; i < moment->logs->count; i++) {
        double value = moment->logs->item[i].value;
        put_name(&line, moment->logs->item[i].name);
        lm__number_text(value, number);
        lm__text_printf(&line, "%s", isfinite(value) ? number : "null");
    }
    lm__text_append(&line, "}\n", 2);
    lm_status status = line.bad ? lm__no_memory(line.size) : lm__append_write(&j->file, line.data, line.size);
    lm__free(line.data);
    return status;
}

static lm_status batch_end(lm_callback *self, lm_moment *moment)
{
    return moment->steps_made % args_of(self)->freq ? LM_OK : write_line(self, moment);
}

static lm_status train_end(lm_callback *self, lm_moment *moment)
{
    (void)moment;
    release(self);
    return LM_OK;
}

static bool wants(const lm_callback *self, lm__hook hook) { return hook != LM__BATCH_END || args_of(self)->freq; }

static lm_status save(const lm_callback *self, lm__keep *keep)
{
    json_logger *j = (json_logger *)self;
    LM_TRY(lm__append_sync(&j->file));
    return lm__keep_integer(keep->json, "position", (int64_t)j->file.position);
}

static lm_status load(lm_callback *self, const lm__keep *keep, lm_moment *moment)
{
    json_logger *j = (json_logger *)self;
    int64_t position;
    (void)moment;
    LM_TRY(lm__kept_integer(keep->json, "position", 0, INT64_MAX, &position));
    LM_TRY(lm__append_reopen(&j->file, args_of(self)->filename, (uint64_t)position));
    j->open = true;
    return LM_OK;
}

static lm_status check(const lm__configured *self)
{
    const lm_callback_json_logger_args *a = self->args;
    if (a->filename && *a->filename) return LM_OK;
    return lm__fail(LM_INVALID, "JSONLogger needs .filename, such as \"log.jsonl\"");
}

static const lm_callback_json_logger_args defaults = {.size = sizeof defaults};
static const lm__field fields[] = {
    LM__FIELD(lm_callback_json_logger_args, filename, LM__FIELD_STRING),
    LM__FIELD(lm_callback_json_logger_args, freq, LM__FIELD_COUNT, .low = 0, .high = 1e18),
    LM__FIELD(lm_callback_json_logger_args, append, LM__FIELD_BOOL),
    {0},
};

const lm__callback_class lm__callback_json_logger = {
    .base = LM__CALLBACK_CLASS("JSONLogger", json_logger, defaults, fields, .check = check),
    .on = {[LM__TRAIN_BEGIN] = train_begin, [LM__BATCH_END] = batch_end, [LM__EPOCH_END] = write_line,
           [LM__TRAIN_END] = train_end},
    .wants = wants,
    .save = save,
    .load = load,
    .release = release,
};

lm_callback *lm_callback_json_logger_new(const lm_callback_json_logger_args *args)
{
    return lm__callback_new(&lm__callback_json_logger, args);
}
