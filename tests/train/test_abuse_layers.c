/* tests/train/test_abuse_layers.c: models drawn from layers with arguments that mostly make no sense, trained on data
 * that mostly do not fit. Nothing may crash, hang or leak, and now and then a model must train. */
#include "support/check.h"
#include "support/abuse.h"

#include <lamina/lamina.h>
#include <math.h>

enum { LIMIT = 4 << 20, MODELS = 4000, ROWS = 5 };

/* One argument in so many is bad: few in some models, so that a bad one meets sound ones, many in others. */
static uint64_t one_in;

static int64_t size(void) { return abuse_below(one_in) ? 1 + (int64_t)abuse_below(4) : abuse_number(); }
static double rate(double usual) { return abuse_below(one_in) ? usual : abuse_double(); }
static const char *text(const char *usual) { return abuse_below(one_in) ? usual : abuse_text(); }
static bool yes(void) { return abuse_below(2); }

static const char *activation(void)
{
    static const char *const all[] = {NULL,   "relu", "softmax",  "tanh",       "elu",
                                      "selu", "gelu", "softplus", "log_softmax"};
    return text(all[abuse_below(sizeof all / sizeof *all)]);
}

static lm_layer *pooling(uint64_t kind)
{
    const char *padding = text(yes() ? "same" : "valid");
    switch (kind) {
    case 0: return lm_max_pooling2d(.pool_size = {size(), size()}, .strides = {size(), size()}, .padding = padding);
    case 1: return lm_average_pooling2d(.pool_size = {size(), size()}, .padding = padding);
    case 2: return lm_global_average_pooling2d(.keepdims = yes());
    default: return lm_global_max_pooling2d(.keepdims = yes());
    }
}

static lm_layer *weighted(uint64_t kind)
{
    switch (kind) {
    case 0:
        return lm_conv2d(.filters = size(), .kernel_size = {size(), size()}, .strides = {size(), size()},
                         .padding = text(yes() ? "same" : "valid"), .dilation_rate = {size(), size()},
                         .groups = yes() ? 1 : size(), .activation = activation(), .use_bias = yes(),
                         .kernel_initializer = text("he_normal"), .dtype = text("float32"));
    case 1:
        return lm_batch_normalization(.axis = abuse_below(4) ? -1 : size(), .momentum = rate(0.9),
                                      .epsilon = rate(1e-3),
                                      .center = yes(), .scale = yes(), .gamma_initializer = text("ones"));
    case 2:
        return lm_normalization(.axis = {abuse_below(4) ? -1 : size(), yes() ? 0 : size()}, .invert = yes(),
                                .mean = yes() ? NULL : lm_tensor_scalar(LM_F32, rate(1)),
                                .variance = yes() ? NULL : lm_tensor_scalar(LM_F64, rate(1)));
    case 3:
        return lm_conv2d_transpose(.filters = size(), .kernel_size = {size(), size()}, .strides = {size(), size()},
                                   .padding = text(yes() ? "same" : "valid"),
                                   .output_padding = {yes() ? LM_ANY : size(), yes() ? LM_ANY : size() / 2},
                                   .dilation_rate = {yes() ? 1 : size(), 1}, .activation = activation());
    case 4:
        return lm_embedding(.input_dim = 4 * size(), .output_dim = size(), .embeddings_initializer = text("uniform"));
    case 5:
        return lm_lstm(.units = size(), .activation = text(yes() ? "tanh" : activation()), .use_bias = yes(),
                       .recurrent_activation = text(yes() ? "sigmoid" : activation()), .return_sequences = yes(),
                       .go_backwards = yes(), .unit_forget_bias = yes(), .dropout = rate(0.25));
    default:
        return lm_dense(.units = size(), .activation = activation(), .use_bias = yes(), .dtype = text("float32"),
                        .name = text(NULL), .trainable = yes(), .input_shape = {abuse_below(4) ? 0 : size()},
                        .kernel_initializer_object = yes() ? NULL : lm_init_random_normal(.stddev = rate(0.1)));
    }
}

static lm_layer *layer(void)
{
    switch (abuse_below(12)) {
    case 0: return lm_flatten();
    case 1: return lm_dropout(.rate = rate(0.5));
    case 2: return lm_relu(.max_value = rate(6), .negative_slope = rate(0), .threshold = rate(0));
    case 3: return lm_softmax(.axis = abuse_below(one_in) ? -1 : abuse_number());
    case 4: return lm_reshape(.target_shape = {yes() ? LM_ANY : size(), size(), size()});
    case 5: return lm_rescaling(.scale = rate(0.1), .offset = rate(0));
    case 6: return lm_activation(.activation = activation());
    case 7: return pooling(abuse_below(4));
    case 8: return abuse_below(one_in) == 0 ? lm_input(.shape = {size(), size(), size()}) : lm_flatten();
    default: return weighted(abuse_below(7));
    }
}

