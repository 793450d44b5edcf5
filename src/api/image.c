/* api/image.c: pictures (lamina/image.h). */
#include <lamina/image.h>

#include "data/picture.h"
#include "train/image.h"

static lm_tensor *refused(const char *function, const char *what)
{
    lm__fail(LM_INVALID, "%s needs %s", function, what);
    return lm__object_poison(&lm__tensor_type);
}

/* Nothing is said yet, whatever fails first. */
static void clear(char *said, size_t size)
{
    if (said && size) said[0] = 0;
}

lm_tensor *lm_image_load_saying(const char *path, char *said, size_t said_size)
{
    clear(said, said_size);
    if (!path || !*path) return refused("lm_image_load", "a path");
    return lm__picture_read(path, &(lm__said){said, said_size});
}

lm_tensor *lm_image_load(const char *path)
{
    return lm_image_load_saying(path, NULL, 0);
}

lm_tensor *lm_image_decode_saying(const char *name, const void *data, size_t size, char *said, size_t said_size)
{
    clear(said, said_size);
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

/* A poisoned tensor where the picture is none; NULL where it is good. */
static lm_tensor *bad_picture(const lm_tensor *image, const char *function)
{
    return lm__picture_check(image, function) ? lm__object_poison(&lm__tensor_type) : NULL;
}

lm_tensor *lm_image_resize(const lm_tensor *image, int64_t height, int64_t width)
{
    lm_tensor *bad = bad_picture(image, "lm_image_resize");
    return bad ? bad : lm__picture_resize(image, height, width);
}

lm_tensor *lm_image_grey(lm_tensor *image)
{
    lm_tensor *bad = bad_picture(image, "lm_image_grey");
    return bad ? bad : lm__picture_channels(image, 1);
}

lm_tensor *lm_image_rgb(lm_tensor *image)
{
    lm_tensor *bad = bad_picture(image, "lm_image_rgb");
    return bad ? bad : lm__picture_channels(image, 3);
}

lm_tensor *lm_image_prepare(const lm_model *model, const lm_tensor *image, char *said, size_t said_size)
{
    clear(said, said_size);
    lm_tensor *bad = bad_picture(image, "lm_image_prepare");
    if (bad) return bad;
    if (lm__object_check(model, &lm__model_type, "lm_image_prepare: model"))
        return lm__object_poison(&lm__tensor_type);
    return lm__image_prepare(model, image, &(lm__said){said, said_size});
}
