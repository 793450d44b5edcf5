/* tests/codec/codec_test.h: what the tests of the codecs share: bytes at hand, and damage of every kind. */
#ifndef LM_TESTS_CODEC_TEST_H
#define LM_TESTS_CODEC_TEST_H

#include "support/check.h"
#include "support/oom.h"

#include "base/alloc.h"
#include "base/file.h"
#include "tensor/tensor.h"
#include <lamina/runtime.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* A call under test on some bytes; gives its status and keeps nothing. */
typedef lm_status decode_fn(const void *data, size_t size);

/* The call failed as expected, with a message that has `part` in it. */
static inline void assert_fails(lm_status status, lm_status expected, const char *part)
{
    check_status(status, expected);
    check_contains(lm_last_error(), part);
}

/* A stored file of tests/data/codec; release with lm__free. */
static inline uint8_t *load_data(const char *name, size_t *size)
{
    char path[1024];
    uint8_t *data;
    snprintf(path, sizeof path, "%s/tests/data/codec/%s", LM_SOURCE_DIR, name);
    check_ok(lm__file_read(path, 1 << 26, &data, size));
    return data;
}

/* A path in a folder of this process's own, which remove_scratch empties. */
static inline const char *scratch(const char *name)
{
    static char folder[64], path[256];
    if (!folder[0]) {
        strcpy(folder, "/tmp/lamina-codec-XXXXXX");
        assert_non_null(mkdtemp(folder));
    }
    if (!name) return folder;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static inline int remove_scratch(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", scratch(NULL));
    return system(command);
}

/* Runs `fn` on bytes that end where their memory ends, so that a sanitizer sees every step beyond. */
static inline lm_status decode_exactly(decode_fn *fn, const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);
    assert_non_null(copy);
    memcpy(copy, data, size);
    size_t live = lm_memory().live;
    lm_status status = fn(copy, size);
    assert_int_equal(lm_memory().live, live);
    free(copy);
    return status;
}

/* Every beginning of the data must fail, without a leak. */
static inline void check_truncation(decode_fn *fn, const uint8_t *data, size_t size)
{
    check_ok(decode_exactly(fn, data, size));
    for (size_t n = 0; n < size; n++) {
        lm_status status = decode_exactly(fn, data, n);
        if (status == LM_OK) print_error("cut to %zu of %zu bytes, and nothing was said\n", n, size);
        assert_int_not_equal(status, LM_OK);
    }
}

/* Every `step`th byte altered in several ways: must return, without a leak; what it says is its own affair. Returns
 * how many were noticed. */
static inline size_t check_flips(decode_fn *fn, const uint8_t *data, size_t size, size_t step)
{
    static const uint8_t flips[] = {0xFF, 0x01, 0x80, 0x08};
    uint8_t *copy = malloc(size);
    size_t noticed = 0;
    assert_non_null(copy);
    memcpy(copy, data, size);
    for (size_t i = 0; i < size; i += step) {
        for (size_t k = 0; k < sizeof flips; k++) {
            copy[i] ^= flips[k];
            noticed += decode_exactly(fn, copy, size) != LM_OK;
            copy[i] ^= flips[k];
        }
    }
    free(copy);
    return noticed;
}

/* --- tensors ---------------------------------------------------------------------------------------------------- */

static inline void assert_shape(const lm_tensor *t, lm_dtype dtype, int rank, const int64_t *dims)
{
    check_ok(lm_status_of(t));
    assert_string_equal(lm_dtype_name(lm_tensor_dtype(t)), lm_dtype_name(dtype));
    assert_int_equal(lm_tensor_rank(t), rank);
    for (int i = 0; i < rank; i++) assert_int_equal(lm_tensor_dim(t, i), dims[i]);
}

static inline void assert_same_tensor(const lm_tensor *a, const lm_tensor *b)
{
    assert_shape(a, lm_tensor_dtype(b), lm_tensor_rank(b), lm_tensor_dims(b));
    assert_memory_equal(lm_tensor_read(a), lm_tensor_read(b), lm_tensor_bytes(b));
}

/* A tensor of small distinct numbers of any dtype. */
static inline lm_tensor *counting(lm_dtype dtype, int rank, const int64_t *dims)
{
    lm_tensor *t = lm_tensor_new(dtype, rank, dims);
    double least = dtype == LM_U8 ? 0 : -20;
    for (size_t i = 0; i < lm_tensor_size(t); i++)
        lm__store(dtype, lm_tensor_data(t), i, dtype == LM_BOOL ? (double)(i % 3 == 1) : least + (double)(i % 100));
    return t;
}

#endif
