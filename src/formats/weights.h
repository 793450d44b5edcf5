/* formats/weights.h: which dataset of a file belongs to which variable: a list that is checked as a whole before the
 * first number is read, so that a file of another model changes nothing. */
#ifndef LM_FORMATS_WEIGHTS_H
#define LM_FORMATS_WEIGHTS_H

#include "base/arena.h"
#include "codec/hdf5.h"
#include "train/model.h"

typedef struct lm__place {
    const char *path;
    lm_variable *variable;
} lm__place;

typedef struct lm__places {
    lm__arena *arena;                       /* of the paths */
    lm__place *place;
    size_t count, capacity;
} lm__places;

lm_status lm__places_begin(lm__places *places);
void lm__places_end(lm__places *places);                    /* zeroed places: does nothing */
/* Copies the path. */
lm_status lm__places_add(lm__places *places, const char *path, lm_variable *variable);
/* LM_CORRUPT names the first dataset that is missing, or of another shape than its variable. */
lm_status lm__places_check(const lm__places *places, const lm__h5 *h5);
/* Reads all; checks each as it comes. */
lm_status lm__places_read(const lm__places *places, const lm__h5 *h5);

/* The optimizer's variables in Keras's order: *list is new memory, NULL if it has none yet. */
lm_status lm__optimizer_list(const lm_optimizer *optimizer, lm_variable ***list, int *count);
/* Puts one of them: Keras keeps the learning rate in float32, whatever the model's type; so do we where nothing is
 * lost. */
lm_status lm__optimizer_put(lm__h5_writer *writer, const char *path, const lm_optimizer *optimizer,
                            const lm_variable *v);
/* After its state was read: training goes on with the dropout masks of the next step, not with the first one's. */
void lm__optimizer_resume(lm_model *model);

#endif
