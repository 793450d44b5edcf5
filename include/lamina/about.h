/* lamina/about.h: what there is by name, and fingerprints of data and of weights. */
#ifndef LAMINA_ABOUT_H
#define LAMINA_ABOUT_H

#include <lamina/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Keras's name ("mean_squared_error", "adam", "Dense") of number `index`, from 0, of what there is: "layer", "loss",
 * "metric" or "optimizer". Writes it to `name` and returns 1; 0 after the last one, and for another `what`. Any
 * thread. */
int lm_name_of(const char *what, int index, char *name, size_t bytes);

/* The same for what a model was compiled with: "loss" and "optimizer" have one, with the index 0, "metric" as many as
 * it has. 0 for a model that is not compiled. Any thread. */
int lm_compiled_name(const lm_model *model, const char *what, int index, char *name, size_t bytes);

/* The same as objects to compile with once more: new references with the arguments of those that the model has
 * (.from_logits, .momentum, .k), and without what they have gathered. NULL for a model that is not compiled, and for
 * a metric that its name alone makes ("accuracy", "mae"); poisoned where there is no memory. Any thread. */
lm_loss *lm_compiled_loss(const lm_model *model);
lm_optimizer *lm_compiled_optimizer(const lm_model *model);
lm_metric *lm_compiled_metric(const lm_model *model, int index);

/* The SHA-256 of `bytes` bytes in lower-case hexadecimal. Any thread. */
void lm_sha256(const void *data, size_t bytes, char hex[65]);

/* The SHA-256 of all weights in order: type, shape and numbers, not names. The same weights give the same digest
 * whatever file they came from. Any thread. */
lm_status lm_model_digest(const lm_model *model, char hex[65]);

/* The SHA-256 of all elements in order of epoch 0: types, shapes and numbers. Batches count as their rows, one by
 * one. Reads the whole dataset; `hex` is empty on failure, or if the data have no end (LM_INVALID). */
lm_status lm_data_digest(lm_dataset *data, char hex[65]);

#ifdef __cplusplus
}
#endif
#endif
