/* formats/keras.h: Keras's .keras files: a ZIP of metadata.json, config.json and model.weights.h5.
 *
 * Beside these a file of ours may hold assets/labels.txt and lamina/input.json (what travels with a model) and, for a
 * run that goes on later, members of its own under lamina/: Keras reads over all of them. */
#ifndef LM_FORMATS_KERAS_H
#define LM_FORMATS_KERAS_H

#include "codec/hdf5.h"
#include "codec/zip.h"
#include "train/model.h"
#include <jansson.h>

/* Named limits of what is read; larger files are refused before memory is taken. */
#define LM__KERAS_MAX_FILE ((size_t)8 << 30)
#define LM__KERAS_MAX_CONFIG ((size_t)64 << 20)
#define LM__KERAS_MAX_LABELS ((size_t)64 << 20)
#define LM__KERAS_MAX_LAYERS 10000

/* --- JSON texts (json.c) --- */
/* The object that a text holds; messages begin with `what`. New reference. */
lm_status lm__json_read(const char *what, const void *text, size_t bytes, json_t **out);
/* As compact text in new memory, NULL when it is out. `json` may be NULL, memory having been out before. */
char *lm__json_text(const json_t *json, size_t *bytes);

/* --- config.json (keras_config.c, keras_parse.c) --- */
/* The model as model.to_json() has it, with compile_config where it is compiled. New reference, NULL with an error
 * where memory is out or a number is infinite. */
json_t *lm__keras_config(const lm_model *model);
/* The model a config describes, built, with fresh weights, not compiled. New reference, poisoned on failure. */
lm_model *lm__keras_model(const json_t *config);
/* The same with weights of zero, which a file of `bytes` is to fill: a configuration that needs more is refused. */
lm_model *lm__keras_model_of_file(const json_t *config, size_t bytes);
/* One layer, of Keras 2 or 3; `name` is for an InputLayer (NULL: none), others have theirs in their config. */
lm_layer *lm__keras_layer(const json_t *json, const char *name);
/* The model of a Functional config (keras_graph.c); bytes as above, 0: none. New reference, poisoned on failure. */
lm_model *lm__keras_graph(const json_t *config, const char *name, size_t bytes);
/* Compiles from a compile_config. */
lm_status lm__keras_compile(lm_model *model, const json_t *compile_config);
/* The same where there is one; LM_OK too if it names what Lamina does not have: such a model can still predict, and
 * the reason stays in lm_last_error. */
lm_status lm__keras_try_compile(lm_model *model, const json_t *compile_config);

/* --- model.weights.h5 (keras_weights.c) --- */
lm_status lm__keras_put_weights(const lm_model *model, lm__h5_writer *writer);
/* Every weight of the model must be there in its shape, else none is changed. */
lm_status lm__keras_get_weights(lm_model *model, const lm__h5 *h5);
/* The optimizer's state, if the file has one (Keras warns and begins anew otherwise; so does this, silently). One of
 * another optimizer is an error if it `must` fit, and left alone otherwise. */
lm_status lm__keras_get_optimizer(lm_model *model, const lm__h5 *h5, bool must);

/* --- what travels with a model (keras_about.c) --- */
lm_status lm__keras_put_about(const lm_model *model, lm__zip_writer *zip);
lm_status lm__keras_get_about(lm_model *model, const lm__zip *zip);

/* --- whole files (keras_save.c, keras_load.c) ---
 *
 * More members: `put` adds them before the file is complete, `get` reads them once the model is whole. */
typedef struct lm__keras_members {
    lm_status (*put)(void *user, lm__zip_writer *zip);
    lm_status (*get)(void *user, lm_model *model, const lm__zip *zip);
    void *user;
} lm__keras_members;
/* `more` may be NULL in all of them. */
lm_status lm__keras_save(const lm_model *model, const char *path, const lm__keras_members *more);
/* Without `compile` neither the compile configuration nor the optimizer's state is read. New reference, poisoned on
 * failure. The second reads a file that is open; messages begin with `name`. */
lm_model *lm__keras_load(const char *path, bool compile, const lm__keras_members *more);
lm_model *lm__keras_read(const char *name, const lm__view *view, bool compile, const lm__keras_members *more);
/* For `put`: a member of JSON (takes the reference; NULL: memory was out), and one of HDF5. */
lm_status lm__keras_add_json(lm__zip_writer *zip, const char *name, json_t *json);
lm_status lm__keras_add_h5(lm__zip_writer *zip, const char *name, lm__h5_writer *h5);
/* For `get`: the JSON object in a member of at most LM__KERAS_MAX_CONFIG bytes; a new reference. */
lm_status lm__keras_read_json(const lm__zip *zip, const char *name, json_t **out);

#endif
