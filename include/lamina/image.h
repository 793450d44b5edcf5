/* lamina/image.h: pictures, from files to a model's input.
 *
 * A picture is a tensor u8 (height, width, channels): 1 channel is grey, 3 are red, green, blue. PNG and JPEG are
 * read and written. Functions that return a tensor return a new reference, poisoned on failure. Any thread. */
#ifndef LAMINA_IMAGE_H
#define LAMINA_IMAGE_H

#include <lamina/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The picture in a PNG or JPEG file, told by its content, at most 100 million pixels. Grey stays grey; 16 bits become
 * 8; a palette becomes RGB, or grey if all its colours are; transparent parts are laid over white; CMYK becomes RGB;
 * a photograph is turned upright as its EXIF data says; of an animation comes the first picture. LM_CORRUPT for a
 * damaged or truncated file, LM_UNSUPPORTED for a larger picture or another format, with what converts it. */
lm_tensor *lm_image_load(const char *path);

/* The same for a file's bytes, which are only read. */
lm_tensor *lm_image_decode(const void *data, size_t size);

/* The same; `name` begins messages, and what was changed on the way ("16 bits a channel became 8; it is an animation,
 * of which this is the first picture") is written to `said`, "" if nothing. */
lm_tensor *lm_image_load_saying(const char *path, char *said, size_t said_size);
lm_tensor *lm_image_decode_saying(const char *name, const void *data, size_t size, char *said, size_t said_size);

/* Writes a picture, u8 (height, width), (height, width, 1) or (height, width, 3), as PNG or JPEG (quality 95), by the
 * name's ending; whole or not at all. */
lm_status lm_image_save(const lm_tensor *image, const char *path);

/* Resized to height x width, each side by itself: made smaller, a pixel is the mean of the area that it covers; made
 * larger, it is interpolated. u8. */
lm_tensor *lm_image_resize(const lm_tensor *image, int64_t height, int64_t width);

/* As (height, width, 1), the luminance of ITU-R 601, or (height, width, 3). The same picture where it is that. */
lm_tensor *lm_image_grey(lm_tensor *image);
lm_tensor *lm_image_rgb(lm_tensor *image);

/* The model's input of one picture, f32 (1, height, width, channels) or what shape the model takes, in the range of
 * values that it was trained on (lm_model_input_info; unknown: 0 to 255 if it begins with Rescaling or Normalization,
 * else 0 to 1). Preparation "digits": MNIST's own, also from dark on light; blank pictures are LM_INVALID. Else the
 * picture is resized, and its channels made to fit. What was done is written to `said` (NULL: nowhere), "" if
 * nothing.
 * LM_INVALID where the model takes no pictures: the message says what it takes. */
lm_tensor *lm_image_prepare(const lm_model *model, const lm_tensor *image, char *said, size_t said_size);

#ifdef __cplusplus
}
#endif
#endif
