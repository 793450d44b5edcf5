/* codec/png.c: PNG through libpng. */
#include "codec/picture.h"

#include "base/alloc.h"
#include "tensor/tensor.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

/* libpng leaves by longjmp, so all that a run changes stands here, in memory, and is released by who called it. */
typedef struct run {
    const char *name;
    lm__bytes in;
    lm__text *out;
    const lm_tensor *picture;       /* to write                                   */
    size_t width, height;
    int channels;
    png_structp png;
    png_infop info;
    lm_tensor *tensor;              /* read                                       */
    png_bytep *rows;
    lm_status status;               /* of our own failure inside a callback; LM_OK: libpng's */
    char message[160];
    jmp_buf back;
} run;

static void on_error(png_structp png, png_const_charp message)
{
    run *r = png_get_error_ptr(png);
    snprintf(r->message, sizeof r->message, "%s", message);
    longjmp(r->back, 1);
}

static void on_warning(png_structp png, png_const_charp message)
{
    (void)png, (void)message;
}

static png_voidp on_alloc(png_structp png, png_alloc_size_t bytes)
{
    run *r = png_get_mem_ptr(png);
    void *memory = lm__alloc(bytes);
    if (!memory) r->status = lm__no_memory(bytes);
    return memory;
}

static void on_free(png_structp png, png_voidp memory)
{
    (void)png;
    lm__free(memory);
}

/* Ends the run with the thread's last error. */
static void give_up(run *r, lm_status status)
{
    r->status = status;
    longjmp(r->back, 1);
}

static void on_read(png_structp png, png_bytep to, size_t bytes)
{
    run *r = png_get_io_ptr(png);
    const uint8_t *from = lm__bytes_take(&r->in, bytes);
    if (!from) give_up(r, lm__fail(LM_CORRUPT, "%s: cut off: the PNG ends within its data, after %zu bytes", r->name,
                                   r->in.size));
    memcpy(to, from, bytes);
}

static void on_write(png_structp png, png_bytep data, size_t bytes)
{
    run *r = png_get_io_ptr(png);
    lm__text_append(r->out, data, bytes);
    if (r->out->bad) give_up(r, lm__no_memory(r->out->size + bytes));
}

static void on_flush(png_structp png)
{
    (void)png;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static int is_grey_palette(run *r)
{
    png_colorp palette;
    int count = 0;
    if (!png_get_PLTE(r->png, r->info, &palette, &count)) return 0;
    for (int i = 0; i < count; i++)
        if (palette[i].red != palette[i].green || palette[i].red != palette[i].blue) return 0;
    return 1;
}

/* Asks libpng for 8 bits a channel without alpha, and tells how many channels. */
static void choose_output(run *r, const lm__said *said)
{
    int bits = png_get_bit_depth(r->png, r->info), color = png_get_color_type(r->png, r->info);
    int see_through = color & PNG_COLOR_MASK_ALPHA || png_get_valid(r->png, r->info, PNG_INFO_tRNS);
    int grey_palette = color == PNG_COLOR_TYPE_PALETTE && is_grey_palette(r);
    png_uint_16 most = bits == 16 ? 65535 : 255;
    png_color_16 white = {.red = most, .green = most, .blue = most, .gray = most};
    png_set_expand(r->png);
    if (see_through) png_set_background(r->png, &white, PNG_BACKGROUND_GAMMA_SCREEN, 0, 1.0);
    if (bits == 16) png_set_scale_16(r->png);
    if (grey_palette) png_set_rgb_to_gray_fixed(r->png, PNG_ERROR_ACTION_NONE, -1, -1);
    r->channels = color & PNG_COLOR_MASK_COLOR && !grey_palette ? 3 : 1;
    if (bits == 16) lm__say(said, "16 bits a channel became 8");
    if (see_through) lm__say(said, "transparent parts were laid over white");
}

/* The compressed data can make so many rows at most: deflate has a largest ratio. */
static lm_status check_size(const run *r)
{
    size_t bits = (size_t)png_get_bit_depth(r->png, r->info) * png_get_channels(r->png, r->info);
    size_t need = lm__mul_size(r->height, (lm__mul_size(r->width, bits) >> 3) + 1);
    size_t most = lm__mul_size(r->in.size, 1032);
    if (need <= most) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: the PNG declares %zu x %zu pixels, which need more than its %zu bytes can hold",
                    r->name, r->width, r->height, r->in.size);
}

