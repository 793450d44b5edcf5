/* nn/layers/input.c: what comes into a model. */
#include "nn/layer.h"
#include <lamina/layers.h>

#ifdef LM_HEADER
/* InputLayer: the shape (without the batch) and type of what a model takes. LM_ANY: a size that varies. Data of
 * another type are converted, but integers stay as they are where the first layer is an Embedding. dtype: "float32",
 * "float64", "int32", "int64", "uint8", "int8" or "bool". */
typedef struct lm_input_args {
    size_t size;
    const char *name, *dtype;
    bool trainable;
    union {
        int64_t input_shape[LM_MAX_RANK];
        int64_t shape[LM_MAX_RANK];             /* another name of input_shape, required */
    };
} lm_input_args;
#define LM_INPUT_DEFAULTS LM__LIST(LM_LAYER_DEFAULTS, .dtype = "float32")
lm_input_args lm_input_defaults(void);
lm_layer *lm_input_new(const lm_input_args *args);
#define lm_input(...) LM__WITH(lm_input_args, LM_INPUT_DEFAULTS, lm_input_new(&lm__a), __VA_ARGS__)
#endif

_Static_assert(offsetof(lm_input_args, shape) == offsetof(lm__layer_args, input_shape) &&
                   offsetof(lm_input_args, trainable) == offsetof(lm__layer_args, trainable),
               "laid out as LM_LAYER_FIELDS");

static lm_status check(const lm__configured *self)
{
    const lm_input_args *a = self->args;
    if (a->shape[0]) return LM_OK;
    return lm__fail(LM_INVALID, "InputLayer: the shape is missing, for example lm_input(.shape = {28, 28, 1})");
}

static lm_value *call(lm_layer *layer, const lm__layer_call *call, lm_value *x)
{
    (void)layer, (void)call;
    return x;
}

static const lm_input_args defaults = {.size = sizeof defaults, LM_INPUT_DEFAULTS};
static const lm__field fields[] = {
    LM__FIELD(lm_input_args, trainable, LM__FIELD_BOOL),
    LM__FIELD(lm_input_args, dtype, LM__FIELD_STRING, .choices = "float32|float64|int32|int64|uint8|int8|bool"),
    LM__FIELD(lm_input_args, shape, LM__FIELD_SHAPE),
    {0},
};

const lm__layer_class lm__layer_input = {
    .base = LM__LAYER_CLASS("InputLayer", defaults, fields, .check = check,
                            .ignored = "sparse=false|ragged=false|optional=false"),
    .call = call,
};

lm_input_args lm_input_defaults(void) { return defaults; }
lm_layer *lm_input_new(const lm_input_args *args) { return lm__layer_new(&lm__layer_input, args); }
