/* Pictures: each kind is drawn, decodes, has the size it should and something where it should; bad input is refused
 * with a message, and leaves no file. */
#include "support/check.h"
#include "support/oom.h"

#include "base/library.h"
#include <lamina/lamina.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern lm__library lm__cairo_library; /* of plot/cairo.h, which needs cairo's own headers */

/* Under the address sanitizer: what fontconfig keeps for good is its own affair. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libfontconfig\n"; }

static char folder[] = "/tmp/lamina-plot-XXXXXX", path[200];

static const char *in_folder(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int make_folder(void **state)
{
    (void)state;
    return !mkdtemp(folder);
}

static int remove_folder(void **state)
{
    char command[100];
    (void)state;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* The share of dots that are not white in a part of the picture, given in shares of its sides. */
static double drawn(const char *file, double left, double top, double right, double bottom)
{
    lm_tensor *t = lm_image_load(file);
    if (lm_failed(t)) fail_msg("%s", lm_error(t));
    int64_t high = lm_tensor_dim(t, 0), wide = lm_tensor_dim(t, 1), channels = lm_tensor_dim(t, 2), n = 0, all = 0;
    const uint8_t *dots = lm_tensor_read(t);
    for (int64_t y = (int64_t)(top * (double)high); y < (int64_t)(bottom * (double)high); y++)
        for (int64_t x = (int64_t)(left * (double)wide); x < (int64_t)(right * (double)wide); x++, all++)
            for (int64_t c = 0; c < channels; c++)
                if (dots[(y * wide + x) * channels + c] != 255) {
                    n++;
                    break;
                }
    lm_free(t);
    return (double)n / (double)all;
}

/* How many dots have about that colour. */
static int of_colour(const char *file, int red, int green, int blue)
{
    lm_tensor *t = lm_image_load(file);
    const uint8_t *dot = lm_tensor_read(t);
    int found = 0;
    assert_int_equal(lm_tensor_dim(t, 2), 3);
    for (size_t i = 0; i + 2 < lm_tensor_size(t); i += 3)
        found += abs(dot[i] - red) < 3 && abs(dot[i + 1] - green) < 3 && abs(dot[i + 2] - blue) < 3;
    lm_free(t);
    return found;
}

static void check_width(const char *file, int64_t least, int64_t most)
{
    lm_tensor *t = lm_image_load(file);
    assert_in_range(lm_tensor_dim(t, 1), least, most);
    lm_free(t);
}

static lm_tensor *numbers(int rank, const int64_t *dims, double (*value)(size_t i))
{
    lm_tensor *t = lm_tensor_new(LM_F32, rank, dims);
    for (size_t i = 0; i < lm_tensor_size(t); i++) ((float *)lm_tensor_data(t))[i] = (float)value(i);
    return t;
}

static double ramp(size_t i) { return (double)(i % 17) / 17; }
static double class_of(size_t i) { return (double)(i % 3); }
static double nothing(size_t i) { return (void)i, NAN; }

static lm_model *net(void)
{
    lm_model *m = lm_sequential(
        lm_input(.shape = {8, 8, 1}), lm_conv2d(.filters = 4, .kernel_size = {3, 3}, .activation = "relu"),
        lm_flatten(), lm_dense(.units = 5, .activation = "tanh"), lm_dense(.units = 3, .activation = "softmax"));
    lm_compile(m, .optimizer = lm_adam(), .loss = "sparse_categorical_crossentropy", .metrics = {"accuracy"});
    return m;
}

static void curves(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_tensor *x = numbers(4, (int64_t[]){12, 8, 8, 1}, ramp), *y = numbers(1, (int64_t[]){12}, class_of);
    for (int epochs = 1; epochs <= 60; epochs += 59) {
        const lm_history *h = lm_fit_arrays(m, x, y, .epochs = epochs, .validation_split = 0.25, .verbose = 0);
        check_ok(lm_plot_history(h, in_folder("curves.png"), .title = "Größe <&>"));
        assert_true(drawn(path, 0, 0, 0.5, 1) > 0.005 && drawn(path, 0.5, 0, 1, 1) > 0.005);
        assert_true(of_colour(path, 0x00, 0x72, 0xb2) > 100 && of_colour(path, 0xd5, 0x5e, 0x00) > 100);
        check_width(path, 1700, 1800);
    }
    lm_free(m), lm_free(x), lm_free(y);
}

