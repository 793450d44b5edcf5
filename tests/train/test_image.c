/* tests/train/test_image.c: pictures made fit for a model; digits as a person has them are read by one. */
#include "support/check.h"
#include "support/oom.h"

#include "data/picture.h"
#include <lamina/lamina.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static lm_tensor *picture(int64_t h, int64_t w, int64_t c, const uint8_t *values)
{
    return lm_tensor_copy_of(LM_U8, 3, (int64_t[]){h, w, c}, values);
}

/* --- size and channels ------------------------------------------------------------------------------------------ */

static void check_resized(const uint8_t *from, int64_t h, int64_t w, int64_t h2, int64_t w2, const uint8_t *want)
{
    lm_tensor *a = picture(h, w, 1, from), *b = lm_image_resize(a, h2, w2);
    check_ok(lm_status_of(b));
    assert_int_equal(lm_tensor_dim(b, 0), h2);
    assert_int_equal(lm_tensor_dim(b, 1), w2);
    assert_memory_equal(lm_tensor_read(b), want, (size_t)(h2 * w2));
    lm_free(a), lm_free(b);
}

static void resizes(void **state)
{
    (void)state;
    check_resized((uint8_t[]){0, 10, 20, 30, 40, 50, 60, 70}, 2, 4, 1, 2, (uint8_t[]){25, 45});
    check_resized((uint8_t[]){0, 90, 30}, 1, 3, 1, 2, (uint8_t[]){30, 50});     /* (0 + 90/2)/1.5, (90/2 + 30)/1.5 */
    check_resized((uint8_t[]){0, 100}, 1, 2, 1, 4, (uint8_t[]){0, 25, 75, 100});
    check_resized((uint8_t[]){7}, 1, 1, 2, 3, (uint8_t[]){7, 7, 7, 7, 7, 7});
    check_resized((uint8_t[]){1, 2, 3, 4}, 2, 2, 2, 2, (uint8_t[]){1, 2, 3, 4});
    check_resized((uint8_t[]){0, 100, 0, 100}, 2, 2, 4, 1, (uint8_t[]){50, 50, 50, 50});
    lm_tensor *a = picture(1, 1, 1, (uint8_t[]){7}), *b = lm_image_resize(a, 0, 5);
    assert_int_equal(lm_status_of(b), LM_INVALID);
    lm_free(b);
    b = lm_image_resize(a, 1 << 20, 1 << 20);
    check_contains(lm_error(b), "at most 100 million");
    lm_free(a), lm_free(b);
}

static void changes_channels(void **state)
{
    (void)state;
    lm_tensor *rgb = picture(1, 2, 3, (uint8_t[]){255, 0, 0, 10, 10, 10}), *grey = lm_image_grey(rgb);
    assert_int_equal(lm_tensor_dim(grey, 2), 1);
    assert_memory_equal(lm_tensor_read(grey), ((uint8_t[]){76, 10}), 2);
    lm_tensor *back = lm_image_rgb(grey), *same = lm_image_rgb(rgb);
    assert_memory_equal(lm_tensor_read(back), ((uint8_t[]){76, 76, 76, 10, 10, 10}), 6);
    assert_ptr_equal(same, rgb);
    lm_free(rgb), lm_free(grey), lm_free(back), lm_free(same);
}

/* --- a model's input -------------------------------------------------------------------------------------------- */

static lm_model *model_for(int rank, const int64_t *dims)
{
    lm_model *m = lm_sequential(lm_flatten(), lm_dense(.units = 3));
    check_ok(lm_build(m, rank, dims));
    return m;
}

