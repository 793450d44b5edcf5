/* Philox4x32-10 against the known answers published with Random123, and its keying. */
#include "support/check.h"

#include "base/philox.h"

static void the_published_answers(void **state)
{
    (void)state;
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8}},
        {{~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}, {0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD}},
        {{0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344}, {0xA4093822, 0x299F31D0},
         {0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        uint32_t out[4];
        lm__philox(known[i].counter, known[i].key, out);
        assert_memory_equal(out, known[i].out, sizeof out);
    }
}

static void every_part_of_the_key_counts(void **state)
{
    (void)state;
    uint64_t parts[5][4] = {{1, 2, 3, 4}, {9, 2, 3, 4}, {1, 9, 3, 4}, {1, 2, 9, 4}, {1, 2, 3, 9}};
    uint32_t out[5][4], again[4];
    for (int i = 0; i < 5; i++) lm__philox_block(parts[i][0], parts[i][1], parts[i][2], parts[i][3], out[i]);
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < i; j++) assert_memory_not_equal(out[i], out[j], sizeof *out);
    lm__philox_block(1, 2, 3, 4, again);
    assert_memory_equal(again, out[0], sizeof again);
}

static void bits_are_balanced(void **state)
{
    (void)state;
    enum { BLOCKS = 20000 };
    int ones[128] = {0};
    for (uint64_t block = 0; block < BLOCKS; block++) {
        uint32_t out[4];
        lm__philox_block(7, lm__stream("dense_1/kernel"), 0, block, out);
        for (int bit = 0; bit < 128; bit++) ones[bit] += out[bit / 32] >> bit % 32 & 1;
    }
    for (int bit = 0; bit < 128; bit++) assert_in_range(ones[bit], BLOCKS / 2 - 425, BLOCKS / 2 + 425); /* 6 sigma */
}

static void streams_follow_from_names(void **state)
{
    (void)state;
    assert_true(lm__stream("") == 0xCBF29CE484222325u);
    assert_true(lm__stream("a") == 0xAF63DC4C8601EC8Cu);       /* the published FNV-1a of "a" */
    assert_true(lm__stream("dense/kernel") != lm__stream("dense/bias"));
}

RUN(cmocka_unit_test(the_published_answers), cmocka_unit_test(every_part_of_the_key_counts),
    cmocka_unit_test(bits_are_balanced), cmocka_unit_test(streams_follow_from_names))
