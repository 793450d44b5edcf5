/* tests/cli/make_digits.c: digits as a person has them: make_digits DIR writes DIR/NN-LABEL.png and .jpg, twenty of
 * MNIST's test digits: enlarged three to ten times, shifted on a larger sheet, every other one dark on light, some in
 * colour. DIR/one.npy has the first twenty as they are. */
#include <lamina/lamina.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 20, SIDE = 28 };

/* The digit's brightness where the sheet's pixel lies, between its pixels; 0 beside it. */
static double brightness(const lm_tensor *all, int digit, double y, double x)
{
    int top = (int)y - (y < 0), left = (int)x - (x < 0);
    double sum = 0;
    for (int i = 0; i < 4; i++) {
        int row = top + i / 2, column = left + i % 2;
        if (row < 0 || column < 0 || row >= SIDE || column >= SIDE) continue;
        double near = (1 - (y > row ? y - row : row - y)) * (1 - (x > column ? x - column : column - x));
        sum += near * lm_tensor_get(all, (size_t)((digit * SIDE + row) * SIDE + column));
    }
    return sum;
}

/* The sheet of a digit: all that varies follows from its number. */
static lm_tensor *sheet(const lm_tensor *all, int digit)
{
    int scale = 3 + digit % 8, height = SIDE * scale * 3 / 2 + digit * 7 % 50, width = SIDE * scale * 2;
    int top = (height - SIDE * scale) * (digit % 3) / 2, left = (width - SIDE * scale) * (digit % 5) / 4;
    int channels = digit % 4 == 3 ? 3 : 1, dark = digit % 2;
    lm_tensor *t = lm_tensor_new(LM_U8, 3, (int64_t[]){height, width, channels});
    unsigned char *to = lm_tensor_data(t);
    for (int i = 0; to && i < height; i++)
        for (int k = 0; k < width; k++) {
            double value = brightness(all, digit, (i - top) / (double)scale, (k - left) / (double)scale);
            for (int c = 0; c < channels; c++) {
                double shade = dark ? 245 - value * (c == 2 ? 0.6 : 0.9) : 8 + value * (c == 1 ? 0.7 : 0.95);
                *to++ = (unsigned char)(shade < 0 ? 0 : shade);
            }
        }
    return t;
}

int main(int argc, char **argv)
{
    char path[4096];
    lm_dataset *test;
    if (argc != 2 || lm_data_mnist(NULL, &test)) return fprintf(stderr, "%s\n", lm_last_error()), 1;
    lm_tensor *all = lm_data_array(test, 0), *labels = lm_data_array(test, 1);
    int failed = lm_failed(all) || lm_failed(labels);
    for (int i = 0; !failed && i < DIGITS; i++) {
        lm_tensor *t = sheet(all, i);
        snprintf(path, sizeof path, "%s/%02d-%d.%s", argv[1], i, (int)lm_tensor_get(labels, (size_t)i),
                 i % 5 == 4 ? "jpg" : "png");
        failed = lm_image_save(t, path) != LM_OK;
        lm_free(t);
    }
    lm_tensor *few = lm_tensor_slice(all, 0, DIGITS);
    snprintf(path, sizeof path, "%s/one.npy", argv[1]);
    if (!failed) failed = lm_tensor_save(few, path) != LM_OK;
    if (failed) fprintf(stderr, "%s\n", lm_last_error());
    lm_free(few), lm_free(all), lm_free(labels), lm_free(test);
    return failed;
}