static lm_status make_room(run *r)
{
    LM_TRY(check_size(r));
    LM_TRY(lm__picture_room(r->name, r->width, r->height, r->channels, &r->tensor));
    r->rows = lm__calloc(r->height, sizeof *r->rows);
    if (!r->rows) return lm__no_memory(r->height * sizeof *r->rows);
    for (size_t i = 0; i < r->height; i++)
        r->rows[i] = (png_bytep)r->tensor->data + i * r->width * (size_t)r->channels;
    return LM_OK;
}

static void set_limits(run *r)
{
    png_set_user_limits(r->png, 1 << 20, 1 << 20);
    png_set_chunk_malloc_max(r->png, 8 << 20);
    png_set_chunk_cache_max(r->png, 64);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_crc_action(r->png, PNG_CRC_ERROR_QUIT, PNG_CRC_WARN_DISCARD);
}

static void read_picture(run *r, const lm__said *said)
{
    lm_status status;
    set_limits(r);
    png_set_read_fn(r->png, r, on_read);
    png_read_info(r->png, r->info);
    r->width = png_get_image_width(r->png, r->info), r->height = png_get_image_height(r->png, r->info);
    choose_output(r, said);
    if ((status = make_room(r))) give_up(r, status);
    png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != r->width * (size_t)r->channels)
        png_error(r->png, "its rows have an unexpected length");
    png_read_image(r->png, r->rows);
    png_read_end(r->png, NULL);
}

/* Whether a chunk "acTL" comes before the picture's data: an animation. */
static int is_animated(const void *data, size_t size)
{
    lm__bytes b = lm__bytes_of(data, size);
    lm__bytes_take(&b, 8);
    while (!b.bad && lm__bytes_left(&b) >= 12) {
        uint32_t length = lm__bytes_u32be(&b);
        const uint8_t *type = lm__bytes_take(&b, 4);
        if (!type || !memcmp(type, "IDAT", 4)) return 0;
        if (!memcmp(type, "acTL", 4)) return 1;
        lm__bytes_take(&b, (size_t)length + 4);
    }
    return 0;
}

static lm_status why(const run *r, const char *what)
{
    if (r->status) return r->status;
    return lm__fail(LM_CORRUPT, "%s: %s: %s", r->name, what, r->message);
}

/* setjmp's own function: it changes no local variable. */
static lm_status guarded_read(run *r, const lm__said *said)
{
    if (setjmp(r->back)) return why(r, "damaged PNG");
    r->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, r, on_error, on_warning, r, on_alloc, on_free);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info) return r->status ? r->status : lm__no_memory(0);
    read_picture(r, said);
    return LM_OK;
}

lm_status lm__png_decode(const char *name, const void *data, size_t size, const lm__said *said, lm_tensor **out)
{
    run r = {.name = name, .in = lm__bytes_of(data, size)};
    lm_status status = guarded_read(&r, said);
    if (r.png) png_destroy_read_struct(&r.png, r.info ? &r.info : NULL, NULL);
    lm__free(r.rows);
    if (!status && is_animated(data, size)) lm__say(said, "it is an animation, of which this is the first picture");
    if (status) lm_free(r.tensor);
    *out = status ? NULL : r.tensor;
    return status;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void write_picture(run *r)
{
    const lm_tensor *t = r->picture;
    size_t row = (size_t)t->dims[1] * (t->rank == 3 ? (size_t)t->dims[2] : 1);
    int color = row == (size_t)t->dims[1] ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB;
    png_set_write_fn(r->png, r, on_write, on_flush);
    png_set_user_limits(r->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    png_set_IHDR(r->png, r->info, (png_uint_32)t->dims[1], (png_uint_32)t->dims[0], 8, color, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(r->png, r->info);
    for (int64_t i = 0; i < t->dims[0]; i++) png_write_row(r->png, (png_const_bytep)t->data + (size_t)i * row);
    png_write_end(r->png, r->info);
}

static lm_status guarded_write(run *r)
{
    if (setjmp(r->back)) return why(r, "cannot write the PNG");
    r->png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, r, on_error, on_warning, r, on_alloc, on_free);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info) return r->status ? r->status : lm__no_memory(0);
    write_picture(r);
    return LM_OK;
}

lm_status lm__png_encode(const lm_tensor *picture, lm__text *out)
{
    run r = {.name = "the picture", .picture = picture, .out = out};
    lm_status status = guarded_write(&r);
    if (r.png) png_destroy_write_struct(&r.png, r.info ? &r.info : NULL);
    return status;
}
