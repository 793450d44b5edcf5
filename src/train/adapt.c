/* train/adapt.c: layers that learn from data what they keep, before any training. */
#include "train/model.h"

enum { BATCH = 256 };

static lm_status adapt_on(lm_layer *layer, lm_iterator *it)
{
    const lm__layer_class *class = (const lm__layer_class *)layer->base.class;
    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    void *state = NULL;
    lm_status status = LM_OK;
    int count = 0;
    while (!status && (count = lm_iterator_next(it, batch)) > 0) {
        lm__shape shape = lm__shape_of(batch[0]->rank, batch[0]->dims);
        status = lm__layer_build(layer, &shape, 0);
        if (!status) status = class->adapt(layer, batch[0], &state);
    }
    if (count < 0) status = lm__fail_in("reading the data");
    lm_status end = class->adapted(layer, state, !status);
    return status ? status : end;
}

lm_status lm__layer_adapt(lm_layer *layer, lm_dataset *data)
{
    if (!((const lm__layer_class *)layer->base.class)->adapt)
        return lm__fail(LM_INVALID, "%s learns nothing from lm_adapt; Normalization does", layer->base.class->name);
    if (lm_failed(data)) return lm__fail(data ? lm_status_of(data) : LM_INVALID, "%s",
                                         data ? lm_error(data) : "the dataset is NULL");
    if (lm_data_count(data) == LM_ANY)
        return lm__fail(LM_INVALID, "the data have no end; take a part of them with lm_data_take");
    lm_dataset *batches = lm_retain(data);
    if (!lm_data_batch_size(data)) batches = lm_data_batch(batches, BATCH, false);
    lm_iterator *it = lm_data_iterate(batches, 0, 0);
    lm_status status = lm_failed(it) ? lm__fail(lm_status_of(it), "%s", lm_error(it)) : adapt_on(layer, it);
    lm_free(it), lm_free(batches);
    return status;
}
