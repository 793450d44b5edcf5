/* data/picture.h: pictures made fit for a model: u8 (height, width, channels), as codec/picture.h gives them. */
#ifndef LM_DATA_PICTURE_H
#define LM_DATA_PICTURE_H

#include "codec/picture.h"

/* All give new references, poisoned on error; the argument is only read.
 *
 * Resized to h x w, each side by itself: made smaller, a pixel is the mean of the area that it covers; made larger,
 * it is interpolated between its neighbours. `to` of the second has room for h * w * channels bytes. */
lm_tensor *lm__picture_resize(const lm_tensor *picture, int64_t h, int64_t w);
lm_status lm__picture_resize_into(const lm_tensor *picture, int64_t h, int64_t w, uint8_t *to);

/* With 1 channel (ITU-R 601: 0.299 R + 0.587 G + 0.114 B) or 3; the picture itself where it has as many. */
lm_tensor *lm__picture_channels(lm_tensor *picture, int channels);

/* MNIST's own preparation, for a side of 28: one thing drawn, light on dark or dark on light, becomes light on dark;
 * the box around it is scaled so that its longer side is 20 pixels, and its centre of mass comes to the middle. For
 * other sides in proportion. *inverted: it was dark on light. LM_INVALID where nothing stands out. The result is
 * (side, side, 1). */
lm_tensor *lm__picture_digit(const lm_tensor *picture, int64_t side, int *inverted);

#endif
