/* Reading and writing whole files, also where that fails. */
#define _GNU_SOURCE
#include "support/check.h"

#include "base/alloc.h"
#include "base/file.h"
#include "support/oom.h"

#include <dirent.h>
#include <fcntl.h>
#include <lamina/runtime.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char paths[4][400];
    static int next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/lamina-test-XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int entries(void)
{
    int count = 0;
    DIR *d = opendir(folder);
    while (readdir(d)) count++;
    closedir(d);
    return count - 2;
}

static int teardown(void **state)
{
    (void)state;
    char command[256];
    snprintf(command, sizeof command, "chmod -R u+w %s && rm -r %s", folder, folder);
    return system(command);
}

static void check_content(const char *path, const char *content)
{
    uint8_t *data;
    size_t bytes;
    check_ok(lm__file_read(path, 1 << 20, &data, &bytes));
    assert_int_equal(bytes, strlen(content));
    assert_string_equal((char *)data, content);     /* with the closing zero */
    lm__free(data);
}

static void what_is_saved_is_read(void **state)
{
    (void)state;
    check_ok(lm__file_save(in_folder("a"), "hello", 5));
    check_content(in_folder("a"), "hello");
    check_ok(lm__file_save(in_folder("a"), "", 0));
    check_content(in_folder("a"), "");
    assert_int_equal(lm__file_exists(in_folder("a")), 1);
    assert_int_equal(lm__file_exists(in_folder("b")), 0);
    assert_int_equal(entries(), 1);
}

static void a_file_is_written_in_pieces(void **state)
{
    (void)state;
    lm__file_writer *writer;
    static char large[200000], expected[200020];
    memset(large, 'x', sizeof large - 1);
    snprintf(expected, sizeof expected, "12AB%s5", large);
    check_ok(lm__file_create(in_folder("a"), &writer));
    check_ok(lm__file_write(writer, "1234", 4));
    check_ok(lm__file_write(writer, large, sizeof large - 1));
    check_ok(lm__file_write(writer, "5", 1));
    check_ok(lm__file_seek(writer, 2));
    check_ok(lm__file_write(writer, "AB", 2));
    assert_int_equal(lm__file_exists(in_folder("a")), 0);       /* not before the commit */
    check_ok(lm__file_commit(writer));
    check_content(in_folder("a"), expected);
}

static void an_abandoned_file_leaves_the_old_one(void **state)
{
    (void)state;
    lm__file_writer *writer;
    check_ok(lm__file_save(in_folder("a"), "old", 3));
    check_ok(lm__file_create(in_folder("a"), &writer));
    check_ok(lm__file_write(writer, "new", 3));
    lm__file_abort(writer);
    lm__file_abort(NULL);
    check_content(in_folder("a"), "old");
    assert_int_equal(entries(), 1);
}

