/* train/backup.c: a run into a file and back, so that it goes on at the very next batch. */
#include "train/fit.h"

#include "base/alloc.h"
#include "base/file.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { VERSION = 1 };

/* --- the data: what they must have in common ------------------------------------------------------------------ */

static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
    const uint8_t *at = data;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ at[i]) * 0x100000001B3u;
    return hash;
}

/* A hash of a batch: types, sizes and numbers. */
static uint64_t hash_of(lm_tensor *const *batch, int count)
{
    uint64_t hash = 0xCBF29CE484222325u;
    for (int i = 0; i < count; i++) {
        hash = mix(hash, &batch[i]->dtype, sizeof batch[i]->dtype);
        hash = mix(hash, batch[i]->dims, (size_t)batch[i]->rank * sizeof *batch[i]->dims);
        hash = mix(hash, batch[i]->data, lm_tensor_bytes(batch[i]));
    }
    return hash;
}

/* Looks at the first batch of all, which depends on data, batch size and seed. To go on, the step is made for it. */
static lm_status look_at_data(lm__fit *f, bool make_step)
{
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(f->train, 0, 0);
    int count = lm_iterator_next(it, batch);
    lm_status status = count < 0 ? lm__fail_in("reading the first batch") : LM_OK;
    if (count > 0) f->fingerprint = hash_of(batch, count);
    if (count > 0 && count <= 3 && make_step) {
        status = lm__fit_weigh(f, batch, &count);
        if (!status) status = lm__fit_step(f, batch, count);
    }
    lm_free(it);
    return status;
}

/* --- writing -------------------------------------------------------------------------------------------------- */

static lm_status put_place(lm__fit *f, lm__run_state *state, int epoch, int64_t step)
{
    char hash[32];
    bool done = f->model->enough;
    snprintf(hash, sizeof hash, "%016" PRIx64, f->fingerprint);
    LM_TRY(lm__keep_integer(state->json, "version", VERSION));
    LM_TRY(lm__keep_integer(state->json, "epoch", epoch));
    LM_TRY(lm__keep_integer(state->json, "step", step));
    LM_TRY(lm__keep_integer(state->json, "steps", f->moment.steps));
    LM_TRY(lm__keep_integer(state->json, "steps_made", f->moment.steps_made));
    LM_TRY(lm__keep_integer(state->json, "seed", (int64_t)f->seed));
    LM_TRY(lm__keep_number(state->json, "seconds", step ? f->moment.seconds : 0));
    if (json_object_set_new(state->json, "done", json_boolean(done)) ||
        json_object_set_new(state->json, "data", json_string(hash)))
        return lm__no_memory(64);
    return LM_OK;
}

static lm_status fill(lm__fit *f, lm__run_state *state, int epoch, int64_t step)
{
    LM_TRY(put_place(f, state, epoch, step));
    LM_TRY(lm__run_state_put(state, "random", f->model->random->value));
    if (step) LM_TRY(lm__model_keep_metrics(f->model, state));
    LM_TRY(lm__history_save(f->model->history, state));
    return lm__callbacks_save(&f->callbacks, state);
}

lm_status lm__backup_write(lm__fit *f, const char *path, int epoch, int64_t step)
{
    lm__run_state state;
    LM_TRY(lm__run_state_new(&state));
    lm_status status = fill(f, &state, epoch, step);
    if (!status) status = lm__make_folder_of(path);
    if (!status) status = f->format->write(f->model, &state, path);
    lm__run_state_free(&state);
    return status;
}

/* --- reading -------------------------------------------------------------------------------------------------- */

static lm_status get_place(lm__fit *f, const json_t *json)
{
    int64_t version, epoch, seed;
    LM_TRY(lm__kept_integer(json, "version", INT64_MIN, INT64_MAX, &version));
    if (version != VERSION)
        return lm__fail(LM_UNSUPPORTED, "its state is of version %lld; this Lamina reads %d", (long long)version,
                        VERSION);
    LM_TRY(lm__kept_integer(json, "epoch", 0, INT32_MAX, &epoch));
    LM_TRY(lm__kept_integer(json, "step", 0, INT64_MAX, &f->first_step));
    LM_TRY(lm__kept_integer(json, "steps_made", 0, INT64_MAX, &f->moment.steps_made));
    LM_TRY(lm__kept_integer(json, "seed", INT64_MIN, INT64_MAX, &seed));
    LM_TRY(lm__kept_number(json, "seconds", &f->seconds_before));
    f->first_epoch = f->moment.epoch = (int)epoch, f->seed = (uint64_t)seed;
    f->moment.resumed = true;
    return LM_OK;
}

lm_status lm__backup_open(lm__fit *f, lm__backup *backup)
{
    backup->path = lm__callbacks_backup(&f->callbacks);
    if (!backup->path || !lm__file_exists(backup->path)) return LM_OK;
    lm_status status = f->format->read(backup->path, &backup->model, &backup->state);
    if (!status) status = get_place(f, backup->state.json);
    if (status) return lm__fail_in("backup %s (remove it to begin anew)", backup->path);
    return LM_OK;
}

void lm__backup_close(lm__backup *backup)
{
    lm_free(backup->model);
    lm__run_state_free(&backup->state);
}

static lm_status same_layer(const lm_layer *here, const lm_layer *there, int i)
{
    json_t *one = lm__configured_config(&here->base), *other = lm__configured_config(&there->base);
    bool same = here->base.class == there->base.class && one && other && json_equal(one, other);
    bool memory = one && other;
    json_decref(one), json_decref(other);
    if (!memory) return LM_NO_MEMORY;
    if (same) return LM_OK;
    return lm__fail(LM_INVALID, "it is of another model: layer %d is %s (%s) there, and %s (%s) here", i,
                    there->base.name, there->base.class->name, here->base.name, here->base.class->name);
}

