/* formats/keras.h: Keras's .keras files: a ZIP of metadata.json, config.json and model.weights.h5. */
#ifndef LM_FORMATS_KERAS_H
#define LM_FORMATS_KERAS_H

#include "codec/hdf5.h"
#include "train/model.h"
#include <jansson.h>

/* Named limits of what is read; larger files are refused before memory is taken. */
#define LM__KERAS_MAX_FILE ((size_t)8 << 30)
#define LM__KERAS_MAX_CONFIG ((size_t)64 << 20)
#define LM__KERAS_MAX_LAYERS 10000

/* --- config.json (keras_config.c, keras_parse.c) --- */
/* The model as model.to_json() has it, with compile_config where it is compiled. New reference, NULL when memory
 * is out. */
json_t *lm__keras_config(const lm_model *model);
/* The model a config describes, built, with fresh weights; compiled if `compile` and it has a compile_config. New
 * reference, poisoned on failure. */
lm_model *lm__keras_model(const json_t *config);
/* The same with weights of zero, which a file of `bytes` is to fill: a configuration that needs more is refused. */
lm_model *lm__keras_model_of_file(const json_t *config, size_t bytes);
/* Compiles from a compile_config. */
lm_status lm__keras_compile(lm_model *model, const json_t *compile_config);

/* --- model.weights.h5 (keras_weights.c) --- */
lm_status lm__keras_put_weights(const lm_model *model, lm__h5_writer *writer);
/* Every weight of the model must be there in its shape. */
lm_status lm__keras_get_weights(lm_model *model, const lm__h5 *h5);
/* The optimizer's state, if the file has one (Keras warns and begins anew otherwise; so does this, silently). */
lm_status lm__keras_get_optimizer(lm_model *model, const lm__h5 *h5);

/* --- whole files (keras_save.c, keras_load.c) --- */
lm_status lm__keras_save(const lm_model *model, const char *path);
lm_model *lm__keras_load(const char *path);
/* The same from a file's bytes; messages begin with `name`. */
lm_model *lm__keras_decode(const char *name, const void *data, size_t bytes);

#endif
