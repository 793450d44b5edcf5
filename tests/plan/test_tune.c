/* Kernels chosen by their times: who wins, what the file keeps and refuses, and that plans obey it. */
#include "support/check.h"
#include "support/oom.h"
#include "plan/alone.h"
#include "plan/tune.h"

#include <errno.h>
#include <lamina/lamina.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/lamina-tune-XXXXXX", path[64];

static void write_text(const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static char *read_text(void)
{
    static char text[65536];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    text[fread(text, 1, sizeof text - 1, f)] = 0;
    fclose(f);
    return text;
}

/* --- who wins --------------------------------------------------------------------------------------------------- */

static int runs;

static lm_status burn(double seconds)
{
    runs++;
    for (double begun = lm__seconds(); lm__seconds() - begun < seconds;) {}
    return LM_OK;
}

static lm_status slow(const lm__run *r) { (void)r; return burn(4e-4); }
static lm_status little_faster(const lm__run *r) { (void)r; return burn(3.95e-4); }
static lm_status fast(const lm__run *r) { (void)r; return burn(1e-4); }
static lm_status decline(const lm__problem *p, lm__needs *needs, void **state)
{
    (void)p, (void)needs, (void)state;
    return LM_UNSUPPORTED;
}

static const lm__kernel slow_one = {.op = "x", .name = "slow", .run = slow};
static const lm__kernel little_one = {.op = "x", .name = "little", .run = little_faster};
static const lm__kernel fast_one = {.op = "x", .name = "fast", .run = fast};
static const lm__kernel no_one = {.op = "x", .name = "no", .prepare = decline, .run = fast};

static int winner_of(const lm__kernel *a, const lm__kernel *b, const lm__kernel *c)
{
    const lm__desc d = {.dtype = LM_F32, .rank = 1, .dims = {16}, .size = 16};
    const lm__problem p = {.op = "x", .nin = 1, .nout = 1, .in = &d, .out = &d, .out_used = 1};
    int winner = -1;
    check_ok(lm__tune_measure(&p, c ? 3 : 2, (const lm__kernel *[]){a, b, c}, &winner));
    return winner;
}

static void clear_winners(void **state)
{
    (void)state;
    assert_int_equal(winner_of(&slow_one, &fast_one, NULL), 1);
    assert_int_equal(winner_of(&slow_one, &little_one, &fast_one), 2);
    assert_int_equal(winner_of(&fast_one, &slow_one, &little_one), 0);
    assert_int_equal(winner_of(&slow_one, &little_one, NULL), 0);       /* by 1 %: not clearly */
    assert_int_equal(winner_of(&slow_one, &no_one, NULL), 0);
    assert_true(runs > 60);
}

/* --- plans ------------------------------------------------------------------------------------------------------ */

/* The kernel of the convolution in a plan that is made now. */
static const char *kernel_now(void)
{
    static char name[32];
    lm_set_seed(1);
    lm_model *m = lm_sequential(lm_input(.shape = {12, 12, 64}),
                                lm_conv2d(.filters = 64, .kernel_size = {3}));
    lm_tensor *x = lm_tensor_new(LM_F32, 4, (int64_t[]){8, 12, 12, 64});
    lm_profile *p = lm_profile_prediction(m, x, .runs = 1, .bound = false);
    name[0] = 0;
    for (int i = 0; i < lm_profile_steps(p); i++)
        if (lm_profile_step_at(p, i)->flops > 0) snprintf(name, sizeof name, "%s", lm_profile_step_at(p, i)->kernel);
    assert_true(*name);
    lm_free(p), lm_free(x), lm_free(m);
    return name;
}

/* Puts another name for every kernel in the file. */
static void rename_kernels(const char *to)
{
    char out[65536];
    size_t n = 0;
    for (char *line = strtok(read_text(), "\n"); line; line = strtok(NULL, "\n")) {
        char *last = strstr(line, "\": \"");
        int keep = last ? (int)(last - line) : (int)strlen(line);
        n += (size_t)snprintf(out + n, sizeof out - n, "%.*s", keep, line);
        if (last) n += (size_t)snprintf(out + n, sizeof out - n, "\": \"%s\"", to);
        n += (size_t)snprintf(out + n, sizeof out - n, "%s\n", last && line[strlen(line) - 1] == ',' ? "," : "");
    }
    write_text(out);
}

static void plans_obey(void **state)
{
    (void)state;
    char chosen[32], text[65536];
    snprintf(chosen, sizeof chosen, "%s", kernel_now());
    check_ok(lm_set_tuning(path));
    check_contains(read_text(), "\"machines\": {}");
    kernel_now();
    snprintf(text, sizeof text, "%s", read_text());
    check_ok(lm_set_tuning(NULL));
    if (!strstr(text, "conv2d")) {      /* one kernel alone can do it here */
        print_message("[   NOTE   ] nothing to choose from\n");
        return;
    }
    check_contains(text, lm_isa());
    check_contains(text, "lamina " LAMINA_VERSION);

    /* What is known is not measured again, and nothing is written. */
    struct stat before, after;
    stat(path, &before);
    check_ok(lm_set_tuning(path));
    kernel_now();
    stat(path, &after);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_string_equal(read_text(), text);

    /* The file decides; a name that nobody has is measured anew. */
    rename_kernels("simd");
    check_ok(lm_set_tuning(path));
    assert_string_equal(kernel_now(), "simd");
    rename_kernels("abacus");
    check_ok(lm_set_tuning(path));
    kernel_now();
    check_ok(lm_set_tuning(NULL));
    assert_null(strstr(read_text(), "abacus"));
    assert_string_equal(kernel_now(), chosen);
    unlink(path);
}

/* Another process may have learnt something meanwhile; what is another machine's stays. */
static void keeps_what_others_wrote(void **state)
{
    (void)state;
    check_ok(lm_set_tuning(path));
    write_text("{\"lamina_tuning\": 1, \"machines\": {\"Abacus\": {\"conv2d\": \"beads\"}}}");
    kernel_now();
    check_ok(lm_set_tuning(NULL));
    check_contains(read_text(), "\"beads\"");
    unlink(path);
}

static void refuses(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"", "no tuning file"}, {"{\"lamina_tuning\": 1", "no tuning file"}, {"[1]", "does not begin with"},
        {"{\"module\": \"keras\"}", "does not begin with"}, {"{\"lamina_tuning\": 2, \"machines\": {}}", "version"},
        {"{\"lamina_tuning\": 1}", "has no \"machines\""},
        {"{\"lamina_tuning\": 1, \"machines\": {\"a\": 1}}", "no object"},
        {"{\"lamina_tuning\": 1, \"machines\": {\"a\": {\"b\": 1}}}", "no name"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_text(bad[i][0]);
        check_status(lm_set_tuning(path), LM_CORRUPT);
        check_contains(lm_last_error(), bad[i][1]);
        check_contains(lm_last_error(), path);
        assert_string_equal(read_text(), bad[i][0]);
        assert_false(lm__tuning());
    }
    unlink(path);
    assert_true(lm_set_tuning(folder) != LM_OK);
    check_status(lm_set_tuning("/nowhere/at/all.json"), LM_IO);
    check_status(lm_set_tuning(""), LM_INVALID);
    check_ok(lm_set_tuning(NULL));
    check_ok(lm_set_tuning(NULL));
}

static void a_lost_file_is_told(void **state)
{
    (void)state;
    check_ok(lm_set_tuning(path));
    unlink(path), rmdir(folder);
    kernel_now();
    lm_status status = lm_set_tuning(NULL);
    mkdir(folder, 0700);
    if (status == LM_OK) {              /* nothing was there to choose from */
        assert_int_equal(access(path, F_OK), -1);
        return;
    }
    assert_int_equal(status, LM_IO);
    check_contains(lm_last_error(), "could not be kept");
    assert_false(lm__tuning());
}

static lm_status open_close(void *user)
{
    (void)user;
    lm_status status = lm_set_tuning(path);
    if (status == LM_OK) status = lm_set_tuning(NULL);
    return status;
}

static void without_memory(void **state)
{
    (void)state;
    oom_each(open_close, NULL);
    unlink(path);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/tuned.json", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clear_winners), cmocka_unit_test(plans_obey), cmocka_unit_test(keeps_what_others_wrote),
        cmocka_unit_test(refuses), cmocka_unit_test(a_lost_file_is_told), cmocka_unit_test(without_memory)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
