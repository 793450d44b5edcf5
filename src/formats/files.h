/* formats/files.h: models to and from files of any format: told by content when read, by the name when written. */
#ifndef LM_FORMATS_FILES_H
#define LM_FORMATS_FILES_H

#include "train/model.h"

lm_status lm__model_save(const lm_model *model, const char *path);
/* New reference, poisoned on failure. */
lm_model *lm__model_load(const char *path, const lm_load_args *args);
/* The same from a file's bytes; messages begin with `name`. */
lm_model *lm__model_decode(const char *name, const void *data, size_t bytes, const lm_load_args *args);

/* --- configurations alone (json.c) --- */
/* New text, NULL on failure. */
char *lm__model_json(const lm_model *model);
/* A model with fresh weights; messages begin with `name`, if it is not "". `compile`: if the text says how. */
lm_model *lm__json_model(const char *name, const char *json, size_t bytes, bool compile);

#endif
