/* data/digest.c: the fingerprint of a dataset. */
#include <lamina/about.h>

#include "base/sha256.h"
#include "data/dataset.h"

static void feed_kind(lm__sha256 *s, const lm_dataset *ds)
{
    lm__sha256_feed_u64(s, (uint64_t)ds->n);
    for (int i = 0; i < ds->n; i++) {
        const lm__spec *spec = &ds->spec[i];
        int first = ds->batch_size ? 1 : 0;
        lm__sha256_feed_u64(s, (uint64_t)spec->dtype);
        lm__sha256_feed_u64(s, (uint64_t)(spec->rank - first));
        for (int d = first; d < spec->rank; d++) lm__sha256_feed_u64(s, (uint64_t)spec->dims[d]);
    }
}

/* Row by row, so that batches make no difference. */
static void feed_element(lm__sha256 *s, const lm_dataset *ds, int n, lm_tensor *const *element)
{
    int64_t rows = ds->batch_size ? element[0]->dims[0] : 1;
    for (int64_t r = 0; r < rows; r++)
        for (int i = 0; i < n; i++) {
            size_t bytes = lm_tensor_bytes(element[i]) / (size_t)rows;
            lm__sha256_feed(s, (const char *)element[i]->data + bytes * (size_t)r, bytes);
        }
}

lm_status lm_data_digest(lm_dataset *data, char hex[65])
{
    lm__sha256 s;
    lm_tensor *element[LM_DATA_MAX_TENSORS];
    hex[0] = 0;
    LM_TRY(lm__object_check(data, &lm__dataset_type, "data"));
    if (data->count == LM_ANY) return lm__fail(LM_INVALID, "lm_data_digest: the data have no end");
    lm_iterator *it = lm_data_iterate(data, 0, 0);
    lm__sha256_begin(&s);
    feed_kind(&s, data);
    int n = lm_status_of(it) ? -1 : 0;
    while (n >= 0 && (n = lm_iterator_next(it, element)) > 0) feed_element(&s, data, n, element);
    lm_status status = n < 0 ? lm_status_of(it) : LM_OK;
    if (status) lm__fail(status, "%s", lm_error(it));
    else lm__sha256_end(&s, hex);
    lm_free(it);
    return status;
}
