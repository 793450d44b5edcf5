/* tests/fuzz/fuzz_hdf5.c: HDF5 files: the tree, every dataset, and attributes of the stored files' names. */
#include "fuzz.h"

#include "base/alloc.h"
#include "codec/hdf5.h"
#include <stdio.h>
#include <string.h>

static void use_attributes(const lm__h5 *h5, const char *path)
{
    static const char *const NAMES[] = {"list", "fixed", "dtype", "text", "long"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        lm__h5_strings strings;
        char *text;
        if (lm__h5_strings_of(h5, path, NAMES[i], &strings) == LM_OK) {
            volatile size_t length = 0;
            for (size_t k = 0; k < strings.count; k++) length += strlen(strings.items[k]);
            (void)length;
            lm__free(strings.items);
        }
        if (lm__h5_string(h5, path, NAMES[i], &text) == LM_OK) lm__free(text);
    }
}

/* `budget`: hard links can make a tree of a few KB look large to who walks it by paths. */
static void use_group(const lm__h5 *h5, const char *path, int *budget)
{
    const char *const *names;
    size_t count;
    use_attributes(h5, path);
    if (lm__h5_list(h5, path, &names, &count) != LM_OK) return;
    for (size_t i = 0; i < count && (*budget)-- > 0; i++) {
        char child[2000];
        if (snprintf(child, sizeof child, "%s/%s", path, names[i]) >= (int)sizeof child) continue;
        lm__h5_kind kind = lm__h5_kind_of(h5, child);
        if (kind == LM__H5_NOTHING) abort();
        if (kind == LM__H5_GROUP) {
            use_group(h5, child, budget);
        } else {
            use_attributes(h5, child);
            use_tensor(lm__h5_read(h5, child));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lm__h5 *h5;
    int budget = 300;
    if (lm__h5_open("fuzz.h5", data, size, &h5) == LM_OK) {
        use_group(h5, "", &budget);
        lm__h5_close(h5);
    }
    check_memory();
    return 0;
}