static void mode_and_link_are_kept(void **state)
{
    (void)state;
    struct stat info;
    check_ok(lm__file_save(in_folder("a"), "old", 3));
    assert_int_equal(chmod(in_folder("a"), 0640), 0);
    assert_int_equal(symlink("a", in_folder("link")), 0);
    assert_int_equal(symlink("link", in_folder("far")), 0);
    check_ok(lm__file_save(in_folder("far"), "new", 3));
    check_content(in_folder("a"), "new");
    assert_int_equal(stat(in_folder("a"), &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(lstat(in_folder("link"), &info), 0);
    assert_true(S_ISLNK(info.st_mode));
}

static void a_name_in_the_current_folder(void **state)
{
    (void)state;
    char before[4096];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    lm_status status = lm__file_save("plain", "x", 1);
    assert_int_equal(chdir(before), 0);
    check_ok(status);
    check_content(in_folder("plain"), "x");
}

static void missing_things_are_named(void **state)
{
    (void)state;
    uint8_t *data;
    size_t bytes;
    check_status(lm__file_read(in_folder("none"), 100, &data, &bytes), LM_NOT_FOUND);
    check_contains(lm_last_error(), in_folder("none"));
    assert_null(data);
    check_status(lm__file_read(folder, 100, &data, &bytes), LM_IO);
    check_contains(lm_last_error(), "folder");
    check_status(lm__file_save(folder, "x", 1), LM_IO);
    check_contains(lm_last_error(), "folder");
    check_status(lm__file_save(in_folder("none/a"), "x", 1), LM_IO);
    check_contains(lm_last_error(), "none/a");
    check_contains(lm_last_error(), "No such file or directory");
    check_status(lm__file_save("", "x", 1), LM_INVALID);
    check_status(lm__file_save(NULL, "x", 1), LM_INVALID);
}

static void a_limit_holds(void **state)
{
    (void)state;
    uint8_t *data;
    size_t bytes;
    check_ok(lm__file_save(in_folder("a"), "123456", 6));
    uint64_t allocations = lm_memory().allocations;
    check_status(lm__file_read(in_folder("a"), 5, &data, &bytes), LM_UNSUPPORTED);
    check_contains(lm_last_error(), "6 bytes");
    assert_int_equal(lm_memory().allocations, allocations);     /* refused before memory was taken */
    check_ok(lm__file_read(in_folder("a"), 6, &data, &bytes));
    lm__free(data);
    check_status(lm__file_read("/dev/zero", 1 << 20, &data, &bytes), LM_UNSUPPORTED);    /* endless */
}

static void what_does_not_know_its_size_is_read(void **state)
{
    (void)state;
    uint8_t *data;
    size_t bytes;
    check_ok(lm__file_read("/proc/self/maps", 1 << 20, &data, &bytes));
    assert_true(bytes > 100);
    check_contains((char *)data, "[stack]");
    lm__free(data);
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        static char text[150000];
        memset(text, 'p', sizeof text);
        _exit(lm__file_save(in_folder("pipe"), text, sizeof text));
    }
    check_ok(lm__file_read(in_folder("pipe"), 1 << 20, &data, &bytes));
    assert_int_equal(bytes, 150000);
    assert_int_equal(data[149999], 'p');
    lm__free(data);
    int status;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

/* Runs `body` in a child without root's rights (nobody's mistake here shall cost a machine its /dev); its result. */
static int as_nobody(int (*body)(void))
{
    pid_t child = fork();
    if (child == 0) _exit(geteuid() == 0 && (setgid(65534) || setuid(65534)) ? 99 : body());
    int status = -1;
    waitpid(child, &status, 0);
    return status;
}

static int writes_devices(void)
{
    struct stat info;
    if (lm__file_save("/dev/null", "x", 1) != LM_OK || stat("/dev/null", &info) || !S_ISCHR(info.st_mode)) return 1;
    if (lm__file_save("/dev/full", "x", 1) != LM_IO) return 2;
    return strstr(lm_last_error(), "'/dev/full': No space left on device") ? 0 : 3;
}

static void a_device_is_written_and_stays(void **state)
{
    (void)state;
    assert_int_equal(as_nobody(writes_devices), 0);
}

/* In a child process that may write 64 KiB a file: the old file must stay, and no other. */
static int saves_too_much(size_t piece)
{
    struct rlimit limit = {65536, 65536};
    static char data[300000];
    lm__file_writer *writer;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    if (lm__file_create(in_folder("a"), &writer) != LM_OK) return 1;
    lm_status status = LM_OK;
    for (size_t at = 0; at < sizeof data; at += piece) {
        lm_status one = lm__file_write(writer, data + at, piece);
        if (one != LM_OK) status = one;
    }
    if (status != LM_IO || !strstr(lm_last_error(), "File too large")) return 2;
    if (lm__file_commit(writer) != LM_IO) return 3;     /* also for a caller who did not look at the writes */
    return 0;
}

static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    static const size_t pieces[] = {300000, 1000};
    check_ok(lm__file_save(in_folder("a"), "old", 3));
    for (int i = 0; i < 2; i++) {
        pid_t child = fork();
        if (child == 0) _exit(saves_too_much(pieces[i]));
        int status;
        waitpid(child, &status, 0);
        assert_int_equal(status, 0);
        check_content(in_folder("a"), "old");
        assert_int_equal(entries(), 1);
    }
}

static int saves_without_rights(void)
{
    lm_status status = lm__file_save(in_folder("a"), "x", 1);
    return status == LM_IO && strstr(lm_last_error(), "Permission denied") ? 0 : 1;
}

static void a_folder_without_rights_is_named(void **state)
{
    (void)state;
    assert_int_equal(chmod(folder, 0555), 0);
    int result = as_nobody(saves_without_rights);
    chmod(folder, 0700);
    assert_int_equal(result, 0);
}

static void folders_are_made(void **state)
{
    (void)state;
    struct stat info;
    check_ok(lm__make_folders(in_folder("x/y//z/")));
    assert_int_equal(stat(in_folder("x/y/z"), &info), 0);
    assert_true(S_ISDIR(info.st_mode));
    check_ok(lm__make_folders(in_folder("x/y/z")));
    check_ok(lm__make_folders(""));
    check_ok(lm__file_save(in_folder("file"), "", 0));
    check_status(lm__make_folders(in_folder("file/under")), LM_IO);
    check_contains(lm_last_error(), "Not a directory");
}

static lm_status saves_and_reads(void *unused)
{
    (void)unused;
    uint8_t *data;
    size_t bytes;
    lm_status status = lm__make_folders(in_folder("f/g"));
    if (status == LM_OK) status = lm__file_save(in_folder("f/g/a"), "abc", 3);
    if (status == LM_OK) status = lm__file_read("/proc/self/maps", 1 << 20, &data, &bytes);
    if (status == LM_OK) lm__free(data);
    return status;
}

static void files_without_memory(void **state)
{
    (void)state;
    oom_each(saves_and_reads, NULL);
}

/* Killed in the middle of writing: the old file, and nothing beside it. */
static void killed(void **state)
{
    (void)state;
    const char *path = in_folder("killed");
    check_ok(lm__file_save(path, "old", 3));
    int before = entries(), status;
    pid_t child = fork();
    if (!child) {
        lm__file_writer *writer;
        static const char piece[100000];
        if (lm__file_create(path, &writer) || lm__file_write(writer, piece, sizeof piece)) _exit(1);
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    check_content(path, "old");
    assert_int_equal(entries(), before);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
RUN(FILE_TEST(what_is_saved_is_read), FILE_TEST(a_file_is_written_in_pieces),
    FILE_TEST(an_abandoned_file_leaves_the_old_one), FILE_TEST(mode_and_link_are_kept),
    FILE_TEST(a_name_in_the_current_folder), FILE_TEST(missing_things_are_named), FILE_TEST(a_limit_holds),
    FILE_TEST(what_does_not_know_its_size_is_read), FILE_TEST(a_device_is_written_and_stays),
    FILE_TEST(a_full_disk_leaves_the_old_file), FILE_TEST(a_folder_without_rights_is_named),
    FILE_TEST(killed), FILE_TEST(folders_are_made), FILE_TEST(files_without_memory))
