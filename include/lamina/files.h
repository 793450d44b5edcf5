/* lamina/files.h: models to and from files: Keras's own formats, and what travels with a model beside its weights.
 *
 * Files are written whole or not at all: the old one stays until the new one is complete. What is read is never run:
 * files that carry code (Lambda layers) or classes of somebody's own are refused by name. */
#ifndef LAMINA_FILES_H
#define LAMINA_FILES_H

#include <lamina/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- whole models --------------------------------------------------------------------------------------------- */

/* Configuration, weights, and, of a compiled model, loss, metrics and the optimizer with its state. A name that ends
 * in .h5 or .hdf5 gives Keras's legacy format, which holds neither classes nor input range; all others .keras. Keras
 * opens both. */
lm_status lm_save(lm_model *model, const char *path);

/* A model from a file, told by its content: .keras, a whole-model .h5 of Keras 3 or 2, or .json, which is a
 * configuration alone (the weights are fresh). New reference, poisoned on failure. A model whose optimizer, loss or
 * metrics Lamina does not have is loaded without them: lm_last_error names what is missing. With `compile` false
 * nothing of training is read: enough for lm_predict, and sooner done. */
typedef struct lm_load_args {
    size_t size;
    bool compile;
} lm_load_args;
#define LM_LOAD_DEFAULTS LM__LIST(.compile = true)
lm_load_args lm_load_defaults(void);
lm_model *lm_load_with(const char *path, const lm_load_args *args);
lm_model *lm_load(const char *path);                                /* with the defaults */
#ifndef __cplusplus
#define lm_load(path, ...) LM__WITH(lm_load_args, LM_LOAD_DEFAULTS, lm_load_with((path), &lm__a), __VA_ARGS__)
#endif

/* --- weights alone ---------------------------------------------------------------------------------------------- */

/* Weights, and the optimizer's state of a compiled model, as Keras's save_weights writes them. The name must end in
 * .weights.h5. */
lm_status lm_save_weights(lm_model *model, const char *path);
/* Into a model of the same layers: from .weights.h5, .keras or .h5 (with or without a model). Each weight must be
 * there in its shape, else nothing is changed. The state of an optimizer is taken over from .weights.h5 and .keras if
 * the model is compiled with such a one. */
lm_status lm_load_weights(lm_model *model, const char *path);

/* --- configurations ------------------------------------------------------------------------------------------- */

/* What model.to_json() prints in Keras: layers and compile configuration, no weights. A new string, given back with
 * lm_string_free; NULL on failure. Any thread. */
char *lm_model_to_json(const lm_model *model);
/* The model that such a text describes, with fresh weights. New reference, poisoned on failure. */
lm_model *lm_model_from_json(const char *json);

/* The C program that builds and compiles the model in Lamina's words, and prints its summary: what differs from the
 * defaults is spelt out, weights are fresh. A new string, given back with lm_string_free; NULL on failure. Any
 * thread. */
char *lm_model_to_c(const lm_model *model);

/* --- what travels with a model -------------------------------------------------------------------------------- */

/* Names of the classes in order of the outputs; NULL where unknown. *count receives their number. Borrowed, until
 * they are set again or a fit takes over others. */
const char *const *lm_model_classes(const lm_model *model, int *count);
/* Copies the names: UTF-8 without control characters, up to 1000 bytes each. 0: unknown, also in the next fit. */
lm_status lm_model_set_classes(lm_model *model, int count, const char *const *names);

/* How raw data become the model's input. lm_fit takes it over from its data, unless the program has set it: the range
 * of pixels is 0 to 255, of other types what the first 16 batches showed. */
typedef struct lm_input_info {
    double low, high;                       /* range of the values that it was trained on; NaN: unknown          */
    char preparation[32];                   /* "digits", "resize" or ""; see lm_data_preparation                 */
} lm_input_info;
lm_input_info lm_model_input_info(const lm_model *model);
lm_status lm_model_set_input_info(lm_model *model, const lm_input_info *info);

#ifdef __cplusplus
}
#endif
#endif