/* An optimizer or a loss: of the same class, with the same arguments. The learning rate is part of the state. */
static lm_status same_part(const char *what, const lm__configured *here, const lm__configured *there)
{
    if (here->class != there->class)
        return lm__fail(LM_INVALID, "its %s is %s, and here it is %s", what, there->class->name, here->class->name);
    json_t *one = lm__configured_config(here), *other = lm__configured_config(there);
    lm_status status = one && other ? LM_OK : LM_NO_MEMORY;
    const char *key;
    json_t *value;
    json_object_del(one, "learning_rate"), json_object_del(one, "name");
    if (!status) json_object_foreach(one, key, value)
        if (!status && !json_equal(value, json_object_get(other, key)))
            status = lm__fail(LM_INVALID, "its %s, %s, has another %s than here", what, here->class->name, key);
    json_decref(one), json_decref(other);
    return status;
}

static lm_status same_model(const lm_model *here, const lm_model *there)
{
    if (here->nlayers != there->nlayers)
        return lm__fail(LM_INVALID, "it is of another model: that one has %d layers, this one %d", there->nlayers,
                        here->nlayers);
    for (int i = 0; i < here->nlayers; i++) LM_TRY(same_layer(here->layer[i], there->layer[i], i));
    if (!there->compiled || !there->optimizer->iteration)
        return lm__fail(LM_INVALID, "it has no state of an optimizer");
    LM_TRY(same_part("optimizer", &here->optimizer->base, &there->optimizer->base));
    return same_part("loss", &here->loss->base, &there->loss->base);
}

static lm_status same_data(const lm__fit *f, const json_t *json)
{
    int64_t steps;
    char hash[32];
    const char *there = json_string_value(json_object_get(json, "data"));
    LM_TRY(lm__kept_integer(json, "steps", 1, INT64_MAX, &steps));
    if (steps != f->moment.steps)
        return lm__fail(LM_INVALID, "its epochs have %lld steps, and here they have %lld: the data or the batch size "
                                    "are others", (long long)steps, (long long)f->moment.steps);
    if (f->first_step > steps) return lm__fail(LM_CORRUPT, "it stands behind the end of an epoch");
    snprintf(hash, sizeof hash, "%016" PRIx64, f->fingerprint);
    if (there && !strcmp(there, hash)) return LM_OK;
    return lm__fail(LM_INVALID, "it is of other data: the first batch differs");
}

static lm_status copy(lm_variable *to, const lm_variable *from)
{
    if (to->value->dtype == from->value->dtype) return lm_variable_set(to, from->value);
    return lm__fail(LM_INVALID, "it is of another model: %s is %s there, and %s here", to->name,
                    lm_dtype_name(from->value->dtype), lm_dtype_name(to->value->dtype));
}

static lm_status copy_optimizer(const lm_optimizer *to, const lm_optimizer *from)
{
    int count = lm__optimizer_variables(to, NULL);
    if (count != lm__optimizer_variables(from, NULL))
        return lm__fail(LM_INVALID, "its optimizer's state has %d parts, and here it has %d",
                        lm__optimizer_variables(from, NULL), count);
    lm_variable **list = lm__alloc(2 * (size_t)count * sizeof *list);
    if (!list) return lm__no_memory(2 * (size_t)count * sizeof *list);
    lm__optimizer_variables(to, list);
    lm__optimizer_variables(from, list + count);
    lm_status status = LM_OK;
    for (int i = 0; !status && i < count; i++) status = copy(list[i], list[count + i]);
    lm__free(list);
    return status;
}

static lm_status take_over(lm__fit *f, const lm__backup *backup)
{
    lm_model *model = f->model;
    int count = lm__model_weight_count(model);
    if (count != lm__model_weight_count(backup->model))
        return lm__fail(LM_INVALID, "it is of another model: the numbers of weights differ");
    for (int i = 0; i < count; i++) LM_TRY(copy(lm__model_weight(model, i), lm__model_weight(backup->model, i)));
    LM_TRY(copy_optimizer(model->optimizer, backup->model->optimizer));
    LM_TRY(lm__model_set_rate(model, lm__model_rate(backup->model)));
    LM_TRY(lm__run_state_copy(&backup->state, "random", model->random->value));
    model->random->version++;
    model->seed = f->seed;
    if (!model->about.input_set) model->about.input = backup->model->about.input;
    LM_TRY(lm__history_load(model->history, &backup->state));
    return f->first_step ? lm__model_restore_metrics(model, &backup->state) : LM_OK;
}

static lm_status apply(lm__fit *f, const lm__backup *backup)
{
    LM_TRY(look_at_data(f, false));
    LM_TRY(same_data(f, backup->state.json));
    LM_TRY(look_at_data(f, true));
    LM_TRY(same_model(f->model, backup->model));
    const lm__about *about = &backup->model->about;
    if (!f->model->about.classes_set && about->nclasses)
        LM_TRY(lm__model_set_classes(f->model, about->nclasses, (const char *const *)about->classes));
    lm__model_change(f->model);
    lm_status status = take_over(f, backup);
    lm__model_changed(f->model);
    f->model->enough = json_is_true(json_object_get(backup->state.json, "done"));
    return status;
}

lm_status lm__backup_apply(lm__fit *f, const lm__backup *backup)
{
    if (!backup->path) return LM_OK;
    if (!backup->model) return look_at_data(f, false);
    if (apply(f, backup)) return lm__fail_in("backup %s (remove it to begin anew)", backup->path);
    if (f->verbose)
        lm__tell("Going on from %s: epoch %d, step %lld of %lld", backup->path, f->first_epoch + 1,
                 (long long)f->first_step, (long long)f->moment.steps);
    return LM_OK;
}
