/* train/callbacks/model_checkpoint.c: the model as a file, after epochs or batches, always or when it is the best. */
#include "train/fit.h"
#include "train/monitor.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include <lamina/callbacks.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef LM_HEADER
/* ModelCheckpoint: saves the model after each epoch (save_freq 0) or every save_freq batches, with save_best_only
 * when `monitor` is better than ever before (better than initial_value_threshold at first; NaN: none). filepath may
 * hold {epoch}, {batch} (both from 1) and results with Python's formats: "run/{epoch:02d}-{val_loss:.2f}.keras". It
 * ends in .keras or .h5; with save_weights_only in .weights.h5. Each file is written whole or not at all. */
typedef struct lm_callback_model_checkpoint_args {
    size_t size;
    const char *name;
    const char *filepath, *monitor, *mode;
    bool save_best_only, save_weights_only;
    int64_t save_freq;
    double initial_value_threshold;
    int64_t verbose;
} lm_callback_model_checkpoint_args;
lm_callback *lm_callback_model_checkpoint_new(const lm_callback_model_checkpoint_args *args);
#define lm_callback_model_checkpoint(...)                                                                        \
    LM__WITH(lm_callback_model_checkpoint_args,                                                                  \
             LM__LIST(.monitor = "val_loss", .mode = "auto", .initial_value_threshold = LM_NONE),                \
             lm_callback_model_checkpoint_new(&lm__a), __VA_ARGS__)
#endif

typedef struct checkpoint {
    lm_callback base;
    lm__monitor monitor;
} checkpoint;

static const lm_callback_model_checkpoint_args *args_of(const lm_callback *self) { return self->base.args; }

/* --- names of files ------------------------------------------------------------------------------------------- */

/* One placeholder, "name:spec": a number of digits with or without a leading 0, a precision, d, e, f or g. */
typedef struct placeholder {
    char name[64];
    bool zeros;
    int width, precision;               /* -1: none given */
    char letter;                        /* 0: none given  */
} placeholder;

static lm_status bad_path(const char *path, const char *why)
{
    return lm__fail(LM_INVALID, "ModelCheckpoint: filepath \"%s\" %s", path, why);
}

/* A count of at most two digits, or -1. */
static int digits(const char **at)
{
    int n = -1;
    while (**at >= '0' && **at <= '9' && n < 10) n = (n < 0 ? 0 : 10 * n) + *(*at)++ - '0';
    return n;
}

/* *at stands behind the '{', and is moved behind the '}'. */
static lm_status read_placeholder(const char *path, const char **at, placeholder *p)
{
    size_t n = strcspn(*at, ":{}");
    *p = (placeholder){.width = -1, .precision = -1};
    if (!n || n >= sizeof p->name || (*at)[n] == '{' || !(*at)[n])
        return bad_path(path, "has a '{' without a name and a '}' behind it; a brace itself is written {{");
    memcpy(p->name, *at, n);
    *at += n;
    if (**at == ':') {
        ++*at;
        p->zeros = **at == '0';
        p->width = digits(at);
        if (**at == '.') ++*at, p->precision = digits(at);
        if (**at && strchr("defg", **at)) p->letter = *(*at)++;
    }
    if (**at != '}') return bad_path(path, "has a format that is none of those such as {epoch:02d} or {loss:.4f}");
    ++*at;
    return LM_OK;
}

static void put_number(lm__text *out, const placeholder *p, double value, bool whole)
{
    char text[400], plain[32];
    int width = p->width > 0 ? p->width : 0, precision = p->precision < 0 ? 6 : p->precision;
    lm__number_text(value, plain);
    if (whole && (!p->letter || p->letter == 'd'))
        snprintf(text, sizeof text, p->zeros ? "%0*lld" : "%*lld", width, (long long)value);
    else if (!p->letter && p->precision < 0) snprintf(text, sizeof text, "%*s", width, plain);
    else if (p->letter == 'f') snprintf(text, sizeof text, p->zeros ? "%0*.*f" : "%*.*f", width, precision, value);
    else if (p->letter == 'e') snprintf(text, sizeof text, p->zeros ? "%0*.*e" : "%*.*e", width, precision, value);
    else snprintf(text, sizeof text, p->zeros ? "%0*.*g" : "%*.*g", width, precision, value);
    lm__plain_point(text);
    lm__text_append(out, text, strlen(text));
}

