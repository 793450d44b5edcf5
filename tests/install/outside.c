/* A program of somebody else's, built outside the tree against the installed library: learns exclusive or, and finds
 * the digits that were installed. Its one argument: the version it expects. */
#include <lamina/lamina.h>
#include <stdio.h>
#include <string.h>

static int learns(void)
{
    const float inputs[] = {0, 0, 0, 1, 1, 0, 1, 1}, answers[] = {0, 1, 1, 0};
    lm_tensor *x = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){4, 2}, inputs);
    lm_tensor *y = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){4, 1}, answers);
    lm_model *m = lm_sequential(lm_input(.shape = {2}), lm_dense(.units = 8, .activation = "tanh"),
                                lm_dense(.units = 1, .activation = "sigmoid"));
    lm_compile(m, .optimizer = lm_adam(.learning_rate = 0.1), .loss = "binary_crossentropy");
    lm_fit_arrays(m, x, y, .epochs = 200, .verbose = 0);
    lm_tensor *p = lm_predict_array(m, x);
    int right = 0;
    for (size_t i = 0; i < 4; i++) right += (lm_tensor_get(p, i) > 0.5) == (answers[i] > 0.5);
    if (lm_failed(m)) fprintf(stderr, "%s\n", lm_error(m));
    lm_free(p), lm_free(m), lm_free(x), lm_free(y);
    return right == 4;
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], lm_version()) != 0) {
        fprintf(stderr, "the library is version %s, not %s\n", lm_version(), argv[1]);
        return 1;
    }
    if (!learns()) return 1;
    lm_dataset *train, *test;
    lm_data_mnist(&train, &test);
    int failed = lm_failed(train) || lm_failed(test);
    puts(failed ? "no digits" : "digits");
    if (failed) fprintf(stderr, "%s\n", lm_last_error());
    lm_free(train), lm_free(test);
    return 0;
}
