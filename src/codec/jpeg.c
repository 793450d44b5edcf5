/* codec/jpeg.c: JPEG through libjpeg-turbo. */
#include "codec/picture.h"

#include "base/alloc.h"
#include "codec/exif.h"
#include "tensor/tensor.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

enum { QUALITY = 95, OUT_BUFFER = 1 << 14, EXIF_MARKER = JPEG_APP0 + 1, PIXELS_A_BYTE = 512 };

/* libjpeg leaves by longjmp, so all that a run changes stands here, in memory, and is released by who called it. */
typedef struct run {
    struct jpeg_error_mgr errors;   /* first: libjpeg knows it only by this */
    struct jpeg_progress_mgr progress;
    struct jpeg_destination_mgr to;
    struct jpeg_decompress_struct in;
    struct jpeg_compress_struct out;
    const char *name;
    const uint8_t *data;
    size_t size;
    const lm_tensor *picture;       /* to write                                  */
    lm__text *text;
    lm_tensor *tensor;              /* read                                      */
    uint8_t *row;                   /* of a CMYK picture                         */
    int orientation;
    lm_status status;               /* of our own failure; LM_OK: libjpeg's      */
    char message[JMSG_LENGTH_MAX];
    uint8_t buffer[OUT_BUFFER];
    jmp_buf back;
} run;

static run *run_of(j_common_ptr c)
{
    return (run *)(void *)c->err;
}

static void on_error(j_common_ptr c)
{
    run *r = run_of(c);
    r->errors.format_message(c, r->message);
    longjmp(r->back, 1);
}

/* Warnings about lost data are errors: half a picture is no example. Oddities between the markers are let pass. */
static void on_message(j_common_ptr c, int level)
{
    int code = c->err->msg_code;
    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR)
        on_error(c);
}

static void on_output(j_common_ptr c)
{
    (void)c;
}

static void give_up(run *r, lm_status status)
{
    r->status = status;
    longjmp(r->back, 1);
}

static void on_progress(j_common_ptr c)
{
    run *r = run_of(c);
    if (r->in.input_scan_number > LM__PICTURE_MAX_SCANS)
        give_up(r, lm__fail(LM_CORRUPT, "%s: the JPEG has more than %d scans, the limit", r->name,
                            LM__PICTURE_MAX_SCANS));
}

static void set_errors(run *r)
{
    jpeg_std_error(&r->errors);
    r->errors.error_exit = on_error;
    r->errors.emit_message = on_message;
    r->errors.output_message = on_output;
}

static lm_status why(const run *r, const char *what)
{
    if (r->status) return r->status;
    if (r->errors.msg_code == JERR_OUT_OF_MEMORY)
        return lm__fail(LM_NO_MEMORY, "%s: no memory for decoding the JPEG", r->name);
    if (r->errors.msg_code == JERR_NO_BACKING_STORE)
        return lm__fail(LM_UNSUPPORTED, "%s: decoding the JPEG takes more memory than the limit of %zu bytes",
                        r->name, LM__PICTURE_MAX_WORK);
    return lm__fail(LM_CORRUPT, "%s: %s: %s", r->name, what, r->message);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* A block of 64 pixels of the finest channel takes a bit at least, unless coded arithmetically. */
static lm_status check_header(const run *r)
{
    size_t width = r->in.image_width, height = r->in.image_height;
    if (r->in.arith_code)
        return lm__fail(LM_UNSUPPORTED, "%s: a JPEG with arithmetic coding; \"djpeg FILE | cjpeg > NEW\" makes a "
                        "common one of it", r->name);
    if (r->in.num_components != 1 && r->in.num_components != 3 && r->in.num_components != 4)
        return lm__fail(LM_UNSUPPORTED, "%s: a JPEG with %d channels; expected 1 (grey), 3 (RGB) or 4 (CMYK)",
                        r->name, r->in.num_components);
    if (lm__mul_size(width, height) / PIXELS_A_BYTE <= r->size) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: the JPEG declares %zu x %zu pixels, which need more than its %zu bytes can hold",
                    r->name, width, height, r->size);
}

static void choose_output(run *r, const lm__said *said)
{
    int channels = r->in.num_components;
    r->in.out_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    if (channels == 3 && r->in.jpeg_color_space == JCS_UNKNOWN) r->in.out_color_space = JCS_UNKNOWN;
    if (channels == 4) lm__say(said, "CMYK became RGB");
}

static void find_orientation(run *r)
{
    r->orientation = 1;
    for (jpeg_saved_marker_ptr m = r->in.marker_list; m; m = m->next)
        if (m->marker == EXIF_MARKER && lm__exif_orientation(m->data, m->data_length, &r->orientation)) return;
}

/* Adobe's programs store ink as 255 - ink. */
static void to_rgb(const run *r, uint8_t *to)
{
    int inverted = r->in.saw_Adobe_marker;
    for (size_t i = 0; i < r->in.output_width; i++) {
        const uint8_t *ink = r->row + 4 * i;
        int black = inverted ? ink[3] : 255 - ink[3];
        for (size_t k = 0; k < 3; k++)
            to[3 * i + k] = (uint8_t)(((inverted ? ink[k] : 255 - ink[k]) * black + 127) / 255);
    }
}