static void prepares_by_size(void **state)
{
    char said[300];
    (void)state;
    lm_model *m = model_for(4, (int64_t[]){LM_ANY, 2, 2, 3});
    static const uint8_t VALUES[] = {0, 0, 51, 51, 0, 0, 51, 51, 255, 255, 255, 255, 255, 255, 255, 255};
    lm_tensor *grey = picture(4, 4, 1, VALUES);
    lm_tensor *x = lm_image_prepare(m, grey, said, sizeof said);
    check_ok(lm_status_of(x));
    assert_int_equal(lm_tensor_rank(x), 4);
    assert_int_equal(lm_tensor_size(x), 12);
    assert_true(lm_tensor_get(x, 0) == 0 && fabs(lm_tensor_get(x, 3) - 0.2) < 1e-6 && lm_tensor_get(x, 11) == 1);
    assert_string_equal(said, "scaled from 4 x 4 to 2 x 2; grey became three equal channels; pixels from 0 to 1");
    lm_free(x);
    check_ok(lm_model_set_input_info(m, &(lm_input_info){.low = -1, .high = 1, .preparation = "resize"}));
    x = lm_image_prepare(m, grey, said, sizeof said);
    assert_true(lm_tensor_get(x, 0) == -1 && lm_tensor_get(x, 11) == 1);
    check_contains(said, "pixels from -1 to 1");
    lm_free(x), lm_free(m);

    m = lm_sequential(lm_input(.shape = {2, 2, 1}), lm_rescaling(.scale = 1.0 / 255), lm_flatten());
    x = lm_image_prepare(m, grey, NULL, 0);
    assert_true(lm_tensor_get(x, 3) == 255);
    lm_free(x), lm_free(m);

    m = model_for(2, (int64_t[]){LM_ANY, 12});
    x = lm_image_prepare(m, grey, said, sizeof said);
    assert_int_equal(lm_status_of(x), LM_INVALID);
    check_contains(lm_error(x), "the model takes (N, 12), which is no picture's shape");
    lm_free(x), lm_free(m);
    m = model_for(2, (int64_t[]){LM_ANY, 49});          /* a table's columns rather than a picture of 7 x 7 */
    x = lm_image_prepare(m, grey, said, sizeof said);
    check_contains(lm_error(x), "n a square of 64 or more");
    lm_free(x), lm_free(m);
    m = model_for(2, (int64_t[]){LM_ANY, 64});
    x = lm_image_prepare(m, grey, said, sizeof said);
    assert_int_equal(lm_tensor_size(x), 64);
    check_contains(said, "to 8 x 8");
    lm_free(x), lm_free(m), lm_free(grey);
}

static void blank_pictures_are_refused(void **state)
{
    char said[100] = "as it was";
    (void)state;
    lm_model *m = model_for(4, (int64_t[]){LM_ANY, 28, 28, 1});
    check_ok(lm_model_set_input_info(m, &(lm_input_info){.low = 0, .high = 1, .preparation = "digits"}));
    for (int64_t side = 1; side < 50; side += 24) {
        lm_tensor *blank = lm_tensor_new(LM_U8, 3, (int64_t[]){side, side, 1}), *x;
        memset(lm_tensor_data(blank), 180, lm_tensor_bytes(blank));
        x = lm_image_prepare(m, blank, said, sizeof said);
        assert_int_equal(lm_status_of(x), LM_INVALID);
        check_contains(lm_error(x), "blank");
        assert_string_equal(said, "");
        lm_free(x), lm_free(blank);
    }
    lm_free(m);
}

/* --- digits ----------------------------------------------------------------------------------------------------- */

static lm_model *reader;
static lm_dataset *test_part;
static lm_tensor *images, *labels;

/* Under valgrind the same calls are made on less, and how many digits are read is not asked. */
static int slow(void)
{
    return getenv("LAMINA_TEST_VALGRIND") != NULL;
}

static int make_reader(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/lamina-image-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    lm_dataset *train;
    if (lm_data_mnist(&train, &test_part)) return -1;
    reader = lm_sequential(lm_input(.shape = {28, 28, 1}), lm_rescaling(.scale = 1.0 / 255),
                           lm_conv2d(.filters = 16, .kernel_size = {3}, .activation = "relu"), lm_max_pooling2d(),
                           lm_conv2d(.filters = 32, .kernel_size = {3}, .activation = "relu"), lm_max_pooling2d(),
                           lm_flatten(), lm_dense(.units = 64, .activation = "relu"),
                           lm_dense(.units = 10, .activation = "softmax"));
    lm_compile(reader, .optimizer = lm_adam(.learning_rate = 0.002), .loss = "sparse_categorical_crossentropy");
    train = lm_data_take(train, slow() ? 640 : 30000);
    lm_fit(reader, train, .epochs = 1, .batch_size = 64, .verbose = 0);
    images = lm_data_array(test_part, 0), labels = lm_data_array(test_part, 1);
    lm_free(train);
    return lm_failed(reader);
}

