/* nn/config.h: objects that are made from named arguments: layers, losses, metrics, optimizers, initializers.
 *
 * Each class is one constant descriptor in its own file: its Keras name, its argument struct as a table of fields,
 * its defaults, and its functions. From the table follow copying, checking, get_config and from_config. */
#ifndef LM_NN_CONFIG_H
#define LM_NN_CONFIG_H

#include "base/object.h"
#include "base/status.h"
#include <jansson.h>
#include <lamina/declare.h>
#include <stdint.h>

typedef enum lm__field_kind {
    LM__FIELD_INT,          /* int64_t                                                        */
    LM__FIELD_COUNT,        /* int64_t; 0 is Keras's None                                     */
    LM__FIELD_FLOAT,        /* double; NaN is Keras's None                                    */
    LM__FIELD_BOOL,         /* bool                                                           */
    LM__FIELD_STRING,       /* const char *: copied; NULL is None                             */
    LM__FIELD_INTS,         /* int64_t[count]: {3} means {3, 3}; all 0 is None                */
    LM__FIELD_PADS,         /* int64_t[count], each 0 or more; all LM_ANY is None             */
    LM__FIELD_SHAPE,        /* int64_t[LM_MAX_RANK], ends at 0                                */
    LM__FIELD_AXES,         /* int64_t[LM_MAX_RANK], ends at 0; negative ones count from the end */
    LM__FIELD_TENSOR,       /* lm_tensor *: taken over; NULL is None; in JSON a number or nested lists */
    LM__FIELD_ACTIVATION,   /* const char *: a name known to nn/activations                   */
    LM__FIELD_INITIALIZER,  /* const char *, and at `other` an lm_initializer *, which wins   */
} lm__field_kind;

typedef struct lm__field {
    const char *name;       /* as in Keras's config */
    lm__field_kind kind;
    size_t offset, other;
    int count;
    double low, high;       /* inclusive limits for numbers where low < high; otherwise none */
    const char *choices;    /* strings: allowed values separated by '|', or NULL */
} lm__field;
#define LM__FIELD(type, field, field_kind, ...)                                                                  \
    {.name = #field, .kind = (field_kind), .offset = offsetof(type, field), __VA_ARGS__}
/* An initializer's two fields: X and X_object. */
#define LM__FIELD_INIT(type, field)                                                                              \
    {.name = #field, .kind = LM__FIELD_INITIALIZER, .offset = offsetof(type, field),                             \
     .other = offsetof(type, field##_object)}

typedef struct lm__class lm__class;

/* The head of every such object. */
typedef struct lm__configured {
    lm__object object;
    const lm__class *class;
    char *name;             /* NULL: none given */
    void *args;             /* class->args_bytes, its strings and objects owned */
} lm__configured;

struct lm__class {
    const char *name;       /* Keras's class name: "Conv2D" */
    const char *aliases;    /* other names for it, separated by '|': "mse|mean_squared_error"; or NULL */
    const char *module;     /* "keras.layers" */
    const char *package;    /* "keras_hub": a class of that package, not of Keras itself; NULL: Keras's */
    const lm__type *type;
    size_t object_bytes, args_bytes;
    const void *defaults;   /* an argument struct */
    const lm__field *fields; /* ends with a NULL name */
    const char *ignored; /* config keys that are read over, separated by '|': "sparse=false|dtype" accepts sparse only
                            with that value (JSON) and dtype with any; all other keys must be null */
    lm_status (*check)(const lm__configured *self); /* beyond the fields' own limits; or NULL */
};

/* How every argument struct begins. */
typedef struct lm__args_head {
    size_t size;
    const char *name;
} lm__args_head;

/* A new object of the class from an argument struct (its first `size` bytes count; NULL: defaults). Objects inside
 * the arguments are taken over, also on failure. Poisoned on failure: the error names class, field, value, and what
 * is allowed. */
void *lm__configured_new(const lm__class *class, const void *args);
/* A new object of the same class, name and arguments: none of the state that the first one has gathered. */
void *lm__configured_copy(const lm__configured *self);
/* Gives back the objects inside an argument struct. */
void lm__release_objects(const lm__class *class, const void *args);
/* For lm__type.destroy. */
void lm__configured_destroy(void *object);

/* The class of that name in a NULL-terminated list: Keras's class name, the same in lower or snake case, or an alias.
 * NULL with LM_NOT_FOUND recorded: unknown layer "Dens" (did you mean "Dense"?); `what` is "layer", "loss", … */
const lm__class *lm__class_find(const lm__class *const *list, const char *name, const char *what);

/* Keras's {"module", "class_name", "config", "registered_name"}; new reference, NULL when memory is out. */
json_t *lm__configured_json(const lm__configured *object);
/* Only the config. */
json_t *lm__configured_config(const lm__configured *object);
/* An object of the class from a config (a JSON object); unknown keys that are not null are refused by name. */
void *lm__configured_from(const lm__class *class, const json_t *config);

/* "MaxPooling2D" -> "max_pooling2d", Keras's rule. */
void lm__snake_case(const char *name, char *out, size_t bytes);
/* As Keras writes it in a program: "Dense", "adam", "mean_squared_error". */
void lm__class_usual_name(const lm__class *class, char *out, size_t bytes);

/* A list of sizes as arguments have it, LM_MAX_RANK of them: it ends at its first 0, so that nothing may follow one;
 * LM_ANY is allowed. */
lm_status lm__check_sizes(const char *class_name, const char *field, const int64_t *sizes);

/* Whether `word` stands in a list such as "valid|same". */
int lm__listed(const char *list, const char *word);

#endif
