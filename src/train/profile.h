/* train/profile.h: profiles of models. */
#ifndef LM_TRAIN_PROFILE_H
#define LM_TRAIN_PROFILE_H

#include "train/model.h"
#include <lamina/profile.h>

/* With the model entered; guards are the callee's for training, the caller's for prediction. Poisoned on failure. */
lm_profile *lm__model_profile_training(lm_model *model, lm_tensor *x, lm_tensor *y, const lm_profile_args *args);
lm_profile *lm__model_profile_prediction(const lm_model *model, lm_tensor *x, const lm_profile_args *args);

#endif
