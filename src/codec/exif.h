/* codec/exif.h: which way up a camera was held. */
#ifndef LM_CODEC_EXIF_H
#define LM_CODEC_EXIF_H

#include <lamina/tensor.h>

/* The orientation, 1 to 8, in a JPEG's APP1 data. 0 if there is none, else 1. */
int lm__exif_orientation(const void *data, size_t size, int *orientation);

/* The picture u8 (h, w, c) turned upright. New reference, poisoned on error. */
lm_tensor *lm__exif_turn(const lm_tensor *picture, int orientation);

#endif