static void read_rows(run *r)
{
    int cmyk = r->in.out_color_space == JCS_CMYK;
    size_t bytes = (size_t)r->in.output_width * (size_t)lm_tensor_dim(r->tensor, 2);
    while (r->in.output_scanline < r->in.output_height) {
        uint8_t *to = (uint8_t *)r->tensor->data + r->in.output_scanline * bytes;
        JSAMPROW row = cmyk ? r->row : to;
        jpeg_read_scanlines(&r->in, &row, 1);
        if (cmyk) to_rgb(r, to);
    }
}

static void read_picture(run *r, const lm__said *said)
{
    lm_status status;
    r->in.mem->max_memory_to_use = (long)LM__PICTURE_MAX_WORK;
    r->progress.progress_monitor = on_progress;
    r->in.progress = &r->progress;
    jpeg_save_markers(&r->in, EXIF_MARKER, 0xFFFF);
    jpeg_mem_src(&r->in, r->data, (unsigned long)r->size);
    jpeg_read_header(&r->in, TRUE);
    if ((status = check_header(r))) give_up(r, status);
    choose_output(r, said);
    find_orientation(r);
    int channels = r->in.num_components == 1 ? 1 : 3;
    if ((status = lm__picture_room(r->name, r->in.image_width, r->in.image_height, channels, &r->tensor)))
        give_up(r, status);
    if (r->in.num_components == 4 && !(r->row = lm__alloc(4 * (size_t)r->in.image_width)))
        give_up(r, lm__no_memory(4 * (size_t)r->in.image_width));
    jpeg_start_decompress(&r->in);
    read_rows(r);
    jpeg_finish_decompress(&r->in);
}

static lm_status guarded_read(run *r, const lm__said *said)
{
    if (setjmp(r->back)) return why(r, "damaged JPEG");
    set_errors(r);
    r->in.err = &r->errors;
    jpeg_create_decompress(&r->in);
    read_picture(r, said);
    return LM_OK;
}

lm_status lm__jpeg_decode(const char *name, const void *data, size_t size, const lm__said *said, lm_tensor **out)
{
    *out = NULL;
    run *r = lm__calloc(1, sizeof *r);
    if (!r) return lm__no_memory(sizeof *r);
    r->name = name, r->data = data, r->size = size;
    lm_status status = guarded_read(r, said);
    if (r->in.mem) jpeg_destroy_decompress(&r->in);
    if (!status && r->orientation > 1) {
        lm_tensor *upright = lm__exif_turn(r->tensor, r->orientation);
        lm_free(r->tensor);
        r->tensor = upright;
        status = lm_status_of(upright);
        lm__say(said, "it was turned upright, as its EXIF data says");
    }
    if (status)
        lm_free(r->tensor);
    else
        *out = r->tensor;
    lm__free(r->row);
    lm__free(r);
    return status;
}

/* --- writing ---------------------------------------------------------------------------------------------------- */

static void begin_output(j_compress_ptr c)
{
    run *r = run_of((j_common_ptr)c);
    r->to.next_output_byte = r->buffer;
    r->to.free_in_buffer = OUT_BUFFER;
}

static void pass_on(run *r, size_t bytes)
{
    lm__text_append(r->text, r->buffer, bytes);
    if (r->text->bad) give_up(r, lm__no_memory(r->text->size + bytes));
}

static boolean buffer_full(j_compress_ptr c)
{
    pass_on(run_of((j_common_ptr)c), OUT_BUFFER);
    begin_output(c);
    return TRUE;
}

static void end_output(j_compress_ptr c)
{
    run *r = run_of((j_common_ptr)c);
    pass_on(r, OUT_BUFFER - r->to.free_in_buffer);
}

static void write_picture(run *r)
{
    const lm_tensor *t = r->picture;
    int channels = t->rank == 3 ? (int)t->dims[2] : 1;
    r->to.init_destination = begin_output;
    r->to.empty_output_buffer = buffer_full;
    r->to.term_destination = end_output;
    r->out.dest = &r->to;
    r->out.image_width = (JDIMENSION)t->dims[1], r->out.image_height = (JDIMENSION)t->dims[0];
    r->out.input_components = channels;
    r->out.in_color_space = channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&r->out);
    jpeg_set_quality(&r->out, QUALITY, TRUE);
    jpeg_start_compress(&r->out, TRUE);
    while (r->out.next_scanline < r->out.image_height) {
        JSAMPROW row = (uint8_t *)t->data + (size_t)r->out.next_scanline * (size_t)t->dims[1] * (size_t)channels;
        jpeg_write_scanlines(&r->out, &row, 1);
    }
    jpeg_finish_compress(&r->out);
}

static lm_status guarded_write(run *r)
{
    if (setjmp(r->back)) return why(r, "cannot write the JPEG");
    set_errors(r);
    r->out.err = &r->errors;
    jpeg_create_compress(&r->out);
    write_picture(r);
    return LM_OK;
}

lm_status lm__jpeg_encode(const lm_tensor *picture, lm__text *out)
{
    if (picture->dims[0] > JPEG_MAX_DIMENSION || picture->dims[1] > JPEG_MAX_DIMENSION)
        return lm__fail(LM_UNSUPPORTED, "a JPEG has at most %ld pixels a side, this picture is %lld x %lld: write a "
                        "PNG", JPEG_MAX_DIMENSION, (long long)picture->dims[1], (long long)picture->dims[0]);
    run *r = lm__calloc(1, sizeof *r);
    if (!r) return lm__no_memory(sizeof *r);
    r->name = "the picture", r->picture = picture, r->text = out;
    lm_status status = guarded_write(r);
    if (r->out.mem) jpeg_destroy_compress(&r->out);
    lm__free(r);
    return status;
}
