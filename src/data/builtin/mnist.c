/* data/builtin/mnist.c: handwritten digits (LeCun, Cortes, Burges). */
#include "data/builtin/builtin.h"

static const char *const CLASSES[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

const lm__builtin lm__builtin_mnist = {
    .about = {
        .name = "mnist",
        .files = 4,
        .file = {"train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
                  "t10k-labels-idx1-ubyte"},
        .sha256 = {"ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                   "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                   "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                   "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"},
        .bytes = {47040016, 60008, 7840016, 10008},
        .title = "70,000 handwritten digits, grey, 28 x 28 pixels, 10 classes",
        .source = "LeCun, Cortes, Burges: The MNIST database, made from NIST's Special Databases 1 and 3",
        .licence = "CC BY-SA 3.0",
    },
    .folder = "mnist",
    .how_to_get = "it comes with Lamina's sources, in data/: set LAMINA_DATA to that folder; or \"lamina datasets\" "
                  "says how it is downloaded",
    .classes = CLASSES,
    .class_count = 10,
    .preparation = "digits",
    .urls = {"https://storage.googleapis.com/cvdf-datasets/mnist/", "https://ossci-datasets.s3.amazonaws.com/mnist/"},
    .load = lm__builtin_load_idx,
};

lm_status lm_data_mnist(lm_dataset **train, lm_dataset **test)
{
    return lm__builtin_load(&lm__builtin_mnist, train, test);
}
