/* formats/checkpoint.h: models and runs as files, for training. */
#ifndef LM_FORMATS_CHECKPOINT_H
#define LM_FORMATS_CHECKPOINT_H

#include "train/state.h"

extern const lm__checkpoint_format lm__checkpoints;

#endif
