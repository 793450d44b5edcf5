/* nn/losses/mean_squared_error.c: mean of (y_true - y_pred)². */
#include "nn/loss.h"
#include "ops/support.h"
#include <lamina/losses.h>

#ifdef LM_HEADER
/* MeanSquaredError: the mean of (y_true - y_pred)² over the last axis. */
typedef struct lm_loss_mean_squared_error_args {
    LM_LOSS_FIELDS;
} lm_loss_mean_squared_error_args;
#define LM_LOSS_MEAN_SQUARED_ERROR_DEFAULTS LM__LIST(LM_LOSS_DEFAULTS)
lm_loss_mean_squared_error_args lm_loss_mean_squared_error_defaults(void);
lm_loss *lm_loss_mean_squared_error_new(const lm_loss_mean_squared_error_args *args);
#define lm_loss_mean_squared_error(...)                                                                              \
    LM__WITH(lm_loss_mean_squared_error_args, LM_LOSS_MEAN_SQUARED_ERROR_DEFAULTS,                                   \
             lm_loss_mean_squared_error_new(&lm__a), __VA_ARGS__)
#endif

static lm_value *call(const lm_loss *self, lm_value *y_true, lm_value *y_pred)
{
    (void)self;
    return lm_op_mean(lm_op_square(lm_op_subtract(y_true, y_pred)), -1);
}

static const lm_loss_mean_squared_error_args defaults = {.size = sizeof defaults,
                                                         LM_LOSS_MEAN_SQUARED_ERROR_DEFAULTS};
static const lm__field fields[] = {
    LM__LOSS_FIELD_ROWS(lm_loss_mean_squared_error_args),
    {0},
};

const lm__loss_class lm__loss_mean_squared_error = {
    .base = LM__LOSS_CLASS("MeanSquaredError", "mse|MSE", defaults, fields),
    .call = call,
};

lm_loss_mean_squared_error_args lm_loss_mean_squared_error_defaults(void) { return defaults; }
lm_loss *lm_loss_mean_squared_error_new(const lm_loss_mean_squared_error_args *args)
{
    return lm__loss_new(&lm__loss_mean_squared_error, args);
}
