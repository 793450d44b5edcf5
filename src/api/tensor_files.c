/* api/tensor_files.c: arrays from and to files (lamina/tensor.h). */
#include "base/alloc.h"
#include "base/file.h"
#include "base/status.h"
#include "codec/idx.h"
#include "codec/npy.h"
#include "tensor/tensor.h"

#include <string.h>

static lm_tensor *decode(const char *path, const uint8_t *data, size_t size)
{
    bool gzip = size >= 2 && data[0] == 0x1F && data[1] == 0x8B, zeros = size >= 2 && !data[0] && !data[1];
    if (size >= 6 && !memcmp(data, "\x93NUMPY", 6)) return lm__npy_decode(path, data, size);
    if (gzip || zeros) return lm__idx_decode(path, data, size);
    if (size >= 2 && !memcmp(data, "PK", 2))
        lm__fail(LM_UNSUPPORTED, "%s is a ZIP archive, as .npz and .keras files are; expected one array: a .npy file "
                 "(numpy.save writes it) or an IDX file", path);
    else
        lm__fail(LM_CORRUPT, "%s%s; expected a .npy file (numpy.save writes it) or an IDX file, plain or gzip", path,
                 size ? " begins like neither kind of array" : " is empty");
    return lm__object_poison(&lm__tensor_type);
}

lm_tensor *lm_tensor_load(const char *path)
{
    uint8_t *data;
    size_t size;
    if (path && *path) {
        if (lm__file_read(path, LM__NPY_LIMIT, &data, &size)) return lm__object_poison(&lm__tensor_type);
        lm_tensor *t = decode(path, data, size);
        lm__free(data);
        return t;
    }
    lm__fail(LM_INVALID, "lm_tensor_load needs a path");
    return lm__object_poison(&lm__tensor_type);
}

lm_status lm_tensor_save(const lm_tensor *t, const char *path)
{
    LM_TRY(lm__object_check(t, &lm__tensor_type, "lm_tensor_save: tensor"));
    return path && *path ? lm__npy_save(path, t) : lm__fail(LM_INVALID, "lm_tensor_save needs a path");
}