static void curves_without_numbers(void **state)
{
    (void)state;
    lm_model *m = net();
    lm_tensor *x = numbers(4, (int64_t[]){4, 8, 8, 1}, ramp), *y = numbers(1, (int64_t[]){4}, class_of);
    const lm_history *none = lm_fit_arrays(m, NULL, y, .verbose = 0);
    check_status(lm_plot_history(none, in_folder("none.png")), LM_INVALID);
    check_status(lm_plot_history(NULL, in_folder("none.png")), LM_INVALID);
    assert_int_not_equal(access(path, F_OK), 0);
    lm_tensor *nan = numbers(1, (int64_t[]){5}, nothing), *some = numbers(1, (int64_t[]){5}, ramp);
    check_ok(lm_plot_lines(in_folder("nan.png"), .title = "NaN", .series = {{"none", NULL, nan}}));
    assert_true(drawn(path, 0.2, 0.4, 0.8, 0.9) > 0.9); /* a grey panel that says so */
    ((float *)lm_tensor_data(some))[2] = NAN, ((float *)lm_tensor_data(some))[3] = INFINITY;
    check_ok(lm_plot_lines(path, .series = {{"broken", NULL, some}}));
    assert_true(drawn(path, 0.2, 0.2, 0.8, 0.8) < 0.2);
    lm_free(m), lm_free(x), lm_free(y), lm_free(nan), lm_free(some);
}

static void samples(void **state)
{
    (void)state;
    const char *names[] = {"Ångström & <b>\"x\"", "a name that is much too long for the place under one picture",
                           "c"};
    lm_tensor *x = numbers(4, (int64_t[]){9, 8, 8, 3}, ramp), *y = numbers(1, (int64_t[]){9}, class_of);
    lm_tensor *p = numbers(2, (int64_t[]){9, 3}, ramp), *right = numbers(1, (int64_t[]){9}, class_of);
    check_ok(lm_plot_images(x, in_folder("wrong.png"), .labels = y, .predictions = p, .classes = names,
                            .classes_count = 3));
    assert_true(of_colour(path, 0xc1, 0x4a, 0x00) > 20000); /* mistakes are framed */
    check_ok(lm_plot_images(x, in_folder("right.png"), .labels = y, .predictions = right));
    assert_int_equal(of_colour(path, 0xc1, 0x4a, 0x00), 0);
    check_ok(lm_plot_images(x, in_folder("few.png"), .most = 2, .columns = 1));
    check_width(path, 200, 350);
    lm_tensor *none = lm_tensor_new(LM_U8, 3, (int64_t[]){0, 8, 8}),
              *flat = lm_tensor_new(LM_U8, 2, (int64_t[]){4, 64});
    check_status(lm_plot_images(none, in_folder("none.png")), LM_INVALID);
    check_status(lm_plot_images(flat, path), LM_INVALID);
    check_contains(lm_last_error(), "(4, 64)");
    check_status(lm_plot_images(x, path, .labels = flat), LM_INVALID);
    check_status(lm_plot_images(x, path, .predictions = flat), LM_INVALID);
    check_status(lm_plot_images(x, path, .labels = y, .classes = (const char *[]){"a", NULL}, .classes_count = 2),
                 LM_INVALID);
    check_contains(lm_last_error(), ".classes[1] is NULL");
    assert_int_not_equal(access(path, F_OK), 0);
    lm_free(x), lm_free(y), lm_free(p), lm_free(right), lm_free(none), lm_free(flat);
}

