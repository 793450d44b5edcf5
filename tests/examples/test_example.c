/* What examples share: a history as a table has a line for each epoch, however many there are. */
#include "support/check.h"

#include "example.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { EPOCHS = 4000 };

static void long_history(void **state)
{
    char folder[] = "/tmp/lamina-example-XXXXXX", line[256], first[256];
    (void)state;
    assert_non_null(mkdtemp(folder));
    example run = {.name = "test", .out = folder};
    lm_model *m = lm_sequential(lm_input(.shape = {1}), lm_dense(.units = 1));
    lm_tensor *x = lm_tensor_copy_of(LM_F32, 2, (int64_t[]){1, 1}, (float[]){1});
    lm_compile(m, .optimizer = lm_sgd(.learning_rate = 0.001), .loss = "mse", .metrics = {"mae"});
    const lm_history *history = lm_fit_arrays(m, x, x, .epochs = EPOCHS, .verbose = 0);
    assert_string_equal(lm_error(m), "");
    assert_int_equal(example_save_history(&run, history), 0);
    FILE *f = fopen(example_path(&run, "history.csv"), "r");
    assert_non_null(f);
    int lines = 0, columns = lm_history_columns(history);
    for (; fgets(line, sizeof line, f); lines++) {
        int commas = 0;
        for (const char *c = line; *c; c++) commas += *c == ',';
        assert_int_equal(commas, columns);
        if (!lines) strcpy(first, line);
    }
    fclose(f);
    assert_string_equal(first, "epoch,loss,mae\n");
    assert_int_equal(lines, 1 + EPOCHS);
    assert_int_equal(atoi(line), EPOCHS);       /* the last line */
    unlink(example_path(&run, "history.csv"));
    rmdir(folder);
    lm_free(m), lm_free(x);
}

RUN(cmocka_unit_test(long_history))
