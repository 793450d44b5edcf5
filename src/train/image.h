/* train/image.h: a picture becomes a model's input. */
#ifndef LM_TRAIN_IMAGE_H
#define LM_TRAIN_IMAGE_H

#include "data/picture.h"
#include "train/model.h"

/* lm_image_prepare (lamina/image.h) on a model and a picture that were found good. */
lm_tensor *lm__image_prepare(const lm_model *model, const lm_tensor *picture, const lm__said *said);

#endif
