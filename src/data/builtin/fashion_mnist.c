/* data/builtin/fashion_mnist.c: articles of clothing (Xiao, Rasul, Vollgraf; Zalando), in MNIST's layout. */
#include "data/builtin/builtin.h"

static const char *const CLASSES[] = {"T-shirt/top", "Trouser", "Pullover", "Dress",   "Coat",
                                      "Sandal",      "Shirt",   "Sneaker",  "Bag",     "Ankle boot"};

const lm__builtin lm__builtin_fashion_mnist = {
    .name = "fashion_mnist",
    .folder = "fashion-mnist",
    .how_to_get = "on Debian: apt-get install dataset-fashion-mnist",
    .classes = CLASSES,
    .class_count = 10,
    .preparation = "resize",
    .files = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
              "t10k-labels-idx1-ubyte"},
    .load = lm__builtin_load_idx,
};

lm_status lm_data_fashion_mnist(lm_dataset **train, lm_dataset **test)
{
    return lm__builtin_load(&lm__builtin_fashion_mnist, train, test);
}
