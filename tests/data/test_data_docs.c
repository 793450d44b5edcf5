/* tests/data/test_data_docs.c: the example of docs/data.md, word for word. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/file.h"
#include <lamina/data.h>
#include <stdio.h>

/* Moves a picture one pixel to the left, the right, or not at all; its label stays. */
static lm_status jitter(void *user, uint64_t random, lm_tensor *const *in, lm_tensor *const *out)
{
    (void)user;
    const uint8_t *from = lm_tensor_read(in[0]);
    uint8_t *to = lm_tensor_data(out[0]);
    int shift = (int)(random % 3) - 1;
    for (int row = 0; row < 28; row++)
        for (int col = 0; col < 28; col++) {
            int source = col + shift;
            to[28 * row + col] = source < 0 || source > 27 ? 0 : from[28 * row + source];
        }
    memcpy(lm_tensor_data(out[1]), lm_tensor_read(in[1]), lm_tensor_bytes(in[1]));
    return LM_OK;
}

/* Reads MNIST, keeps the last 10,000 pictures for validation, and goes through the rest twice. */
static int64_t two_epochs(void)
{
    int64_t seen = 0;
    lm_dataset *train, *test;
    lm_data_mnist(&train, &test);

    lm_dataset *validation = lm_data_batch(lm_data_skip(lm_retain(train), 50000), 100, false);
    train = lm_data_shuffle(lm_data_take(train, 50000), 1);
    train = lm_data_map(train, jitter, NULL, 0, NULL);
    train = lm_data_prefetch(lm_data_batch(train, 32, false), 4);

    lm_tensor *batch[LM_DATA_MAX_TENSORS];
    lm_iterator *it = lm_data_iterate(train, 0, 0);
    for (int epoch = 0; epoch < 2; epoch++) {
        lm_iterator_restart(it, epoch);
        while (lm_iterator_next(it, batch) > 0)     /* batch[0]: (32, 28, 28, 1), batch[1]: (32,); the last one 16 */
            seen += lm_tensor_dim(batch[0], 0);
    }
    if (lm_failed(it)) fprintf(stderr, "%s\n", lm_error(it));
    lm_free(it), lm_free(train), lm_free(validation), lm_free(test);
    return seen;
}

static void example_runs(void **state)
{
    (void)state;
    assert_int_equal(two_epochs(), 100000);
}

/* The page's only block of code is a part of this file. */
static void example_is_this_one(void **state)
{
    (void)state;
    static const char begin[] = "```c\n", end[] = "```\n";
    uint8_t *page, *here;
    size_t bytes;
    check_ok(lm__file_read(LM_SOURCE_DIR "/docs/data.md", 1 << 20, &page, &bytes));
    check_ok(lm__file_read(LM_SOURCE_DIR "/tests/data/test_data_docs.c", 1 << 20, &here, &bytes));
    char *code = strstr((char *)page, begin);
    assert_non_null(code);
    code += strlen(begin);
    char *stop = strstr(code, end);
    assert_non_null(stop);
    assert_true(stop - code > 500);
    *stop = '\0';
    assert_non_null(strstr((char *)here, code));
    lm__free(page), lm__free(here);
}

RUN(cmocka_unit_test(example_runs), cmocka_unit_test(example_is_this_one))
