/* formats/h5.h: Keras's legacy files: whole models in .h5, as Keras 3 and Keras 2 (tf.keras) write them, and weights
 * alone, in that layout or in that of .weights.h5.
 *
 * A whole model: attributes model_config and training_config (JSON) at the root; model_weights/LAYER with an
 * attribute weight_names, in order, that names datasets under it; optimizer_weights likewise. Layers are told by
 * their order. */
#ifndef LM_FORMATS_H5_H
#define LM_FORMATS_H5_H

#include "codec/hdf5.h"
#include "train/model.h"
#include <jansson.h>

/* --- whole models (h5_save.c, h5_load.c) --- */
lm_status lm__h5_model_save(const lm_model *model, const char *path);
/* From an open file; messages begin with `name`. New reference, poisoned on failure. */
lm_model *lm__h5_model_read(const char *name, const lm__view *view, bool compile);

/* --- weights alone (h5_weights.c) --- */
lm_status lm__weights_save(const lm_model *model, const char *path);
lm_status lm__weights_load(lm_model *model, const char *path);
/* From an open file: .weights.h5, a legacy file with or without a model, or .keras. All or nothing is changed. */
lm_status lm__weights_read(lm_model *model, const char *name, const lm__view *view);
/* The layers' weights in a legacy group ("" or "model_weights"), and the optimizer's state. */
lm_status lm__h5_get_weights(lm_model *model, const lm__h5 *h5, const char *group);
lm_status lm__h5_get_optimizer(lm_model *model, const lm__h5 *h5);

/* --- the words of Keras 2 (keras2.c) --- */
/* A compile_config from a training_config. New reference, NULL when memory is out. */
json_t *lm__keras2_compile(const json_t *training_config);
/* A layer's config in Keras 3's words: itself, or a changed copy. New reference, NULL when memory is out. */
json_t *lm__keras2_layer(const json_t *config);

#endif
