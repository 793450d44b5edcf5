/* api/image.c: pictures (lamina/image.h). */
#include <lamina/image.h>

#include "codec/picture.h"
#include "tensor/tensor.h"

static lm_tensor *refused(const char *function, const char *what)
{
    lm__fail(LM_INVALID, "%s needs %s", function, what);
    return lm__object_poison(&lm__tensor_type);
}

lm_tensor *lm_image_load_saying(const char *path, char *said, size_t said_size)
{
    if (!path || !*path) return refused("lm_image_load", "a path");
    return lm__picture_read(path, &(lm__said){said, said_size});
}

lm_tensor *lm_image_load(const char *path)
{
    return lm_image_load_saying(path, NULL, 0);
}

lm_tensor *lm_image_decode_saying(const char *name, const void *data, size_t size, char *said, size_t said_size)
{
    if (!data) return refused("lm_image_decode", "a file's bytes");
    return lm__picture_decode(name && *name ? name : "the picture", data, size, &(lm__said){said, said_size});
}

lm_tensor *lm_image_decode(const void *data, size_t size)
{
    return lm_image_decode_saying(NULL, data, size, NULL, 0);
}

lm_status lm_image_save(const lm_tensor *image, const char *path)
{
    LM_TRY(lm__picture_check(image, "lm_image_save"));
    return path && *path ? lm__picture_save(image, path) : lm__fail(LM_INVALID, "lm_image_save needs a path");
}
