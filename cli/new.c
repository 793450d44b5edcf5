/* cli/new.c: lamina new: a folder with a program that builds at once. */
#include "inspect.h"
#include "new_files.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

extern const cli_command cli_new;

static const char help[] =
    "Begins a program: a folder with main.c, a Makefile, a README and a .gitignore that build and run at once.\n\n"
    "Usage: lamina new DIR [--from MODEL]\n\n"
    "  lamina new digits && cd digits && make run      trains a small model in seconds\n"
    "  lamina new mine --from mnist.keras              the program that builds that model, and its weights\n\n"
    "DIR is made, or is empty: nothing is overwritten. The Makefile finds Lamina by pkg-config, or where this\n"
    "command was built.\n\n"
    "  --from MODEL     a .keras, .h5 or .json file to begin with\n";

enum { MOST_PATH = 4096 };

/* What stands for @NAME@ and @PLACE@. */
typedef struct project {
    const char *folder;
    char name[64];
    char place[3 * MOST_PATH];
} project;

/* --- the folder ------------------------------------------------------------------------------------------------- */

static int make_folder(const char *path)
{
    if (!mkdir(path, 0777)) return CLI_OK;
    if (errno != EEXIST) return cli_error("%s: the folder cannot be made: %s", path, strerror(errno));
    DIR *listing = opendir(path);
    if (!listing) return cli_error("%s: %s", path, strerror(errno));
    int status = CLI_OK;
    for (struct dirent *entry; !status && (entry = readdir(listing));)
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            status = cli_error("%s is not empty: it has \"%s\"; nothing was written", path, entry->d_name);
    closedir(listing);
    return status;
}

/* The program is called as its folder is, where that makes a file's name that needs no quoting and no rule has. */
static void name_program(project *p)
{
    char path[MOST_PATH];
    const char *full = realpath(p->folder, path) ? path : p->folder, *slash = strrchr(full, '/');
    const char *name = slash ? slash + 1 : full;
    static const char *const taken[] = {"run", "clean", "Makefile", "README.md", NULL};
    bool good = isalnum((unsigned char)name[0]) && strlen(name) < sizeof p->name && !strchr(name, '.');
    for (const char *c = name; *c; c++) good &= isalnum((unsigned char)*c) || *c == '-' || *c == '_';
    for (int i = 0; taken[i]; i++) good &= strcmp(name, taken[i]) != 0;
    if (!good) name = "program";
    memcpy(p->name, name, strlen(name) + 1);    /* it is short enough */
}

/* --- where Lamina is -------------------------------------------------------------------------------------------- */

/* The source tree of a build folder, as CMake has noted it. */
static bool source_of(const char *build, char *source, size_t bytes)
{
    char path[MOST_PATH + 32], line[MOST_PATH];
    static const char key[] = "CMAKE_HOME_DIRECTORY:INTERNAL=";
    bool found = false;
    snprintf(path, sizeof path, "%s/CMakeCache.txt", build);
    FILE *cache = fopen(path, "r");
    while (cache && !found && fgets(line, sizeof line, cache))
        if (!strncmp(line, key, sizeof key - 1)) {
            line[strcspn(line, "\r\n")] = 0;
            snprintf(source, bytes, "%s", line + sizeof key - 1);
            found = true;
        }
    if (cache) fclose(cache);
    return found;
}

/* Where lamina.pc is below the prefix that this command was installed to. */
static bool installed(const char *prefix, char *folder, size_t bytes)
{
    static const char *const places[] = {"lib/pkgconfig", "lib/*/pkgconfig", "lib64/pkgconfig", "share/pkgconfig"};
    bool found = false;
    for (size_t i = 0; i < sizeof places / sizeof *places && !found; i++) {
        char pattern[MOST_PATH + 64];
        glob_t files;
        snprintf(pattern, sizeof pattern, "%s/%s/lamina.pc", prefix, places[i]);
        if (glob(pattern, 0, NULL, &files)) continue;
        found = files.gl_pathc > 0;
        if (found) snprintf(folder, bytes, "%.*s", (int)(strlen(files.gl_pathv[0]) - sizeof "lamina.pc"),
                            files.gl_pathv[0]);
        globfree(&files);
    }
    return found;
}