static void confusion(void **state)
{
    (void)state;
    uint8_t truth[] = {0, 0, 0, 1, 1, 2}, said[] = {0, 0, 1, 1, 1, 0};
    int64_t n = 6, wanted[] = {2, 1, 0, 0, 2, 0, 1, 0, 0};
    const char *names[] = {"one <&> \"two\"", "ein sehr, sehr langer Name, der nirgends hineinpaßt, auch hier nicht",
                           "\xff\xfe no UTF-8"};
    lm_tensor *y = lm_tensor_copy_of(LM_U8, 1, &n, truth), *p = lm_tensor_copy_of(LM_U8, 1, &n, said);
    lm_tensor *matrix = lm_confusion_matrix(y, p, 0), *few = lm_confusion_matrix(y, p, 2);
    assert_int_equal(lm_tensor_dim(matrix, 0), 3);
    for (size_t i = 0; i < 9; i++) assert_int_equal((int64_t)lm_tensor_get(matrix, i), wanted[i]);
    check_contains(lm_error(few), "label 5 is 2, but the classes are 0 … 1");
    check_ok(lm_plot_confusion(y, p, in_folder("confusion.png"), .classes = names, .classes_count = 3));
    assert_true(drawn(path, 0, 0, 1, 1) > 0.1);
    check_width(path, 400, 1400); /* the long name was cut */
    lm_tensor *none = lm_tensor_new(LM_U8, 1, (int64_t[]){0});
    check_status(lm_plot_confusion(none, none, in_folder("none.png")), LM_INVALID);
    check_status(lm_plot_confusion(y, none, path), LM_INVALID);
    check_status(lm_plot_confusion(y, NULL, path), LM_INVALID);
    ((uint8_t *)lm_tensor_data(y))[0] = 200;
    check_status(lm_plot_confusion(y, p, path), LM_UNSUPPORTED);
    assert_int_not_equal(access(path, F_OK), 0);
    lm_free(y), lm_free(p), lm_free(matrix), lm_free(few), lm_free(none);
}

static void models(void **state)
{
    (void)state;
    lm_model *m = net(),
             *dense = lm_sequential(lm_input(.shape = {2}), lm_dense(.units = 2, .activation = "tanh"),
                                    lm_dense(.units = 1)),
             *scaled = lm_sequential(lm_input(.shape = {2}), lm_normalization(), lm_dense(.units = 1)),
             *loose = lm_sequential(lm_dense(.units = 1));
    lm_tensor *x = numbers(3, (int64_t[]){8, 8, 1}, ramp), *two = numbers(4, (int64_t[]){2, 8, 8, 1}, ramp);
    check_ok(lm_plot_filters(m, in_folder("filters.png"), .layer = "conv2d"));
    assert_true(drawn(path, 0.02, 0.6, 0.5, 0.9) > 0.3);
    check_ok(lm_plot_activations(m, x, in_folder("activations.png")));
    assert_true(drawn(path, 0, 0.3, 0.5, 0.6) > 0.1);
    check_ok(lm_plot_model(m, in_folder("model.png"), .title = "A net"));
    check_ok(lm_plot_model(loose, in_folder("loose.png")));
    check_ok(lm_plot_network(dense, in_folder("network.png")));
    assert_true(drawn(path, 0.2, 0.2, 0.8, 0.8) > 0.02);
    check_ok(lm_plot_network(scaled, in_folder("scaled.png")));     /* scaling joins no units */
    assert_true(drawn(path, 0.2, 0.2, 0.8, 0.8) > 0.02);
    check_status(lm_plot_network(m, in_folder("none.png")), LM_UNSUPPORTED);
    check_contains(lm_last_error(), "lm_plot_model draws any");
    check_status(lm_plot_network(loose, path), LM_INVALID);
    check_status(lm_plot_filters(dense, path), LM_INVALID);
    check_status(lm_plot_filters(m, path, .layer = "dense"), LM_INVALID);
    check_status(lm_plot_filters(m, path, .layer = "conv"), LM_NOT_FOUND);
    check_status(lm_plot_activations(m, two, path), LM_INVALID);
    check_contains(lm_last_error(), "lm_tensor_slice");
    check_status(lm_plot_model(NULL, path), LM_INVALID);
    assert_int_not_equal(access(path, F_OK), 0);
    lm_free(m), lm_free(dense), lm_free(scaled), lm_free(loose), lm_free(x), lm_free(two);
}

