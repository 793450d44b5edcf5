/* train/model.c: a model as an object. */
#include "train/model.h"

#include "base/alloc.h"
#include "nn/seed.h"
#include "train/symbol.h"

#include <math.h>
#include <string.h>

static _Atomic uint64_t next_seed;

void lm_set_seed(uint64_t seed)
{
    atomic_store(&next_seed, seed);
}

static void destroy(void *object)
{
    lm_model *model = object;
    lm__model_drop_compiled(model);
    for (int i = 0; i < model->nlayers; i++) lm_free(model->layer[i]);
    for (int i = 0; i < LM_MAX_INPUTS; i++) lm_free(model->input[i]);
    for (int i = 0; i < model->nnodes; i++) lm__free(model->node[i].in);
    lm__free(model->layer), lm__free(model->node), lm__free(model->filed);
    lm__free(model->name);
    lm__free(model->about.classes);
    lm_free(model->random), lm_free(model->history);
    lm__sketch_release(model->sketch);
    lm__dims_free(model->dims);
    pthread_mutex_destroy(&model->predict_lock);
    pthread_rwlock_destroy(&model->guard);
}

static lm_model poisoned;
const lm__type lm__model_type = {
    .name = "model", .destroy = destroy, .poisoned = &poisoned.object, .bytes = sizeof(lm_model)};
static lm_model poisoned = {.object = LM__POISON(&lm__model_type), .predict_lock = PTHREAD_MUTEX_INITIALIZER,
                            .guard = PTHREAD_RWLOCK_INITIALIZER};

/* Who changes the model comes before new lookers: predictions without a pause would hold a fit up for ever. */
static void make_guard(pthread_rwlock_t *guard)
{
    pthread_rwlockattr_t attr;
    pthread_rwlockattr_init(&attr);
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(guard, &attr);
    pthread_rwlockattr_destroy(&attr);
}

static lm_status begin(lm_model *model, const char *name)
{
    pthread_mutex_init(&model->predict_lock, NULL);
    make_guard(&model->guard);
    model->seed = atomic_load(&next_seed);
    model->about.input.low = model->about.input.high = NAN;
    model->dims = lm__dims_new();
    model->name = lm__strdup(name);
    if (!model->dims || !model->name) return lm__no_memory(sizeof *model);
    model->random = lm__seed_generator("random", model->seed);
    return lm__object_check(model->random, &lm__variable_type, "random state");
}

static lm_status add_all(lm_model *model, size_t count, lm_layer *const *layers)
{
    lm_status status = LM_OK;
    for (size_t i = 0; i < count; i++) {
        if (status == LM_OK) status = lm__model_add(model, layers[i]);
        else lm_free(layers[i]);
    }
    return status;
}

lm_model *lm__model_new(const char *name)
{
    lm_model *model = lm__object_new(&lm__model_type, sizeof *model);
    if (lm_failed(model)) return model;
    return begin(model, name) ? lm__object_fail(model, 1) : model;
}

lm_model *lm_sequential_new(size_t count, lm_layer *const *layers)
{
    if (count && !layers) {
        lm__fail(LM_INVALID, "lm_sequential_new: NULL instead of an array of %zu layers", count);
        return lm__object_poison(&lm__model_type);
    }
    lm_model *model = lm__model_new("sequential");
    if (lm_failed(model)) {
        for (size_t i = 0; i < count; i++) lm_free(layers[i]);
        return model;
    }
    lm_status status = lm__model_add_node(model, (lm__model_node){.layer = -1}, NULL);
    model->ninputs = model->noutputs = status ? 0 : 1;
    if (status == LM_OK) status = add_all(model, count, layers);
    else
        for (size_t i = 0; i < count; i++) lm_free(layers[i]);
    return status == LM_OK ? model : lm__object_fail(model, 1);
}

/* Whether this is a callback that a fit of the model calls. */
static bool called_back(lm_model *model)
{
    pthread_t caller = atomic_load(&model->caller);
    return caller && pthread_equal(caller, pthread_self());
}

lm_status lm__model_enter(lm_model *model)
{
    if (!called_back(model)) return lm__model_enter_alone(model);
    model->nested++;
    return LM_OK;
}

lm_status lm__model_enter_alone(lm_model *model)
{
    int idle = 0;
    if (called_back(model))
        return lm__fail(LM_BUSY, "a callback of lm_fit may not fit, compile, build or change the layers of the model "
                                 "that is being fitted");
    if (atomic_compare_exchange_strong(&model->busy, &idle, 1)) return LM_OK;
    return lm__fail(LM_BUSY, "the model is being used by another thread; wait for its call to return");
}

void lm__model_leave(lm_model *model)
{
    if (called_back(model)) model->nested--;
    else atomic_store(&model->busy, 0);
}

void lm__model_look(const lm_model *model) { pthread_rwlock_rdlock(&((lm_model *)model)->guard); }
void lm__model_looked(const lm_model *model) { pthread_rwlock_unlock(&((lm_model *)model)->guard); }
void lm__model_change(lm_model *model) { pthread_rwlock_wrlock(&model->guard); }
void lm__model_changed(lm_model *model) { pthread_rwlock_unlock(&model->guard); }

void lm_request_stop(lm_model *model)
{
    if (lm__object_is(model, &lm__model_type)) atomic_store(&model->stop, 1);
}
