/* train/callback.h: the inside of callbacks: objects that fit calls at its moments. */
#ifndef LM_TRAIN_CALLBACK_H
#define LM_TRAIN_CALLBACK_H

#include "nn/config.h"
#include "train/state.h"
#include <lamina/model.h>

/* The moments, in Keras's order. LM__INTERRUPT: fit was asked to stop within an epoch, which is not closed yet. */
typedef enum lm__hook {
    LM__TRAIN_BEGIN,
    LM__TRAIN_END,
    LM__EPOCH_BEGIN,
    LM__EPOCH_END,
    LM__BATCH_BEGIN,
    LM__BATCH_END,
    LM__TEST_BEGIN,
    LM__TEST_END,
    LM__INTERRUPT,
    LM__HOOKS
} lm__hook;

struct lm_callback {
    lm__configured base;
};

typedef struct lm__callback_class {
    lm__class base;
    lm_status (*on[LM__HOOKS])(lm_callback *self, lm_moment *moment);
    /* Whether this object has something to do at a moment that its class knows; NULL: always. */
    bool (*wants)(const lm_callback *self, lm__hook hook);
    /* Called after all others, and at the end of an epoch after the history's row was added. */
    bool last;
    /* What must survive a crash. `load` comes after train_begin with moment->resumed. NULL: nothing. */
    lm_status (*save)(const lm_callback *self, lm__keep *keep);
    lm_status (*load)(lm_callback *self, const lm__keep *keep, lm_moment *moment);
    void (*release)(lm_callback *self); /* of one that could not be made too: then most of it is 0 */
    /* Whether a loss that is not finite ends training without being an error; NULL: no. */
    bool (*forgives)(const lm_callback *self);
    /* The backup that a fit with this callback goes on from, if there is one; NULL: none. */
    const char *(*backup)(const lm_callback *self);
} lm__callback_class;

extern const lm__type lm__callback_type;
extern const lm__class *const lm__callback_classes[];
lm_callback *lm__callback_new(const lm__callback_class *class, const void *args);

/* The head of a callback's class. */
#define LM__CALLBACK_CLASS(class_name, object_type, default_args, field_rows, ...)                               \
    {.name = (class_name), .module = "keras.callbacks", .type = &lm__callback_type,                              \
     .object_bytes = sizeof(object_type), .args_bytes = sizeof(default_args), .defaults = &(default_args),       \
     .fields = (field_rows), __VA_ARGS__}

/* Ends the fit after this epoch, as a callback of ours wishes: not by request, so lm_stopped says nothing. */
void lm__end_training(lm_moment *moment);

/* A line to where progress goes, such as "Epoch 3: early stopping". */
void lm__tell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The shortest text that reads back as the same number, as Python prints it; "nan", "inf". */
void lm__number_text(double value, char text[32]);
/* printf's decimal point is that of the program's locale; files have a point in every country. */
void lm__plain_point(char *text);

/* --- for fit ---------------------------------------------------------------------------------------------------- */

/* The callbacks of one fit: borrowed from its arguments. */
typedef struct lm__callbacks {
    lm_callback *item[LM_MAX_CALLBACKS];
    int count;
    unsigned wanted;                    /* a bit for each hook that any of them wants */
} lm__callbacks;

/* The list ends at NULL; an object that failed gives its error. */
lm_status lm__callbacks_of(lm_callback *const *list, lm__callbacks *out);
void lm__callbacks_release(lm_callback *const *list);
/* Calls those that want it, `last` ones or the others. Errors name the callback. */
lm_status lm__callbacks_call(const lm__callbacks *all, lm__hook hook, bool last, lm_moment *moment);
/* The path of the first callback that writes backups, or NULL; whether one forgives a loss that is not finite. */
const char *lm__callbacks_backup(const lm__callbacks *all);
bool lm__callbacks_forgive(const lm__callbacks *all);
/* Their states into and out of a run's state, by class and place among those of the class. */
lm_status lm__callbacks_save(const lm__callbacks *all, lm__run_state *state);
lm_status lm__callbacks_load(const lm__callbacks *all, const lm__run_state *state, lm_moment *moment);

#endif
