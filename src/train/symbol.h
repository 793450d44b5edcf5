/* train/symbol.h: symbols, what lm_call returns: calls of layers that are to become a model.
 *
 * Symbols that have to do with each other belong to one sketch, which owns them and holds their layers. The program
 * holds a sketch until it makes a model of it (train/functional.c); then the models do. */
#ifndef LM_TRAIN_SYMBOL_H
#define LM_TRAIN_SYMBOL_H

#include "nn/layer.h"
#include "train/model.h"

typedef struct lm__sketch lm__sketch;

struct lm_symbol {
    lm__object object;
    lm__sketch *sketch;
    lm_layer *layer;                    /* retained; an InputLayer's symbol is what comes in */
    lm__call_options options;
    int nin;
    lm_symbol **in;
    int number;                         /* which call of its layer this is, in the order in which they were made */
    int place, layer_place;             /* for those who put them in order */
};
extern const lm__type lm__symbol_type;

struct lm__sketch {
    lm_symbol **symbol;
    int count;
    size_t capacity;
    atomic_int models;                  /* that hold it */
    bool program;                       /* and so does the program */
    lm__sketch *into, *joined;          /* where it went; those that came into it, a list through `joined` */
};

/* A sketch without symbols, which the program holds; NULL with LM_NO_MEMORY recorded. */
lm__sketch *lm__sketch_new(void);
/* The one that a symbol's sketch went into. */
lm__sketch *lm__sketch_of(const lm_symbol *symbol);
/* A model takes it over from the program, and gives it back. */
void lm__sketch_take(lm__sketch *sketch);
void lm__sketch_release(lm__sketch *sketch);
/* Both become one; NULL stands for none. NULL with LM_NO_MEMORY recorded, and then nothing has changed. */
lm__sketch *lm__sketch_join(lm__sketch *a, lm__sketch *b);

/* A new symbol in the sketch. Takes over a reference to the layer. Static poison where memory is out. */
lm_symbol *lm__symbol_new(lm__sketch *sketch, lm_layer *layer, const lm__call_options *options, int nin,
                          lm_symbol *const *in);
/* The symbol of something that a program names as an input, a symbol or an lm_input, which is taken over; its sketch
 * is joined to *sketch (which may be NULL). NULL with the error recorded where it is neither, or memory is out; a
 * symbol that carries an error counts. */
lm_symbol *lm__symbol_of(void *object, const char *what, lm__sketch **sketch);
/* Whether the layer obeys these options. */
lm_status lm__symbol_options(const lm_layer *layer, const lm__call_options *options);
/* What lm_call returns: takes over the layer at its first call; later calls share it. */
enum { LM__CALL_INPUTS = 256 };
lm_symbol *lm__symbol_call(lm_layer *layer, size_t count, void *const *inputs, const lm__call_options *options);

/* The model of these symbols (train/functional.c). Its weights are drawn, or a file of so many bytes is to fill them
 * (0: drawn). New reference; takes over the sketch, which may be NULL, also on failure. `status`: what went wrong
 * before, with its text recorded; the model is then poisoned. */
typedef struct lm__functional {
    const char *name;                   /* NULL: "functional" */
    int ninputs, noutputs;
    lm_symbol *input[LM_MAX_INPUTS], *output[LM_MAX_OUTPUTS];
    size_t file_bytes;
} lm__functional;
lm_model *lm__model_functional(const lm__functional *parts, lm__sketch *sketch, lm_status status);

#endif
