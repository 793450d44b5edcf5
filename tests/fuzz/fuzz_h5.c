/* tests/fuzz/fuzz_h5.c: Keras's legacy files: whole models, and weights into a model that is there. */
#include "fuzz.h"

#include "base/view.h"
#include "formats/files.h"
#include "formats/h5.h"
#include <lamina/lamina.h>

/* The layers of tests/data/formats/adam.h5 that have weights. */
static lm_model *target(void)
{
    lm_model *m = lm_sequential(lm_input(.shape = {6, 6, 1}), lm_conv2d(.filters = 4, .kernel_size = {3}),
                                lm_batch_normalization(), lm_max_pooling2d(), lm_flatten(), lm_dense(.units = 6),
                                lm_dense(.units = 3));
    lm_compile(m, .optimizer = lm_adam(), .loss = "mse");
    return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    lm_load_args args = lm_load_defaults();
    lm__view *view;
    lm_free(lm__model_decode("fuzz.h5", data, size, &args));
    if (lm__view_of(data, size, &view) == LM_OK) {
        lm_model *m = target();
        lm__weights_read(m, "fuzz.h5", view);
        lm_free(m);
        lm__view_close(view);
    }
    check_memory();
    return 0;
}
