/* formats/c_program.h: C source in Lamina's own words: objects as keyword arguments, values as C writes them. */
#ifndef LM_FORMATS_C_PROGRAM_H
#define LM_FORMATS_C_PROGRAM_H

#include "base/bytes.h"
#include "nn/config.h"
#include "train/model.h"

/* --- values (c_value.c) --- */
/* A string literal; characters that could be misread are escaped, other UTF-8 stays. */
void lm__c_string(lm__text *to, const char *text);
/* The shortest number that reads as the same double: "0.1", "1.0 / 255", "LM_NONE" for NaN. */
void lm__c_double(lm__text *to, double value);
/* "{3, LM_ANY}": `count` numbers; none: "{0}", where a list ends. */
void lm__c_sizes(lm__text *to, const int64_t *value, int count);
/* A tensor of doubles as the call that makes it. */
void lm__c_tensor(lm__text *to, const lm_tensor *t);

/* --- objects (c_object.c) --- */
/* A call being written: arguments are separated by newlines, which occur nowhere else in it, so that the call can be
 * broken into lines afterwards. */
typedef struct lm__c_call {
    lm__text text;
    bool some;                          /* an argument is there already */
} lm__c_call;
/* " .name = ": what follows is the argument's value. */
lm__text *lm__c_argument(lm__c_call *call, const char *name);
/* "lm_dense(.units = 10": name and arguments that are not the usual ones, without the closing parenthesis. A name of
 * its own is given apart, as the model may have made it. `rate`: what counts as learning_rate, or NULL. */
void lm__c_object(lm__c_call *call, const lm__configured *object, const char *name, const double *rate);
/* The same as one line, closed: an argument of another call. */
void lm__c_inside(lm__text *to, const lm__configured *object, const char *name, const double *rate);
/* Whether the class's own name says it all. */
bool lm__c_usual(const lm__configured *object);
/* The finished call at the text's end, `indent` columns in; lines are broken between arguments. Releases it. */
void lm__c_call_end(lm__text *to, lm__c_call *call, int indent, const char *after);

/* --- the program (c_program.c) --- */
/* The C program that builds the model, compiles it, and prints its summary. */
lm_status lm__c_program(const lm_model *model, lm__text *to);

#endif
