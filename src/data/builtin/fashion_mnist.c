/* data/builtin/fashion_mnist.c: articles of clothing (Xiao, Rasul, Vollgraf; Zalando), in MNIST's layout. */
#include "data/builtin/builtin.h"

static const char *const CLASSES[] = {"T-shirt/top", "Trouser", "Pullover", "Dress",   "Coat",
                                      "Sandal",      "Shirt",   "Sneaker",  "Bag",     "Ankle boot"};

const lm__builtin lm__builtin_fashion_mnist = {
    .about = {
        .name = "fashion_mnist",
        .files = 4,
        .file = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                  "t10k-labels-idx1-ubyte"},
        .sha256 = {"c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
                   "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
                   "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
                   "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"},
        .bytes = {47040016, 60008, 7840016, 10008},
        .title = "70,000 pictures of clothes and shoes, grey, 28 x 28 pixels, 10 classes",
        .source = "Zalando Research: Xiao, Rasul, Vollgraf: Fashion-MNIST, 2017",
        .licence = "MIT",
    },
    .folder = "fashion-mnist",
    .how_to_get = "on Debian: apt-get install dataset-fashion-mnist; or \"lamina datasets\" says how it is "
                  "downloaded",
    .classes = CLASSES,
    .class_count = 10,
    .preparation = "resize",
    .urls = {"http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"},
    .load = lm__builtin_load_idx,
};

lm_status lm_data_fashion_mnist(lm_dataset **train, lm_dataset **test)
{
    return lm__builtin_load(&lm__builtin_fashion_mnist, train, test);
}