/* A name from somebody else's file may be as long as the file: too long for any array. */
static void long_names(void **state)
{
    enum { LENGTH = 1 << 24 };
    char *name = malloc(LENGTH + 1);
    (void)state;
    assert_non_null(name);
    memset(name, 'n', LENGTH);
    name[LENGTH] = 0;
    lm_model *m = lm_sequential(lm_input(.shape = {6, 6, 1}),
                                lm_conv2d(.filters = 2, .kernel_size = {3}, .name = name), lm_flatten(),
                                lm_dense(.units = 2));
    lm_tensor *x = lm_tensor_new(LM_F32, 4, (int64_t[]){1, 6, 6, 1});
    check_ok(lm_plot_filters(m, in_folder("long.png")));
    check_ok(lm_plot_model(m, in_folder("long.png")));
    check_ok(lm_plot_activations(m, x, in_folder("long.png")));
    lm_free(x), lm_free(m), free(name);
}

static void deep_models(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {4}));
    for (int i = 0; i < 60; i++)
        lm_sequential_add(
            m, lm_dense(.units = 4, .name = i == 59 ? "a_name_that_is_longer_than_the_box_it_stands_in_äöü" : NULL));
    check_ok(lm_plot_model(m, in_folder("deep.png")));
    lm_tensor *t = lm_image_load(path);
    double ratio = (double)lm_tensor_dim(t, 0) / (double)lm_tensor_dim(t, 1);
    assert_true(ratio > 0.4 && ratio < 2); /* wraps into columns */
    lm_free(t), lm_free(m);
}

/* What goes past the next box has a line beside the boxes, as many side by side as run at once. */
static void graphs(void **state)
{
    (void)state;
    lm_layer *in = lm_input(.shape = {4});
    lm_symbol *a = lm_call(lm_dense(.units = 4), in), *b = lm_call(lm_dense(.units = 4), a);
    lm_model *row = lm_functional(.name = "g", .inputs = {in}, .outputs = {b});
    lm_symbol *one = lm_call(lm_add(), b, in), *two = lm_call(lm_add(), lm_call(lm_add(), b, a), in);
    lm_model *skip = lm_functional(.name = "g", .inputs = {in}, .outputs = {one});
    lm_model *skips = lm_functional(.name = "g", .inputs = {in}, .outputs = {two});
    lm_model *const model[] = {row, skip, skips};
    int64_t width[3];
    for (int i = 0; i < 3; i++) {
        check_ok(lm_plot_model(model[i], in_folder("graph.png")));
        lm_tensor *t = lm_image_load(path);
        width[i] = lm_tensor_dim(t, 1);
        lm_free(t);
        double lane = 1 - (2 * 24 + 2 * 16 + 2) / (double)width[i];       /* it and the margin */
        if (i == 1) assert_true(drawn(path, lane, 0.3, 1, 0.7) > 0.01);
    }
    assert_int_equal(width[1], width[0] + 2 * 16);
    assert_int_equal(width[2], width[0] + 2 * 32);
    lm_layer *left = lm_input(.shape = {4}), *right = lm_input(.shape = {4});
    lm_symbol *x = lm_call(lm_dense(.units = 4), left), *y = lm_call(lm_dense(.units = 4), right);
    lm_model *sides = lm_functional(.inputs = {left, right}, .outputs = {x, y});
    check_ok(lm_plot_model(sides, in_folder("sides.png")));
    for (int i = 0; i < 3; i++) lm_free(model[i]);
    lm_free(sides);
}

static void charts(void **state)
{
    (void)state;
    lm_model *m = lm_sequential(lm_input(.shape = {2}), lm_dense(.units = 3, .activation = "softmax"));
    lm_tensor *xy = numbers(2, (int64_t[]){30, 2}, ramp), *y = numbers(1, (int64_t[]){30}, class_of);
    lm_tensor *short_one = numbers(1, (int64_t[]){4}, ramp);
    check_ok(lm_plot_points(xy, in_folder("plain.png"), .x_label = "left", .y_label = "up"));
    assert_true(drawn(path, 0.3, 0.3, 0.9, 0.8) < 0.5);
    check_ok(lm_plot_points(xy, in_folder("shaded.png"), .labels = y, .model = m,
                            .classes = (const char *[]){"a", "b", "c"}, .classes_count = 3));
    assert_true(drawn(path, 0.3, 0.3, 0.9, 0.8) > 0.9);
    check_status(lm_plot_points(short_one, in_folder("none.png")), LM_INVALID);
    check_status(lm_plot_points(xy, path, .labels = short_one), LM_INVALID);
    check_status(lm_plot_points(xy, path, .width = 1e9, .height = 100), LM_INVALID);
    check_status(lm_plot_lines(path), LM_INVALID);
    check_status(lm_plot_lines(path, .series = {{"a", y, short_one}}), LM_INVALID);
    check_contains(lm_last_error(), "30 values of x, but 4 of y");
    check_status(lm_plot_lines(path, .series = {{"a", NULL, y}}, .x_range = {3, 1}), LM_INVALID);
    assert_int_not_equal(access(path, F_OK), 0);
    lm_free(m), lm_free(xy), lm_free(y), lm_free(short_one);
}