static int free_reader(void **state)
{
    char command[128];
    (void)state;
    lm_free(reader), lm_free(test_part), lm_free(images), lm_free(labels);
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static uint32_t seed = 12345;
static int draw(int below)
{
    seed = seed * 1664525u + 1013904223u;
    return (int)((seed >> 8) % (uint32_t)below);
}

/* Test digit i, enlarged, somewhere on a larger canvas; dark on light, on grey paper and with noise in turns. */
static lm_tensor *as_a_person_has_it(int i, int kind)
{
    int times = 3 + draw(10), h = 28 * times + draw(28 * times), w = 28 * times + draw(28 * times);
    int top = draw(h - 28 * times + 1), left = draw(w - 28 * times + 1), noise = kind & 2 ? 12 : 0;
    lm_tensor *t = lm_tensor_new(LM_U8, 3, (int64_t[]){h, w, kind & 4 ? 3 : 1});
    const uint8_t *from = (const uint8_t *)lm_tensor_read(images) + (size_t)i * 784;
    uint8_t *to = lm_tensor_data(t);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++) {
            int sy = (y - top) / times, sx = (x - left) / times;
            bool inside = y >= top && x >= left && sy < 28 && sx < 28;
            int value = inside ? from[28 * sy + sx] : 0;
            if (kind & 1) value = noise ? 205 - value * 170 / 255 : 255 - value;
            else if (noise) value = 40 + value * 180 / 255;
            if (noise) value += draw(2 * noise + 1) - noise;
            for (int c = 0; c < (kind & 4 ? 3 : 1); c++) *to++ = (uint8_t)value;
        }
    return t;
}

static int answer(const lm_tensor *p)
{
    int best = 0;
    for (int k = 1; k < 10; k++)
        if (lm_tensor_get(p, (size_t)k) > lm_tensor_get(p, (size_t)best)) best = k;
    return best;
}

static int read_digit(const char *path, bool inverted)
{
    char said[300];
    lm_tensor *loaded = lm_image_load(path), *x = lm_image_prepare(reader, loaded, said, sizeof said);
    check_ok(lm_status_of(x));
    assert_int_equal(strstr(said, "turned from dark on light") != NULL, inverted);
    check_contains(said, "scaled to 20 pixels, centred by mass in 28 x 28");
    lm_dataset *ds = lm_data_batch(lm_data_from_arrays(x, NULL), 1, false);
    lm_tensor *p = lm_predict(reader, ds);
    int best = answer(p);
    lm_free(loaded), lm_free(x), lm_free(ds), lm_free(p);
    return best;
}

enum { PICTURES = 200 };

static void digits_are_read(void **state)
{
    int right = 0, plain = 0, pictures = slow() ? 16 : PICTURES;
    (void)state;
    for (int k = 0; k < pictures; k++) {
        int i = k * 49, label = (int)lm_tensor_get(labels, (size_t)i);
        lm_tensor *t = as_a_person_has_it(i, k % 8);
        const char *path = in_folder(k / 8 % 2 ? "digit.jpg" : "digit.png");
        check_ok(lm_image_save(t, path));
        right += read_digit(path, k & 1) == label;
        lm_free(t);
        t = picture(28, 28, 1, (const uint8_t *)lm_tensor_read(images) + (size_t)i * 784);
        check_ok(lm_image_save(t, in_folder("plain.png")));
        plain += read_digit(in_folder("plain.png"), false) == label;
        lm_free(t);
    }
    print_message("of %d pictures made from test digits %d are read, of the digits as they are %d\n", pictures,
                  right, plain);
    assert_true(slow() || right >= PICTURES * 95 / 100);
}

/* A test digit goes through its own preparation as it is, but for a pixel aside where its mass was elsewhere. */
static void mnist_stays_as_it_is(void **state)
{
    double away = 0;
    int same = 0;
    (void)state;
    for (int i = 0; i < 1000; i++) {
        const uint8_t *before = (const uint8_t *)lm_tensor_read(images) + (size_t)i * 784;
        int inverted;
        lm_tensor *t = picture(28, 28, 1, before), *digit = lm__picture_digit(t, 28, &inverted);
        check_ok(lm_status_of(digit));
        assert_int_equal(inverted, 0);
        const uint8_t *after = lm_tensor_read(digit);
        long sum = 0;
        for (int k = 0; k < 784; k++) sum += abs(after[k] - before[k]);
        away += (double)sum / 784 / 1000, same += sum < 784;
        lm_free(t), lm_free(digit);
    }
    print_message("%d of 1000 digits stay as they are; the mean difference is %.2f\n", same, away);
    assert_in_range(same, 972, 1000);      /* as docs/data.md says */
    assert_true(away < 1);
}

static lm_status one_preparation(void *user)
{
    lm_tensor *x = lm_image_prepare(reader, user, NULL, 0);
    lm_status status = lm_status_of(x);
    lm_free(x);
    return status;
}

static void without_memory(void **state)
{
    (void)state;
    lm_tensor *t = as_a_person_has_it(0, 5);
    oom_each(one_preparation, t);
    lm_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resizes), cmocka_unit_test(changes_channels), cmocka_unit_test(prepares_by_size),
        cmocka_unit_test(blank_pictures_are_refused), cmocka_unit_test(digits_are_read),
        cmocka_unit_test(mnist_stays_as_it_is), cmocka_unit_test(without_memory)};
    return cmocka_run_group_tests(tests, make_reader, free_reader);
}
