/* formats/weights.c: datasets and the variables they belong to. */
#include "formats/weights.h"

#include "base/alloc.h"

#include <string.h>

lm_status lm__places_begin(lm__places *places)
{
    *places = (lm__places){.arena = lm__arena_new()};
    return places->arena ? LM_OK : lm__no_memory(0);
}

void lm__places_end(lm__places *places)
{
    if (places->arena) lm__arena_free(places->arena);
    lm__free(places->place);
    *places = (lm__places){0};
}

lm_status lm__places_add(lm__places *places, const char *path, lm_variable *variable)
{
    if (lm__grow(&places->place, places->count, &places->capacity, sizeof *places->place))
        return lm__no_memory(sizeof *places->place);
    const char *copy = lm__arena_strdup(places->arena, path);
    if (!copy) return lm__no_memory(strlen(path) + 1);
    places->place[places->count++] = (lm__place){copy, variable};
    return LM_OK;
}

static lm_status missing(const lm__place *place)
{
    return lm__fail(LM_CORRUPT, "weight %s (%s) is missing", place->variable->name, place->path);
}

static lm_status check(const lm__place *place, const lm__h5 *h5)
{
    lm_dtype dtype;
    int rank;
    int64_t dims[LM_MAX_RANK];
    char got[160], want[160];
    const lm_tensor *value = place->variable->value;
    if (lm__h5_kind_of(h5, place->path) != LM__H5_DATASET) return missing(place);
    LM_TRY(lm__h5_describe(h5, place->path, &dtype, &rank, dims));
    if (rank == value->rank && !memcmp(dims, value->dims, (size_t)rank * sizeof *dims)) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: \"%s\" has shape %s in the file, but %s in the model", place->variable->name,
                    place->path, lm__shape_text(rank, dims, got, sizeof got),
                    lm__shape_text(value->rank, value->dims, want, sizeof want));
}

lm_status lm__places_check(const lm__places *places, const lm__h5 *h5)
{
    for (size_t i = 0; i < places->count; i++) LM_TRY(check(&places->place[i], h5));
    return LM_OK;
}

lm_status lm__places_read(const lm__places *places, const lm__h5 *h5)
{
    for (size_t i = 0; i < places->count; i++) {
        const lm__place *place = &places->place[i];
        if (lm__h5_kind_of(h5, place->path) != LM__H5_DATASET) return missing(place);
        if (lm__h5_read_into(h5, place->path, place->variable->value))
            return lm__fail_in("%s", place->variable->name);
        place->variable->version++;
    }
    return LM_OK;
}

/* --- the optimizer ---------------------------------------------------------------------------------------------- */

lm_status lm__optimizer_list(const lm_optimizer *optimizer, lm_variable ***list, int *count)
{
    *list = NULL;
    *count = optimizer ? lm__optimizer_variables(optimizer, NULL) : 0;
    if (!*count) return LM_OK;
    *list = lm__alloc((size_t)*count * sizeof **list);
    if (!*list) return lm__no_memory((size_t)*count * sizeof **list);
    lm__optimizer_variables(optimizer, *list);
    return LM_OK;
}

lm_status lm__optimizer_put(lm__h5_writer *writer, const char *path, const lm_optimizer *optimizer,
                            const lm_variable *v)
{
    double value = lm_tensor_get(v->value, 0);
    bool plain = v != optimizer->learning_rate || (double)(float)value != value;
    if (plain) return lm__h5_put_tensor(writer, path, v->value);
    lm_tensor *rate = lm_tensor_cast(v->value, LM_F32);
    lm_status status = lm__object_check(rate, &lm__tensor_type, path);
    if (!status) status = lm__h5_put_tensor(writer, path, rate);
    lm_free(rate);
    return status;
}

void lm__optimizer_resume(lm_model *model)
{
    ((int64_t *)model->random->value->data)[1] = *(const int64_t *)model->optimizer->iteration->value->data;
}