static lm_status no_such(const char *path, const char *name, const lm_logs *logs)
{
    char list[400];
    size_t n = (size_t)snprintf(list, sizeof list, "epoch");
    for (int i = 0; logs && i < logs->count && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, ", %s", logs->item[i].name);
    return lm__fail(LM_INVALID, "filepath \"%s\": there is no {%s} at this moment; there are %s", path, name, list);
}

static lm_status put_placeholder(lm__text *out, const char *path, const placeholder *p, const lm_moment *moment,
                                 bool batch)
{
    if (!strcmp(p->name, "epoch")) {
        put_number(out, p, moment->epoch + 1, true);
        return LM_OK;
    }
    if (batch && !strcmp(p->name, "batch")) {
        put_number(out, p, (double)moment->step, true);
        return LM_OK;
    }
    for (int i = 0; moment->logs && i < moment->logs->count; i++)
        if (!strcmp(moment->logs->item[i].name, p->name)) {
            if (p->letter == 'd') return bad_path(path, "has {…:d} for a number that is not whole; use f");
            put_number(out, p, moment->logs->item[i].value, false);
            return LM_OK;
        }
    return no_such(path, p->name, moment->logs);
}

/* The name for this moment. moment NULL: only whether all of it can be read. */
static lm_status name_file(const char *path, const lm_moment *moment, bool batch, lm__text *out)
{
    for (const char *at = path; *at;) {
        size_t n = strcspn(at, "{}");
        if (moment) lm__text_append(out, at, n);
        at += n;
        if (!*at) break;
        if (at[0] == at[1]) {
            if (moment) lm__text_append(out, at, 1);
            at += 2;
            continue;
        }
        placeholder p;
        if (*at++ == '}') return bad_path(path, "has a '}' without a '{'; a brace itself is written }}");
        LM_TRY(read_placeholder(path, &at, &p));
        if (moment) LM_TRY(put_placeholder(out, path, &p, moment, batch));
    }
    if (moment) lm__text_append(out, "", 0);
    return out && out->bad ? lm__no_memory(out->size) : LM_OK;
}

/* --- saving --------------------------------------------------------------------------------------------------- */

static lm_status write_model(const lm_callback *self, lm_moment *moment, const char *path)
{
    const lm__checkpoint_format *format = ((lm__fit *)moment)->format;
    LM_TRY(lm__make_folder_of(path));
    return args_of(self)->save_weights_only ? format->save_weights(moment->model, path)
                                            : format->save(moment->model, path);
}

/* Whether this epoch is to be saved; with save_best_only it becomes the best. */
static lm_status should_save(checkpoint *c, lm_moment *moment, const char *path, bool *yes)
{
    const lm_callback_model_checkpoint_args *a = args_of(&c->base);
    double value = 0;
    *yes = true;
    if (a->save_best_only) {
        char before[32] = "None";
        if (c->monitor.any) snprintf(before, sizeof before, "%.5f", c->monitor.best);
        LM_TRY(lm__monitor_value(&c->monitor, moment, &value, yes));
        if (!*yes) return LM_OK;
        *yes = lm__monitor_improves(&c->monitor, moment, value);
        if (*yes) lm__monitor_set(&c->monitor, value);
        if (a->verbose > 0 && *yes)
            lm__tell("Epoch %d: %s improved from %s to %.5f, saving model to %s", moment->epoch + 1, a->monitor,
                     before, value, path);
        else if (a->verbose > 0)
            lm__tell("Epoch %d: %s did not improve from %s", moment->epoch + 1, a->monitor, before);
    } else if (a->verbose > 0) {
        lm__tell("Epoch %d: saving model to %s", moment->epoch + 1, path);
    }
    return LM_OK;
}

static lm_status save_now(lm_callback *self, lm_moment *moment, bool batch)
{
    lm__text path = {0};
    bool yes;
    lm_status status = name_file(args_of(self)->filepath, moment, batch, &path);
    if (!status) status = should_save((checkpoint *)self, moment, path.data, &yes);
    if (!status && yes) status = write_model(self, moment, path.data);
    lm__free(path.data);
    return status;
}

