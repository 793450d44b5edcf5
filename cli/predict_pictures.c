/* cli/predict_pictures.c: lamina predict on pictures: from files, folders and the standard input to answers. */
#define _GNU_SOURCE                             /* strverscmp */
#include "predict.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_NOTES = 4, MOST_DRAWN = 100, NOTE = 512 };

/* What was done to pictures, each text once. */
typedef struct notes {
    struct {
        char text[NOTE], name[256];
        int count;
    } note[MOST_NOTES];
    int count, others;
} notes;

/* The pictures' outputs as they come, and what is needed to tell of them. */
typedef struct work {
    const cli_request *request;
    const lm_model *model;
    char **found;                               /* names of files, owned */
    size_t count, capacity;
    const char **name;                          /* of each picture that was read, borrowed from found */
    size_t read;
    lm_tensor **input;                          /* of each in the batch at hand */
    const char **input_name;
    int batch;
    lm_tensor *outputs, *drawn;                 /* rows so far: room for all */
    notes notes;
    int failed;
} work;

/* --- which files ------------------------------------------------------------------------------------------------ */

static bool has_picture_name(const char *path)
{
    return cli_ends(path, ".png") || cli_ends(path, ".jpg") || cli_ends(path, ".jpeg");
}

bool cli_is_picture(const char *path)
{
    unsigned char head[8] = {0};
    struct stat about;
    if (!strcmp(path, "-")) {
        size_t size;
        const void *data = cli_standard_input(&size);
        return !data || size < 6 || memcmp(data, "\x93NUMPY", 6) != 0;
    }
    if (!stat(path, &about) && S_ISDIR(about.st_mode)) return true;
    FILE *from = fopen(path, "rb");
    size_t n = from ? fread(head, 1, sizeof head, from) : 0;
    if (from) fclose(from);
    if (n >= 8 && !memcmp(head, "\x89PNG\r\n\x1a\n", 8)) return true;
    if (n >= 3 && !memcmp(head, "\xff\xd8\xff", 3)) return true;
    static const char *const others[] = {".gif", ".webp", ".heic", ".heif", ".avif", ".tif", ".tiff", ".bmp", ".pdf"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (cli_ends(path, others[i])) return true;     /* which are refused by name, with what converts them */
    return has_picture_name(path);
}

static int add(work *w, const char *folder, const char *name)
{
    if (w->count == w->capacity) {
        size_t more = w->capacity ? 2 * w->capacity : 16;
        char **grown = realloc(w->found, more * sizeof *grown);
        if (!grown) return cli_error("out of memory");
        w->found = grown, w->capacity = more;
    }
    size_t bytes = strlen(folder) + strlen(name) + 2;
    char *path = malloc(bytes);
    if (!path) return cli_error("out of memory");
    snprintf(path, bytes, "%s%s%s", folder, *folder && folder[strlen(folder) - 1] != '/' ? "/" : "", name);
    w->found[w->count++] = path;
    return 0;
}

/* As people count: 9.png before 10.png. */
static int in_order(const void *a, const void *b) { return strverscmp(*(char *const *)a, *(char *const *)b); }

static int add_folder(work *w, const char *folder)
{
    size_t first = w->count;
    DIR *listing = opendir(folder);
    if (!listing) return cli_error("%s: %s", folder, strerror(errno));
    int status = 0;
    for (struct dirent *entry; !status && (entry = readdir(listing));) {
        bool wanted = entry->d_name[0] != '.' && entry->d_type != DT_DIR && has_picture_name(entry->d_name);
        if (wanted) status = add(w, folder, entry->d_name);
    }
    closedir(listing);
    if (status) return status;
    if (w->count == first)
        return cli_error("%s: no file in this folder ends in .png, .jpg or .jpeg; folders inside it are not searched",
                         folder);
    qsort(w->found + first, w->count - first, sizeof *w->found, in_order);
    return 0;
}

static int find_files(work *w)
{
    struct stat about;
    int status = 0;
    for (int i = 0; !status && i < w->request->count; i++) {
        const char *path = w->request->inputs[i];
        if (!stat(path, &about) && S_ISDIR(about.st_mode)) status = add_folder(w, path);
        else status = add(w, "", path);
    }
    return status;
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

static lm_tensor *read_standard_input(char *said, size_t bytes)
{
    size_t size;
    const void *data = cli_standard_input(&size);
    return data ? lm_image_decode_saying("standard input", data, size, said, bytes) : NULL;
}

static void note(notes *all, const char *name, const char *text)
{
    int i = 0;
    while (i < all->count && strcmp(all->note[i].text, text) != 0) i++;
    if (!*text) return;
    if (i == MOST_NOTES) {
        all->others++;
        return;
    }
    if (i == all->count) {
        snprintf(all->note[i].text, NOTE, "%s", text);
        snprintf(all->note[i].name, sizeof all->note[i].name, "%s", name);
        all->count++;
    }
    all->note[i].count++;
}

static void tell_notes(const notes *all)
{
    for (int i = 0; i < all->count; i++)
        if (all->note[i].count == 1) fprintf(stderr, "lamina: %s: %s\n", all->note[i].name, all->note[i].text);
        else fprintf(stderr, "lamina: %d pictures: %s\n", all->note[i].count, all->note[i].text);
    if (all->others) fprintf(stderr, "lamina: %d more pictures, each in its own way\n", all->others);
}

/* The model's input of one picture, or NULL after a message. */
static lm_tensor *prepare(work *w, const char *name)
{
    char read[NOTE / 2 - 2] = "", done[NOTE / 2] = "", both[NOTE];      /* with "; " between them */
    bool standard = !strcmp(name, "-");
    lm_tensor *image = standard ? read_standard_input(read, sizeof read)
                                : lm_image_load_saying(name, read, sizeof read);
    lm_tensor *x = lm_failed(image) ? NULL : lm_image_prepare(w->model, image, done, sizeof done);
    if (!x) cli_failed(image);
    else if (lm_failed(x)) cli_error("%s: %s", standard ? "standard input" : name, lm_error(x));
    else {
        snprintf(both, sizeof both, "%s%s%s", read, *read && *done ? "; " : "", done);
        note(&w->notes, standard ? "standard input" : name, both);
    }
    lm_free(image);
    if (!lm_failed(x)) return x;
    lm_free(x);
    return NULL;
}

/* --- predicting ------------------------------------------------------------------------------------------------- */

/* Room for as many rows as there can be pictures, shaped like those of `like`. */
static lm_tensor *rows_like(const lm_tensor *like, int64_t n)
{
    int64_t dims[LM_MAX_RANK];
    memcpy(dims, lm_tensor_dims(like), sizeof(int64_t) * (size_t)lm_tensor_rank(like));
    dims[0] = n;
    return lm_tensor_new(lm_tensor_dtype(like), lm_tensor_rank(like), dims);
}

static bool same_rows(const lm_tensor *a, const lm_tensor *b)
{
    bool same = lm_tensor_rank(a) == lm_tensor_rank(b) && lm_tensor_dtype(a) == lm_tensor_dtype(b);
    for (int i = 1; same && i < lm_tensor_rank(a); i++) same = lm_tensor_dim(a, i) == lm_tensor_dim(b, i);
    return same;
}

static void put_rows(lm_tensor *to, size_t at, const lm_tensor *from)
{
    size_t row = lm_tensor_bytes(from) / (size_t)lm_tensor_dim(from, 0);
    memcpy((char *)lm_tensor_data(to) + at * row, lm_tensor_read(from), lm_tensor_bytes(from));
}

/* Inputs of one shape as one batch. */
static lm_tensor *joined(lm_tensor *const *inputs, int n)
{
    if (n == 1) return lm_retain(inputs[0]);
    lm_tensor *all = rows_like(inputs[0], n);
    for (int i = 0; !lm_failed(all) && i < n; i++) put_rows(all, (size_t)i, inputs[i]);
    return all;
}

static int keep(work *w, const lm_tensor *x, const lm_tensor *y, size_t at)
{
    if (!w->outputs) w->outputs = rows_like(y, (int64_t)w->count);
    if (lm_failed(w->outputs)) return cli_failed(w->outputs);
    if (!same_rows(w->outputs, y))
        return cli_error("%s: its output has another shape than that of the pictures before it; predict it by itself",
                         w->name[at]);
    put_rows(w->outputs, at, y);
    if (!w->request->picture || at >= MOST_DRAWN) return 0;
    if (!w->drawn) w->drawn = rows_like(x, w->count < MOST_DRAWN ? (int64_t)w->count : MOST_DRAWN);
    if (lm_failed(w->drawn)) return cli_failed(w->drawn);
    if (!same_rows(w->drawn, x)) return cli_error("--picture: the pictures have different sizes");
    int64_t n = lm_tensor_dim(x, 0), room = lm_tensor_dim(w->drawn, 0) - (int64_t)at;
    lm_tensor *rows = lm_tensor_slice((lm_tensor *)x, 0, n < room ? n : room);
    int status = cli_failed(rows);
    if (!status) put_rows(w->drawn, at, rows);
    lm_free(rows);
    return status;
}

/* The first n inputs of the batch at hand, which have one shape. */
static int run_some(work *w, int n)
{
    lm_tensor *x = joined(w->input, n), *y = cli_apply(w->request, w->model, x);
    int status = cli_failed(y);
    memcpy(w->name + w->read, w->input_name, (size_t)n * sizeof *w->name);
    if (!status) status = keep(w, x, y, w->read);
    if (!status) w->read += (size_t)n;
    for (int i = 0; i < n; i++) lm_free(w->input[i]);
    w->batch -= n;
    memmove(w->input, w->input + n, (size_t)w->batch * sizeof *w->input);
    memmove(w->input_name, w->input_name + n, (size_t)w->batch * sizeof *w->input_name);
    lm_free(x), lm_free(y);
    return status;
}

static int run_batch(work *w)
{
    int status = 0;
    while (!status && w->batch) {
        int n = 1;
        while (n < w->batch && same_rows(w->input[0], w->input[n])) n++;
        status = run_some(w, n);
    }
    return status;
}

static int predict_all(work *w)
{
    int64_t most = w->request->batch < (int64_t)w->count ? w->request->batch : (int64_t)w->count;
    w->name = calloc(w->count, sizeof *w->name);
    w->input = calloc((size_t)most, sizeof *w->input);
    w->input_name = calloc((size_t)most, sizeof *w->input_name);
    if (!w->name || !w->input || !w->input_name) return cli_error("out of memory");
    int status = 0;
    for (size_t i = 0; !status && i < w->count && !cli_interrupted(); i++) {
        cli_wait("predicting: picture", (int64_t)i, (int64_t)w->count);
        lm_tensor *x = prepare(w, w->found[i]);
        if (!x) {
            w->failed++;
            continue;
        }
        w->input_name[w->batch] = w->found[i];
        w->input[w->batch++] = x;
        if (w->batch == most) status = run_batch(w);
    }
    cli_wait_hide();
    return status ? status : cli_interrupted() ? CLI_INTERRUPTED : run_batch(w);
}

/* --- telling ---------------------------------------------------------------------------------------------------- */

/* The pictures as the model saw them; rows of numbers are squares. */
static lm_tensor *drawable(const work *w, int64_t n)
{
    lm_tensor *rows = lm_tensor_slice(w->drawn, 0, n), *images;
    int64_t side = 1;
    if (lm_tensor_rank(rows) != 2) return rows;
    while (side * side < lm_tensor_dim(rows, 1)) side++;
    images = lm_tensor_reshape_to(rows, n, side, side);
    lm_free(rows);
    return images;
}

static int draw(const work *w, const cli_answers *a, const lm_tensor *y)
{
    int64_t n = (int64_t)w->read < MOST_DRAWN ? (int64_t)w->read : MOST_DRAWN;
    char(*lines)[96] = calloc((size_t)n, sizeof *lines);
    const char **captions = calloc((size_t)n, sizeof *captions);
    lm_tensor *images = drawable(w, n);
    int status = lines && captions ? CLI_OK : cli_error("out of memory");
    for (int64_t i = 0; !status && i < n; i++) {
        cli_answers_caption(a, y, i, lines[i], sizeof lines[i]);
        captions[i] = lines[i];
    }
    if (!status && lm_plot_images(images, w->request->picture, .captions = captions, .most = (int)n))
        status = cli_error("%s", lm_last_error());
    lm_free(images);
    free(lines), free(captions);
    return status;
}

static int tell(const work *w)
{
    const cli_request *r = w->request;
    cli_answers a = cli_answers_of(w->model);
    if (r->layer) a.meaning = CLI_VALUES, a.classes = 0;
    lm_tensor *y = lm_tensor_slice(w->outputs, 0, (int64_t)w->read);
    int status = CLI_OK;
    if (r->output) status = cli_answers_save(&a, w->name, y, r->output);
    if (!status && r->picture) status = draw(w, &a, y);
    if (!status && r->json) cli_answers_json(&a, w->name, y);
    else if (!status && !r->layer && !r->output) cli_answers_table(&a, w->name, y, r->top ? r->top : 2);
    lm_free(y);
    return status;
}

static void release(work *w)
{
    for (int i = 0; i < w->batch; i++) lm_free(w->input[i]);
    for (size_t i = 0; i < w->count; i++) free(w->found[i]);
    free(w->found), free(w->name), free(w->input), free(w->input_name);
    lm_free(w->outputs), lm_free(w->drawn);
}

int cli_predict_pictures(const cli_request *r, const lm_model *model)
{
    work w = {.request = r, .model = model};
    int status = find_files(&w);
    if (!status) status = predict_all(&w);
    if (!r->quiet) tell_notes(&w.notes);
    if (!status && w.read) status = tell(&w);
    else if (!status && r->json) puts("[]");
    if (status == CLI_INTERRUPTED) fprintf(stderr, "lamina: interrupted; nothing was written\n");
    if (!status && w.failed) {
        if (w.count > 1) cli_error("%d of %zu pictures could not be read", w.failed, w.count);
        status = CLI_FAILED;
    }
    release(&w);
    return status;
}
