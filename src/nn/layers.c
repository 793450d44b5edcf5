/* nn/layers.c: expands layers.def. */
#include "nn/layer.h"

#define LM_LAYER(name) extern const lm__layer_class lm__layer_##name;
#include "nn/layers/layers.def"
#undef LM_LAYER

const lm__class *const lm__layer_classes[] = {
#define LM_LAYER(name) &lm__layer_##name.base,
#include "nn/layers/layers.def"
#undef LM_LAYER
    NULL,
};
