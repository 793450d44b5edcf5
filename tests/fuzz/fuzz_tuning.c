/* tests/fuzz/fuzz_tuning.c: what --tune keeps. */
#include "fuzz.h"

#include "plan/tune.h"
#include <jansson.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *root;
    if (lm__tune_file_parse("fuzz.json", data, size, &root) == LM_OK) json_decref(root);
    check_memory();
    return 0;
}
