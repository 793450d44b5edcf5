/* tests/fuzz/fuzz_json.c: configurations, and the training configurations of Keras 2. Weights are bounded as those of
 * a file are: a text may ask for all memory there is, and a program that builds from one gets it. */
#include "fuzz.h"

#include "formats/h5.h"
#include "formats/keras.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    json_t *config;
    if (lm__json_read("fuzz.json", data, size, &config) == LM_OK) {
        lm_model *m = lm__keras_model_of_file(config, 1 << 20);
        json_t *compile = json_object_get(config, "compile_config");
        json_t *old = lm__keras2_compile(compile ? compile : config);
        if (!lm_failed(m)) {
            lm__keras_try_compile(m, old);
            lm__keras_try_compile(m, compile);
            json_decref(lm__keras_config(m));
        }
        json_decref(old);
        lm_free(m);
        json_decref(config);
    }
    check_memory();
    return 0;
}