static lm_optimizer *optimizer(void)
{
    switch (abuse_below(5)) {
    case 0: return lm_sgd(.momentum = rate(0.9), .nesterov = yes(), .learning_rate = rate(0.01));
    case 1: return lm_adam(.beta_1 = rate(0.9), .amsgrad = yes(), .clipnorm = rate(1), .use_ema = yes());
    case 2: return lm_rmsprop(.rho = rate(0.9), .momentum = rate(0), .centered = yes(), .clipvalue = rate(1));
    case 3: return lm_adamw(.weight_decay = rate(0.01), .global_clipnorm = rate(1), .epsilon = rate(1e-7));
    default: return NULL;
    }
}

static const char *loss(void)
{
    static const char *const all[] = {"mse", "mae", "binary_crossentropy", "categorical_crossentropy",
                                      "sparse_categorical_crossentropy"};
    return text(all[abuse_below(5)]);
}

/* Random numbers in a shape with a few dimensions; sometimes of no shape at all. */
static lm_tensor *data(const lm_model *m, bool output)
{
    int64_t dims[LM_MAX_RANK] = {abuse_below(one_in) ? ROWS : abuse_number()};
    lm_dtype type = abuse_below(one_in / 2) ? LM_F32 : (lm_dtype)abuse_below(LM_DTYPE_COUNT);
    int64_t own[LM_MAX_RANK];
    int rank = output ? lm_model_output(m, NULL, own) : lm_model_input(m, NULL, own);
    if (rank < 1 || abuse_below(one_in) == 0) rank = 1 + (int)abuse_below(4), own[1] = own[2] = own[3] = size();
    if (output && rank > 1 && yes()) rank--;
    for (int i = 1; i < rank; i++) dims[i] = own[i] == LM_ANY ? size() : own[i];
    lm_tensor *zero = lm_tensor_new(type, rank, dims);
    for (size_t i = 0; type == LM_F32 && i < lm_tensor_size(zero); i++)
        ((float *)lm_tensor_data(zero))[i] = (float)(i % 3);
    return zero;
}

static int trained;

static void one_model(void)
{
    one_in = (uint64_t[]){4, 20, 80, 400}[abuse_below(4)];
    int64_t first = 1 + (int64_t)abuse_below(6);
    lm_layer *list[6] = {abuse_below(one_in) ? lm_input(.shape = {first, size(), size()}) : layer()};
    size_t count = 1 + abuse_below(5);
    for (size_t i = 1; i < count; i++) list[i] = layer();
    lm_model *m = lm_sequential_new(count, list);
    if (abuse_below(4) == 0) lm_sequential_add(m, layer());
    lm_compile(m, .optimizer = optimizer(), .loss = loss(),
               .metrics = {text("accuracy"), yes() ? NULL : text("mae")});
    lm_tensor *x = data(m, false), *y = data(m, true), *w = yes() ? NULL : data(m, true);
    lm_fit_arrays(m, x, y, .epochs = 2, .batch_size = 2, .verbose = 0, .validation_split = yes() ? 0 : 0.4);
    trained += !lm_failed(m);
    lm_clear(m);
    lm_train_on_batch(m, x, y, w), lm_clear(m);
    lm_evaluate_arrays(m, x, y), lm_clear(m);
    lm_free(lm_predict_array(m, x));
    lm_summary(m, .memory = yes()), lm_clear(m);
    if (abuse_below(8) == 0) lm_save(m, "/dev/null");
    lm_free(m), lm_free(x), lm_free(y), lm_free(w);
}

static void drop(void *user, const char *written, size_t bytes)
{
    (void)user, (void)written, (void)bytes;
}

static void wild_models(void **state)
{
    (void)state;
    abuse_limit(LIMIT);
    lm_set_sink(drop, NULL, false);
    abuse_seed(1);
    for (int i = 0; i < 10; i++) one_model();       /* what is made once in a process */
    size_t before = lm_memory().live;
    for (int i = 0; i < MODELS; i++) {
        abuse_seed((uint64_t)i);
        one_model();
        size_t after = lm_memory().live;
        if (after != before) fail_msg("model %d: %zu bytes before, %zu after", i, before, after);
    }
    lm_set_sink(NULL, NULL, false);
    abuse_limit(0);
    print_message("%d of %d models were trained\n", trained, MODELS);
    assert_true(trained > MODELS / 20);
}

RUN(cmocka_unit_test(wild_models))
