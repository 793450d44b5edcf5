/* train/state.h: what a run must remember to go on after it was killed: values by name, and tensors.
 *
 * `train` names no file format: a state is written and read by an lm__checkpoint_format, which a higher folder
 * has. */
#ifndef LM_TRAIN_STATE_H
#define LM_TRAIN_STATE_H

#include "tensor/tensor.h"
#include <jansson.h>
#include <lamina/model.h>

typedef struct lm__run_state {
    json_t *json;                       /* an object */
    struct {
        char *name;                     /* "callbacks/0/best/3" */
        lm_tensor *tensor;
    } *item;
    size_t count, capacity;
} lm__run_state;

lm_status lm__run_state_new(lm__run_state *state);
void lm__run_state_free(lm__run_state *state);                      /* a zeroed one too */
/* Retains the tensor, which must stay as it is until the state was written. */
lm_status lm__run_state_put(lm__run_state *state, const char *name, lm_tensor *tensor);
lm_tensor *lm__run_state_get(const lm__run_state *state, const char *name); /* borrowed; NULL if there is none */
/* A copy of the tensor of that name into `to`, of the same type and shape; LM_CORRUPT otherwise. */
lm_status lm__run_state_copy(const lm__run_state *state, const char *name, lm_tensor *to);

/* The part of a state that belongs to one callback. */
typedef struct lm__keep {
    lm__run_state *state;
    json_t *json;                       /* the callback's own object */
    char prefix[80];                    /* of its tensors' names     */
} lm__keep;

/* Numbers with every bit, infinities and NaN, which JSON does not have. */
lm_status lm__keep_number(json_t *json, const char *name, double value);
lm_status lm__keep_integer(json_t *json, const char *name, int64_t value);
/* LM_CORRUPT where there is none. Integers must lie between the limits. */
lm_status lm__kept_number(const json_t *json, const char *name, double *value);
lm_status lm__kept_integer(const json_t *json, const char *name, int64_t low, int64_t high, int64_t *value);

/* How models and runs become files: what `formats` has. `write`: the model with a state, under a temporary name
 * first. `read`: the model that a file holds, a new one, with its state; LM_NOT_FOUND where there is no file. */
typedef struct lm__checkpoint_format {
    lm_status (*save)(const lm_model *model, const char *path);
    lm_status (*save_weights)(const lm_model *model, const char *path);
    lm_status (*write)(const lm_model *model, const lm__run_state *state, const char *path);
    lm_status (*read)(const char *path, lm_model **model, lm__run_state *state);
} lm__checkpoint_format;

#endif
