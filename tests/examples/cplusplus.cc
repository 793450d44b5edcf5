/* tests/examples/cplusplus.cc: Lamina from C++: a net learns exclusive or, without the macros that C++ lacks. */
#include <cstdio>
#include <lamina/lamina.h>

static lm_layer *dense(int64_t units, const char *activation)
{
    lm_dense_args args = lm_dense_defaults();
    args.units = units, args.activation = activation;
    return lm_dense_new(&args);
}

int main()
{
    lm_input_args input = lm_input_defaults();
    input.shape[0] = 2;
    lm_layer *layers[] = {lm_input_new(&input), dense(8, "tanh"), dense(1, "sigmoid")};
    lm_model *model = lm_sequential_new(3, layers);

    lm_adam_args adam = lm_adam_defaults();
    adam.learning_rate = 0.1;
    lm_compile_args compile = lm_compile_defaults();
    compile.optimizer = lm_adam_new(&adam), compile.loss = "binary_crossentropy", compile.metrics[0] = "accuracy";
    lm_compile_with(model, &compile);

    const float inputs[] = {0, 0, 0, 1, 1, 0, 1, 1}, targets[] = {0, 1, 1, 0};
    const int64_t inputs_shape[] = {4, 2}, targets_shape[] = {4, 1};
    lm_tensor *x = lm_tensor_copy_of(LM_F32, 2, inputs_shape, inputs);
    lm_tensor *y = lm_tensor_copy_of(LM_F32, 2, targets_shape, targets);
    lm_fit_args fit = lm_fit_defaults();
    fit.epochs = 100, fit.verbose = 0;
    lm_fit_arrays_with(model, x, y, &fit);
    double accuracy = lm_get(lm_evaluate_arrays(model, x, y), "accuracy");
    int failed = lm_failed(model) || !(accuracy == 1);
    if (failed) std::fprintf(stderr, "accuracy %g %s\n", accuracy, lm_error(model));
    lm_free(model), lm_free(x), lm_free(y);
    return failed;
}
