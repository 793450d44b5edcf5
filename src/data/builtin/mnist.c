/* data/builtin/mnist.c: handwritten digits (LeCun, Cortes, Burges). */
#include "data/builtin/builtin.h"

static const char *const CLASSES[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

const lm__builtin lm__builtin_mnist = {
    .name = "mnist",
    .folder = "mnist",
    .how_to_get = "it comes with Lamina's sources, in data/: set LAMINA_DATA to that folder",
    .classes = CLASSES,
    .class_count = 10,
    .preparation = "digits",
    .files = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
              "t10k-labels-idx1-ubyte"},
    .load = lm__builtin_load_idx,
};

lm_status lm_data_mnist(lm_dataset **train, lm_dataset **test)
{
    return lm__builtin_load(&lm__builtin_mnist, train, test);
}
