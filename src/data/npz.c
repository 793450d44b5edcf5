/* data/npz.c: arrays of an .npz archive as a dataset. */
#include "codec/npy.h"

#include "base/alloc.h"
#include "data/dataset.h"
#include "data/npz.h"
#include <lamina/sources.h>

#include <string.h>

static lm_status not_there(const char *path, const lm__npz *npz, const char *wanted)
{
    lm__text list = {0};
    for (size_t i = 0; i < lm__npz_count(npz) && i < 20; i++)
        lm__text_printf(&list, "%s%.60s", i ? ", " : "", lm__npz_name(npz, i));
    lm_status status = list.bad ? lm__no_memory(list.size)
                                : lm__fail(LM_NOT_FOUND, "%s has no array %s; it has %s. numpy.savez(FILE, x=…, y=…, "
                                           "x_test=…, y_test=…) writes what fits", path, wanted,
                                           list.data ? list.data : "none");
    lm__free(list.data);
    return status;
}

static lm_status read_arrays(const char *path, const lm__npz *npz, const char *x_name, const char *y_name,
                             lm_dataset **out)
{
    lm_tensor *x = lm__npz_read(npz, x_name), *y = NULL;
    lm_status status = lm_status_of(x);
    if (!status && lm__npz_has(npz, y_name)) {
        y = lm__npz_read(npz, y_name);
        status = lm_status_of(y);
    }
    if (!status) {
        *out = lm_data_from_arrays(x, y);
        status = lm_failed(*out) ? lm__fail_in("%s", path) : LM_OK;
    }
    lm_free(x), lm_free(y);
    return status;
}

static lm_status read_part(const char *path, const lm__npz *npz, const char *part, lm_dataset **out)
{
    if (part && !strcmp(part, "test"))
        return lm__npz_has(npz, "x_test") ? read_arrays(path, npz, "x_test", "y_test", out)
                                          : not_there(path, npz, "x_test");
    if (part && *part && strcmp(part, "train") != 0)
        return lm__fail(LM_INVALID, "lm_data_from_npz: the part \"%.40s\", expected \"train\" or \"test\"", part);
    if (lm__npz_has(npz, "x")) return read_arrays(path, npz, "x", "y", out);
    return lm__npz_has(npz, "x_train") ? read_arrays(path, npz, "x_train", "y_train", out)
                                       : not_there(path, npz, "x");
}

lm_dataset *lm_data_from_npz(const char *path, const char *part)
{
    lm__npz *npz;
    lm_dataset *ds = NULL;
    lm_status status = path && *path ? LM_OK : lm__fail(LM_INVALID, "lm_data_from_npz needs a path");
    if (!status) status = lm__npz_open(path, &npz);
    if (status) return lm__data_poison(NULL);
    status = read_part(path, npz, part, &ds);
    lm__npz_close(npz);
    return status ? lm__data_poison(ds) : ds;
}

lm_status lm__data_open_npz(const char *path, lm_dataset **train, lm_dataset **test)
{
    lm__npz *npz;
    LM_TRY(lm__npz_open(path, &npz));
    lm_status status = read_part(path, npz, NULL, train);
    if (!status && lm__npz_has(npz, "x_test")) status = read_part(path, npz, "test", test);
    if (!status && *test && (*test)->n != (*train)->n)
        status = lm__fail(LM_INVALID, "%s has %s, but not the %s that belongs to it", path,
                          (*train)->n > 1 ? "the targets y and x_test" : "x and the targets y_test",
                          (*train)->n > 1 ? "y_test" : "y");
    lm__npz_close(npz);
    return status;
}