/* The Makefile's lines that say where the Lamina of this very command is. */
static void find_place(project *p)
{
    char self[MOST_PATH], found[MOST_PATH + 64];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    self[length > 0 ? length : 0] = 0;
    for (int i = 0; i < 2; i++) {               /* PREFIX/bin/lamina, or BUILD/bin/lamina */
        char *slash = strrchr(self, '/');
        if (slash) *slash = 0;
    }
    if (*self && source_of(self, found, sizeof found)) {
        snprintf(p->place, sizeof p->place, "LAMINA_TREE = %s\n", found);
        if (strncmp(self, found, strlen(found)) || strcmp(self + strlen(found), "/build")) {
            size_t n = strlen(p->place);
            snprintf(p->place + n, sizeof p->place - n, "LAMINA_BUILD ?= %s\n", self);
        }
    } else if (*self && installed(self, found, sizeof found))
        snprintf(p->place, sizeof p->place, "PKG_CONFIG := PKG_CONFIG_PATH=\"$(PKG_CONFIG_PATH):%s\" $(PKG_CONFIG)\n",
                 found);
}

/* --- the files -------------------------------------------------------------------------------------------------- */

static void fill_in(FILE *to, const project *p, const char *text)
{
    for (const char *at = text; *at;) {
        if (!strncmp(at, "@NAME@", 6)) fputs(p->name, to), at += 6;
        else if (!strncmp(at, "@PLACE@", 7)) fputs(p->place, to), at += 7;
        else putc(*at++, to);
    }
}

static int put_text(const project *p, const char *name, const char *text)
{
    char path[MOST_PATH];
    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    return cli_write_file(path, text, strlen(text));
}

static int put_file(const project *p, const char *name, const char *text)
{
    char *filled = NULL;
    size_t bytes = 0;
    FILE *to = open_memstream(&filled, &bytes);
    if (!to) return cli_error("out of memory");
    fill_in(to, p, text);
    int status = fclose(to) ? cli_error("out of memory") : put_text(p, name, filled);
    free(filled);
    return status;
}

/* The model's own program, which first reads the weights. */
static int put_model(const project *p, lm_model *model)
{
    static const char before[] = "    lm_summary(model);\n";
    static const char load[] = "    lm_load_weights(model, \"model.weights.h5\");     "
                               "/* leave it out for fresh ones */\n";
    char path[MOST_PATH], *text = lm_model_to_c(model), *at = text ? strstr(text, before) : NULL;
    if (!at) return cli_error("%s", lm_last_error());
    size_t head = (size_t)(at - text), bytes = strlen(text) + sizeof load;
    char *whole = malloc(bytes);
    int status = whole ? CLI_OK : cli_error("out of memory");
    if (whole) snprintf(whole, bytes, "%.*s%s%s", (int)head, text, load, at);
    if (!status) status = put_text(p, "main.c", whole);
    snprintf(path, sizeof path, "%s/model.weights.h5", p->folder);
    if (!status && lm_save_weights(model, path)) status = cli_error("%s", lm_last_error());
    if (!status) status = put_file(p, "README.md", readme_model);
    free(whole);
    lm_string_free(text);
    return status;
}

static int put_files(const project *p, lm_model *model)
{
    int status = put_file(p, "Makefile", makefile);
    if (!status) status = put_file(p, ".gitignore", gitignore);
    if (!status && model) return put_model(p, model);
    if (!status) status = put_file(p, "main.c", main_c);
    return status ? status : put_file(p, "README.md", readme_digits);
}

static int run(int argc, char **argv)
{
    project p = {0};
    const char *from = NULL;
    int count;
    const cli_option options[] = {{"from", CLI_TEXT, &from, 0, 0}, {.name = NULL}};
    int status = cli_read(&cli_new, argc, argv, options, 1, &p.folder, &count);
    if (status) return status;
    if (!p.folder) return cli_wrong(&cli_new, "new needs a folder to make: lamina new digits");
    if (strlen(p.folder) > MOST_PATH / 2) return cli_wrong(&cli_new, "the folder's name is too long");
    lm_model *model = from ? lm_load(from) : NULL;
    status = from ? cli_failed(model) : CLI_OK;
    if (!status) status = make_folder(p.folder);
    if (!status) {
        name_program(&p);
        find_place(&p);
        status = put_files(&p, model);
    }
    if (!status)
        printf("%s: main.c, Makefile, README.md, .gitignore%s\nNext: cd %s && make run\n", p.folder,
               model ? ", model.weights.h5" : "", p.folder);
    lm_free(model);
    return status;
}

const cli_command cli_new = {
    .name = "new", .summary = "a folder with a program that builds and runs at once", .help = help, .run = run};
