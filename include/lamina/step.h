/* lamina/step.h: a training step of your own: models, losses and optimizers in one graph (graph.h). What lm_fit
 * cannot say is written like this; here a GAN, generator G against discriminator D:
 *
 *     lm_graph *g = lm_graph_new();
 *     lm_value *x = lm_placeholder(g, "x", LM_F32, LM_ANY, 28, 28, 1);
 *     lm_value *z = lm_op_random_normal(lm_seed_next(g, seeds), .shape = {LM_ANY, 64}, .like = x);
 *     lm_value *fake = lm_model_call(G, z, .training = true);
 *     lm_value *yes = lm_model_call(D, x, .training = true), *no = lm_model_call(D, fake, .training = true);
 *     lm_value *loss_g = lm_loss_call(bce, lm_op_full_like(no, 1), no, NULL);
 *     lm_value *loss_d = lm_op_add(lm_loss_call(bce, lm_op_full_like(yes, 1), yes, NULL),
 *                                  lm_loss_call(bce, lm_op_full_like(no, 0), no, NULL));
 *     lm_optimizer_minimize(adam_g, loss_g, G);
 *     lm_optimizer_minimize(adam_d, loss_d, D);
 *     lm_function *step = lm_function(.graph = g, .inputs = {x}, .outputs = {loss_d, loss_g},
 *                                     .guard = lm_op_logical_and(lm_op_isfinite(loss_d), lm_op_isfinite(loss_g)));
 *
 * Values never change: a loss is made of the weights that were current when the models were called, so both
 * gradients above are those of one moment, whichever update is written first.
 *
 * Ownership: nothing is taken over; a graph and its functions retain the variables they use. Errors: as in graph.h;
 * the first one is recorded on the graph (and by lm_function), models and optimizers stay as they were. Threads: a
 * graph is built by one thread. While lm_function_run changes a model's weights, no other thread may use that
 * model. */
#ifndef LAMINA_STEP_H
#define LAMINA_STEP_H

#include <lamina/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* --- models */

/* The model's output for x as a value of x's graph. `training`: dropout drops, batch normalization goes by the
 * batch's statistics and moves its own, in the order of the calls; otherwise as lm_predict. x: (N, …) of any type,
 * which is cast to the model's; a model that is not built yet is built for it. `key` (int64 {seed, step}) is what
 * random layers draw by; left out, each call with `training` takes the model's next one: two calls in a graph draw
 * differently, and so do two runs. */
typedef struct lm_model_call_args {
    size_t size;
    bool training;
    lm_value *key;
} lm_model_call_args;
#define LM_MODEL_CALL_DEFAULTS LM__LIST(.training = false)
lm_model_call_args lm_model_call_defaults(void);
lm_value *lm_model_call_with(lm_model *model, lm_value *x, const lm_model_call_args *args);
#define lm_model_call(model, x, ...)                                                                             \
    LM__WITH(lm_model_call_args, LM_MODEL_CALL_DEFAULTS, lm_model_call_with((model), (x), &lm__a), __VA_ARGS__)

/* The weights that training changes, in the order of Keras's trainable_weights: without those of layers made with
 * .trainable = false, and without moving statistics. The variable is borrowed; NULL where there is none. */
int lm_trainable_weights(const lm_model *model);
lm_variable *lm_trainable_weight(const lm_model *model, int index);

/* --- losses */

/* The loss of predictions against targets, as lm_fit computes it: ranks matched, weighted (sample_weight may be
 * NULL), then reduced: a scalar, or the values with .reduction = "none". */
lm_value *lm_loss_call(const lm_loss *loss, lm_value *y_true, lm_value *y_pred, lm_value *sample_weight);

/* --- optimizers */

/* Assigns the variables their next values from their gradients, as in lm_fit: clipping, decay, the rule, averages.
 * gradients[i] has the type and shape of variables[i]. The optimizer keeps its own state (momentums, the number of
 * steps) for the variables of its first call; later ones, in this graph or another, must bring the same. */
lm_status lm_optimizer_apply(lm_optimizer *optimizer, int n, lm_variable *const *variables,
                             lm_value *const *gradients);

/* lm_gradients of the loss with respect to the model's trainable weights, and lm_optimizer_apply. LM_INVALID if the
 * loss depends on none of them: not on the model, or only on weights that were assigned since it was called. */
lm_status lm_optimizer_minimize(lm_optimizer *optimizer, lm_value *loss, lm_model *model);

/* The learning rate, which later runs go by; not to be set while one is under way. NaN for a failed optimizer. */
double lm_optimizer_learning_rate(const lm_optimizer *optimizer);
lm_status lm_optimizer_set_learning_rate(lm_optimizer *optimizer, double rate);

/* --- random numbers */

/* Keras's SeedGenerator: a variable, int64 {seed, draws made}, from which random ops get keys. New reference. */
lm_variable *lm_seed_generator(uint64_t seed);
/* A key for random ops; each call gives another one, and each run of the function too. The same seed, the same
 * numbers. */
lm_value *lm_seed_next(lm_graph *graph, lm_variable *seed_generator);

#ifdef __cplusplus
}
#endif
#endif