static void formats(void **state)
{
    (void)state;
    static const char *const names[] = {"model.svg", "model.PDF", "model.png"}, *const begins[] = {"<?xml", "%PDF",
                                                                                                   "\x89PNG"};
    lm_model *m = net();
    for (int i = 0; i < 3; i++) {
        char head[8] = "";
        check_ok(lm_plot_model(m, in_folder(names[i]), .title = "<&>"));
        FILE *f = fopen(path, "rb");
        assert_int_equal(fread(head, 1, 4, f), 4);
        fclose(f);
        assert_memory_equal(head, begins[i], 4);
    }
    lm_free(m);
}

static void bad_paths(void **state)
{
    (void)state;
    lm_model *m = net();
    check_status(lm_plot_model(m, in_folder("model.gif")), LM_INVALID);
    check_contains(lm_last_error(), ".png, .svg and .pdf");
    check_status(lm_plot_model(m, in_folder("png")), LM_INVALID);
    check_status(lm_plot_model(m, NULL), LM_INVALID);
    check_status(lm_plot_model(m, ""), LM_INVALID);
    check_status(lm_plot_model(m, in_folder("no/such/folder/model.png")), LM_IO);
    check_contains(lm_last_error(), "no/such/folder");
    check_status(lm_plot_model(m, in_folder("no/such/folder/model.svg")), LM_IO);
    assert_int_equal(mkdir(in_folder("taken.png"), 0777), 0);
    check_status(lm_plot_model(m, path), LM_IO);
    assert_false(lm_failed(m));
    lm_free(m);
}

static lm_status draw_all(void *user)
{
    const lm_model *m = user;
    lm_tensor *x = numbers(4, (int64_t[]){3, 8, 8, 1}, ramp), *y = numbers(1, (int64_t[]){3}, class_of);
    lm_status status = lm_failed(x) ? lm_status_of(x) : lm_status_of(y);
    if (!status) status = lm_plot_images(x, in_folder("oom.png"), .labels = y, .predictions = y);
    if (!status) status = lm_plot_confusion(y, y, in_folder("oom.svg"));
    if (!status) status = lm_plot_model(m, in_folder("oom.pdf"));
    if (!status) status = lm_plot_filters(m, in_folder("oom.png"));
    if (!status) status = lm_plot_lines(in_folder("oom.png"), .series = {{"a", NULL, y}});
    lm_free(x), lm_free(y);
    return status;
}

static void out_of_memory(void **state)
{
    (void)state;
    lm_model *m = net();
    oom_each(draw_all, m);
    lm_free(m);
}

/* First, while the library is not open yet. */
static void without_cairo(void **state)
{
    (void)state;
    const char *const *files = lm__cairo_library.files;
    lm_model *m = net();
    lm__cairo_library.files = (const char *const[]){"libno-cairo.so.2", NULL};
    check_status(lm_plot_model(m, in_folder("model.png")), LM_UNSUPPORTED);
    check_contains(lm_last_error(), "drawing pictures needs the library cairo");
    check_contains(lm_last_error(), "apt-get install libcairo2");
    assert_int_not_equal(access(path, F_OK), 0);
    lm__cairo_library.files = files;
    check_ok(lm_plot_model(m, path));
    lm_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_cairo), cmocka_unit_test(curves),       cmocka_unit_test(curves_without_numbers),
        cmocka_unit_test(samples),       cmocka_unit_test(confusion),    cmocka_unit_test(models),
        cmocka_unit_test(deep_models),
        cmocka_unit_test(graphs), cmocka_unit_test(long_names),   cmocka_unit_test(charts),
        cmocka_unit_test(formats),       cmocka_unit_test(bad_paths),    cmocka_unit_test(out_of_memory)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
