/* data/idx.c: a pair of IDX files. */
#include "codec/idx.h"

#include "data/dataset.h"
#include "data/idx.h"

/* Pictures without a channel axis get one. */
static lm_tensor *with_channels(lm_tensor *t)
{
    if (lm_failed(t) || t->rank != 3) return t;
    lm_tensor *shaped = lm_tensor_reshape_to(t, t->dims[0], t->dims[1], t->dims[2], 1);
    lm_free(t);
    return shaped;
}

static lm_status check(const lm_tensor *x, const lm_tensor *y, const char *images, const char *labels)
{
    LM_TRY(lm__object_check(x, &lm__tensor_type, images));
    if (!y) return LM_OK;
    LM_TRY(lm__object_check(y, &lm__tensor_type, labels));
    if (y->rank != 1) return lm__fail(LM_INVALID, "%s: labels have 1 dimension, this file has %d", labels, y->rank);
    if (x->dims[0] == y->dims[0]) return LM_OK;
    return lm__fail(LM_INVALID, "'%s' holds %lld images, but '%s' %lld labels: they do not belong together", images,
                    (long long)x->dims[0], labels, (long long)y->dims[0]);
}

lm_status lm__data_read_idx(const char *images, const char *labels, lm_tensor **x, lm_tensor **y)
{
    *x = with_channels(lm__idx_read(images));
    *y = labels && !lm_failed(*x) ? lm__idx_read(labels) : NULL;
    lm_status status = check(*x, *y, images, labels);
    if (!status) return LM_OK;
    lm_free(*x), lm_free(*y);
    *x = *y = NULL;
    return status;
}

lm_dataset *lm_data_from_idx(const char *images, const char *labels)
{
    lm_tensor *x, *y;
    lm_status status = images ? LM_OK : lm__fail(LM_INVALID, "lm_data_from_idx: the path of the images is NULL");
    if (!status) status = lm__data_read_idx(images, labels, &x, &y);
    if (status) return lm__object_poison(&lm__dataset_type);
    lm_dataset *ds = lm_data_from_arrays(x, y);
    lm_free(x), lm_free(y);
    return ds;
}
