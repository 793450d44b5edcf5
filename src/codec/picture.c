/* codec/picture.c: which kind of picture a file is, and files of pictures. */
#include "codec/picture.h"

#include "base/alloc.h"
#include "base/file.h"
#include "tensor/tensor.h"

#include <stdio.h>
#include <string.h>

/* --- kinds ------------------------------------------------------------------------------------------------------ */

typedef struct signature {
    size_t at, bytes;
    const char *magic, *name, *program;
} signature;

static const signature PNG = {0, 8, "\x89PNG\r\n\x1a\n", "PNG", NULL};
static const signature JPEG = {0, 3, "\xFF\xD8\xFF", "JPEG", NULL};

/* Formats that are not read, and what makes a PNG of them. */
static const signature OTHERS[] = {
    {0, 4, "GIF8", "a GIF picture", "convert 'FILE[0]' OUT.png"},
    {8, 4, "WEBP", "a WebP picture", "dwebp FILE -o OUT.png"},
    {0, 2, "BM", "a BMP picture", "convert FILE OUT.png"},
    {0, 4, "II*\0", "a TIFF picture", "convert FILE OUT.png"},
    {0, 4, "MM\0*", "a TIFF picture", "convert FILE OUT.png"},
    {4, 8, "ftypavif", "an AVIF picture", "heif-convert FILE OUT.png"},
    {4, 8, "ftypheic", "a HEIC picture", "heif-convert FILE OUT.png"},
    {4, 8, "ftypheix", "a HEIC picture", "heif-convert FILE OUT.png"},
    {4, 8, "ftypmif1", "a HEIC picture", "heif-convert FILE OUT.png"},
    {4, 8, "ftypmsf1", "a HEIC picture", "heif-convert FILE OUT.png"},
    {0, 4, "%PDF", "a PDF document", "pdftoppm -png FILE OUT"},
    {0, 4, "8BPS", "a Photoshop document", "convert 'FILE[0]' OUT.png"},
    {0, 4, "\0\0\1\0", "a Windows icon", "convert 'FILE[0]' OUT.png"},
    {0, 2, "\xFF\x0A", "a JPEG XL picture", "djxl FILE OUT.png"},
    {4, 8, "JXL \r\n\x87\n", "a JPEG XL picture", "djxl FILE OUT.png"},
    {4, 8, "jP  \r\n\x87\n", "a JPEG 2000 picture", "opj_decompress -i FILE -o OUT.png"},
    {0, 3, "P4\n", "a Netpbm picture", "pnmtopng FILE > OUT.png"},
    {0, 3, "P5\n", "a Netpbm picture", "pnmtopng FILE > OUT.png"},
    {0, 3, "P6\n", "a Netpbm picture", "pnmtopng FILE > OUT.png"},
    {0, 4, "<svg", "an SVG drawing", "rsvg-convert FILE -o OUT.png"},
};

static int is_kind(const signature *s, const uint8_t *data, size_t size)
{
    return size >= s->at + s->bytes && !memcmp(data + s->at, s->magic, s->bytes);
}

int lm__is_picture(const void *data, size_t size)
{
    return is_kind(&PNG, data, size) || is_kind(&JPEG, data, size);
}

static lm_status refuse(const char *name, const uint8_t *data, size_t size)
{
    if (!size) return lm__fail(LM_CORRUPT, "%s is empty; expected a PNG or JPEG picture", name);
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (is_kind(&OTHERS[i], data, size))
            return lm__fail(LM_UNSUPPORTED, "%s is %s; PNG and JPEG are read. To convert it: %s", name,
                            OTHERS[i].name, OTHERS[i].program);
    if (size < PNG.bytes && !memcmp(data, PNG.magic, size))
        return lm__fail(LM_CORRUPT, "%s: cut off: it ends within the first bytes of a PNG", name);
    return lm__fail(LM_CORRUPT, "%s is no picture: it begins like neither a PNG nor a JPEG", name);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static lm_status decode(const char *name, const void *data, size_t size, const lm__said *said, lm_tensor **out)
{
    if (said && said->text && said->size) said->text[0] = 0;
    if (is_kind(&PNG, data, size)) return lm__png_decode(name, data, size, said, out);
    if (is_kind(&JPEG, data, size)) return lm__jpeg_decode(name, data, size, said, out);
    return refuse(name, data, size);
}

lm_tensor *lm__picture_decode(const char *name, const void *data, size_t size, const lm__said *said)
{
    lm_tensor *picture;
    if (!decode(name, data, size, said, &picture)) return picture;
    if (said && said->text && said->size) said->text[0] = 0;        /* of half a picture nothing is told */
    return lm__object_poison(&lm__tensor_type);
}

lm_tensor *lm__picture_read(const char *path, const lm__said *said)
{
    uint8_t *data;
    size_t size;
    if (lm__file_read(path, LM__PICTURE_MAX_FILE, &data, &size)) return lm__object_poison(&lm__tensor_type);
    lm_tensor *picture = lm__picture_decode(path, data, size, said);
    lm__free(data);
    return picture;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

lm_status lm__picture_check(const lm_tensor *t, const char *what)
{
    char shape[160];
    LM_TRY(lm__object_check(t, &lm__tensor_type, what));
    if (t->dtype != LM_U8)
        return lm__fail(LM_INVALID, "%s: a picture of type %s, expected uint8 from 0 to 255", what,
                        lm_dtype_name(t->dtype));
    bool shaped = t->rank == 2 || (t->rank == 3 && (t->dims[2] == 1 || t->dims[2] == 3));
    if (shaped && t->size) return LM_OK;
    return lm__fail(LM_INVALID, "%s: a picture of shape %s, expected (height, width, 1) for grey or (height, width, "
                    "3) for colour", what, lm__shape_text(t->rank, t->dims, shape, sizeof shape));
}

lm_status lm__picture_save(const lm_tensor *picture, const char *path)
{
    int png = lm__ends_with(path, ".png"), jpeg = lm__ends_with(path, ".jpg") || lm__ends_with(path, ".jpeg");
    lm__text file = {0};
    if (!png && !jpeg)
        return lm__fail(LM_INVALID, "'%s': a picture's name ends in .png, .jpg or .jpeg", path);
    lm_status status = png ? lm__png_encode(picture, &file) : lm__jpeg_encode(picture, &file);
    if (!status) status = lm__file_save(path, file.data, file.size);
    lm__free(file.data);
    return status;
}