static lm_status train_begin(lm_callback *self, lm_moment *moment)
{
    checkpoint *c = (checkpoint *)self;
    const lm_callback_model_checkpoint_args *a = args_of(self);
    (void)moment;
    c->monitor = (lm__monitor){.name = a->monitor, .mode = a->mode};
    if (!isnan(a->initial_value_threshold)) lm__monitor_set(&c->monitor, a->initial_value_threshold);
    return LM_OK;
}

static lm_status batch_end(lm_callback *self, lm_moment *moment)
{
    return moment->steps_made % args_of(self)->save_freq ? LM_OK : save_now(self, moment, true);
}

static lm_status epoch_end(lm_callback *self, lm_moment *moment) { return save_now(self, moment, false); }

static bool wants(const lm_callback *self, lm__hook hook)
{
    bool batches = args_of(self)->save_freq > 0;
    return hook == LM__TRAIN_BEGIN || (hook == LM__BATCH_END) == batches;
}

static lm_status save(const lm_callback *self, lm__keep *keep)
{
    return lm__monitor_save(&((const checkpoint *)self)->monitor, keep);
}

static lm_status load(lm_callback *self, const lm__keep *keep, lm_moment *moment)
{
    (void)moment;
    return lm__monitor_load(&((checkpoint *)self)->monitor, keep);
}

static bool ends(const char *text, const char *ending)
{
    size_t n = strlen(text), m = strlen(ending);
    return n >= m && !strcmp(text + n - m, ending);
}

static lm_status check(const lm__configured *self)
{
    const lm_callback_model_checkpoint_args *a = self->args;
    if (!a->filepath || !*a->filepath)
        return lm__fail(LM_INVALID, "ModelCheckpoint needs .filepath, such as \"best.keras\"");
    if (a->save_best_only && a->save_freq && a->monitor && !strncmp(a->monitor, "val_", 4))
        return lm__fail(LM_INVALID, "ModelCheckpoint: \"%s\" is known at the end of an epoch only; leave save_freq "
                                    "out, or give .monitor = \"%s\"", a->monitor, a->monitor + 4);
    if (a->save_weights_only && !ends(a->filepath, ".weights.h5"))
        return bad_path(a->filepath, "must end in .weights.h5, as save_weights_only is given");
    if (!a->save_weights_only && !ends(a->filepath, ".keras") && !ends(a->filepath, ".h5"))
        return bad_path(a->filepath, "must end in .keras (or .h5)");
    return name_file(a->filepath, NULL, false, NULL);
}

static const lm_callback_model_checkpoint_args defaults = {
    .size = sizeof defaults, .monitor = "val_loss", .mode = "auto", .initial_value_threshold = LM_NONE};
static const lm__field fields[] = {
    LM__FIELD(lm_callback_model_checkpoint_args, filepath, LM__FIELD_STRING),
    LM__MONITOR_FIELD_ROWS(lm_callback_model_checkpoint_args),
    LM__FIELD(lm_callback_model_checkpoint_args, save_best_only, LM__FIELD_BOOL),
    LM__FIELD(lm_callback_model_checkpoint_args, save_weights_only, LM__FIELD_BOOL),
    LM__FIELD(lm_callback_model_checkpoint_args, save_freq, LM__FIELD_COUNT, .low = 0, .high = 1e18),
    LM__FIELD(lm_callback_model_checkpoint_args, initial_value_threshold, LM__FIELD_FLOAT, .low = -HUGE_VAL,
              .high = HUGE_VAL),
    LM__FIELD(lm_callback_model_checkpoint_args, verbose, LM__FIELD_COUNT, .low = 0, .high = 1),
    {0},
};

const lm__callback_class lm__callback_model_checkpoint = {
    .base = LM__CALLBACK_CLASS("ModelCheckpoint", checkpoint, defaults, fields, .check = check),
    .on = {[LM__TRAIN_BEGIN] = train_begin, [LM__BATCH_END] = batch_end, [LM__EPOCH_END] = epoch_end},
    .wants = wants,
    .save = save,
    .load = load,
};

lm_callback *lm_callback_model_checkpoint_new(const lm_callback_model_checkpoint_args *args)
{
    return lm__callback_new(&lm__callback_model_checkpoint, args);
}
