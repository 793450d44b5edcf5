/* tests/fuzz/fuzz_csv.c: tables of text, with the last column and then the first as the target. */
#include "fuzz.h"

#include "data/csv.h"

static void use_table(const uint8_t *data, size_t size, const char *target, const char *skip)
{
    lm_data_from_csv_args args = lm_data_from_csv_defaults();
    args.target = target, args.skip[0] = skip;
    lm_dataset *ds = lm__data_csv("fuzz.csv", data, size, &args);
    if (!lm_failed(ds))
        for (int i = 0; i < lm_data_tensors(ds); i++) use_tensor(lm_data_array(ds, i));
    lm_free(ds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const TARGETS[] = {"y", "kind", "1", "3", NULL};
    for (size_t i = 0; i < sizeof TARGETS / sizeof *TARGETS; i++)
        use_table(data, size, TARGETS[i], i % 2 ? "2" : NULL);
    check_memory();
    return 0;
}
