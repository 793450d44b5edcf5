/* formats/checkpoint.c: a run as a .keras file with two members more: lamina/state.json and lamina/state.h5, whose
 * datasets are the state's tensors. Keras reads over both. */
#include "formats/checkpoint.h"

#include "base/alloc.h"
#include "formats/files.h"
#include "formats/h5.h"
#include "formats/keras.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char json_member[] = "lamina/state.json", h5_member[] = "lamina/state.h5";

static lm_status put(void *user, lm__zip_writer *zip)
{
    const lm__run_state *state = user;
    lm__h5_writer *h5 = NULL;
    LM_TRY(lm__keras_add_json(zip, json_member, json_incref(state->json)));
    lm_status status = lm__h5_create(&h5);
    for (size_t i = 0; !status && i < state->count; i++)
        status = lm__h5_put_tensor(h5, state->item[i].name, state->item[i].tensor);
    if (!status) status = lm__keras_add_h5(zip, h5_member, h5);
    lm__h5_discard(h5);
    return status;
}

/* A state being read. `room`: bytes that its tensors may still take, for datasets of a forged file may share
 * theirs. */
typedef struct reading {
    const lm__h5 *h5;
    lm__run_state *state;
    size_t room;
} reading;

/* A file's numbers may be of a shorter type than ours: 16 bits that become 32. */
enum { WIDER = 2 };

static lm_status get_tensor(reading *r, const char *path)
{
    lm_dtype dtype;
    int rank;
    int64_t dims[LM_MAX_RANK];
    size_t bytes;
    LM_TRY(lm__h5_describe(r->h5, path, &dtype, &rank, dims));
    LM_TRY(lm__shape_size(rank, dims, &bytes));
    bytes = lm__mul_size(bytes, lm_dtype_size(dtype));
    if (bytes > r->room) return lm__fail(LM_CORRUPT, "%s has datasets that overlap", h5_member);
    r->room -= bytes;
    lm_tensor *tensor = lm__h5_read(r->h5, path);
    lm_status status = lm__run_state_put(r->state, path, tensor);
    lm_free(tensor);
    return status;
}

/* Every dataset under a group, by its path. */
static lm_status get_group(reading *r, const char *path, int depth)
{
    const char *const *names;
    size_t count;
    LM_TRY(lm__h5_list(r->h5, path, &names, &count));
    for (size_t i = 0; i < count; i++) {
        char full[256];
        int n = snprintf(full, sizeof full, "%s%s%s", path, *path ? "/" : "", names[i]);
        if (n >= (int)sizeof full || depth == 8) return lm__fail(LM_CORRUPT, "%s has too deep a tree", h5_member);
        bool group = lm__h5_kind_of(r->h5, full) == LM__H5_GROUP;
        LM_TRY(group ? get_group(r, full, depth + 1) : get_tensor(r, full));
    }
    return LM_OK;
}

static lm_status get(void *user, lm_model *model, const lm__zip *zip)
{
    lm__run_state *state = user;
    lm__zip_data data = {0};
    lm__h5 *h5 = NULL;
    size_t member;
    (void)model;
    if (!lm__zip_has(zip, json_member))
        return lm__fail(LM_INVALID, "it is a model, but no backup of a run: it has no member \"%s\"", json_member);
    LM_TRY(lm__keras_read_json(zip, json_member, &state->json));
    LM_TRY(lm__zip_find(zip, h5_member, &member));
    LM_TRY(lm__zip_read(zip, member, &data));
    lm_status status = lm__h5_open(h5_member, data.bytes, data.size, &h5);
    if (!status) status = get_group(&(reading){h5, state, WIDER * data.size}, "", 0);
    lm__h5_close(h5);
    lm__zip_release(&data);
    return status;
}

static lm_status write_run(const lm_model *model, const lm__run_state *state, const char *path)
{
    lm__keras_members more = {.put = put, .user = (void *)state};
    return lm__keras_save(model, path, &more);
}

static lm_status read_run(const char *path, lm_model **out, lm__run_state *state)
{
    lm__keras_members more = {.get = get, .user = state};
    lm_model *model = lm__keras_load(path, true, &more);
    lm_status status = lm_status_of(model);
    *out = status ? NULL : model;
    if (status) lm_free(model);
    return status;
}

const lm__checkpoint_format lm__checkpoints = {
    .save = lm__model_save, .save_weights = lm__weights_save, .write = write_run, .read = read_run};
