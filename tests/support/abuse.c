/* tests/support/abuse.c: see abuse.h. */
#include "support/abuse.h"

#include <lamina/runtime.h>
#include <math.h>
#include <stdlib.h>

static uint64_t state;
static size_t limit;

void abuse_seed(uint64_t seed) { state = seed * 0x9E3779B97F4A7C15u + 1; }

static uint64_t next(void)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return state * 0x2545F4914F6CDD1Du;
}

uint64_t abuse_below(uint64_t n) { return (next() >> 11) % n; }

int64_t abuse_number(void)
{
    static const int64_t odd[] = {-1,        -2,        INT64_MIN,        INT64_MAX, INT64_MIN + 1,
                                  INT32_MAX, INT32_MIN, (int64_t)1 << 40, 65536};
    if (abuse_below(4)) return (int64_t)abuse_below(6);
    return odd[abuse_below(sizeof odd / sizeof *odd)];
}

double abuse_double(void)
{
    static const double odd[] = {NAN, INFINITY, -INFINITY, -1, 0, 1, 0.5, 1e300, -1e-300, 7};
    return odd[abuse_below(sizeof odd / sizeof *odd)];
}

const char *abuse_text(void)
{
    static const char *const odd[] = {NULL,
                                      "",
                                      "relu",
                                      "softmax",
                                      "same",
                                      "valid",
                                      "float64",
                                      "int8",
                                      "dense",
                                      "Dense",
                                      "/",
                                      "a/b",
                                      "\xff\xfe",
                                      "{}",
                                      "null",
                                      "{\"units\": -1}",
                                      "{\"units\": 3}",
                                      "[",
                                      "mse",
                                      "accuracy",
                                      "sparse_categorical_crossentropy",
                                      "adam",
                                      "zeros",
                                      "%s%n",
                                      "mnist",
                                      "sum",
                                      "none",
                                      "a name that is much longer than any buffer which somebody may have thought to "
                                      "be long enough for a name, and then some "
                                      "more, and more, and more, and more, and more, and more, and more, and more, "
                                      "and more, and more, and more, and more"};
    return odd[abuse_below(sizeof odd / sizeof *odd)];
}

static void *allocate(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    return bytes > limit ? NULL : aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void release(void *user, void *pointer, size_t bytes)
{
    (void)user, (void)bytes;
    free(pointer);
}

void abuse_limit(size_t bytes)
{
    limit = bytes;
    lm_set_allocator(bytes ? &(lm_allocator){allocate, release, NULL} : NULL);
}
