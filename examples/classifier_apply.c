/* examples/classifier_apply.c: a saved classifier on new pictures: an array, one file, or a folder of them. */
#include "classifier.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SAID = 400, PATH = 4096 };

/* The answers so far, as text. */
typedef struct answers {
    FILE *to;
    const lm_model *model;
    char last[SAID];                    /* what was done to the last picture: told again only when it changes */
} answers;

/* A field of the table: in quotes where its text needs them. */
static void write_field(FILE *to, const char *text)
{
    bool plain = !strpbrk(text, ",\"\r\n");
    if (!plain) fputc('"', to);
    for (; *text; text++) {
        if (*text == '"') fputc('"', to);
        fputc(*text, to);
    }
    fputs(plain ? "," : "\",", to);
}

static void write_row(answers *a, const char *file, const lm_tensor *p, int64_t row)
{
    int names;
    int64_t classes = lm_tensor_dim(p, 1), best = 0;
    const char *const *name = lm_model_classes(a->model, &names);
    size_t from = (size_t)(row * classes);
    for (int64_t c = 1; c < classes; c++)
        if (lm_tensor_get(p, from + (size_t)c) > lm_tensor_get(p, from + (size_t)best)) best = c;
    if (file) write_field(a->to, file);
    if (name && best < names) write_field(a->to, name[best]);
    else fprintf(a->to, "%lld,", (long long)best);
    fprintf(a->to, "%.6f\n", lm_tensor_get(p, from + (size_t)best));
}

/* An array (N, height, width) or (N, height, width, channels) of numbers 0…255. */
static int apply_array(const example *run, answers *a)
{
    int64_t dims[LM_MAX_RANK];
    lm_model_input(a->model, NULL, dims);
    lm_tensor *x = lm_tensor_load(run->apply);
    lm_tensor *images = lm_tensor_reshape_to(x, LM_ANY, dims[1], dims[2], dims[3]);
    lm_tensor *p = lm_predict_array(a->model, images);
    int status = example_failed(run, 3, (const void *[]){x, images, p});
    for (int64_t i = 0; !status && i < lm_tensor_dim(p, 0); i++) write_row(a, NULL, p, i);
    lm_free(x), lm_free(images), lm_free(p);
    return status;
}

static int apply_picture(const example *run, answers *a, const char *path, const char *file)
{
    char said[SAID];
    lm_tensor *image = lm_image_load(path), *x = lm_image_prepare(a->model, image, said, sizeof said);
    lm_tensor *p = lm_predict_array(a->model, x);
    int status = example_failed(run, 3, (const void *[]){image, x, p});
    if (!status && *said && strcmp(said, a->last)) {
        fprintf(stderr, "%s: %s\n", file, said);
        strcpy(a->last, said);
    }
    if (!status) write_row(a, file, p, 0);
    lm_free(image), lm_free(x), lm_free(p);
    return status;
}

static int is_picture(const struct dirent *entry)
{
    static const char *const endings[] = {".png", ".PNG", ".jpg", ".JPG", ".jpeg", ".JPEG"};
    const char *dot = strrchr(entry->d_name, '.');
    for (int i = 0; dot && entry->d_name[0] != '.' && i < 6; i++)
        if (!strcmp(dot, endings[i])) return 1;
    return 0;
}

/* Its PNG and JPEG files, sorted by name. */
static int apply_folder(const example *run, answers *a)
{
    struct dirent **entry;
    char path[PATH];
    int count = scandir(run->apply, &entry, is_picture, alphasort), status = count <= 0;
    if (count < 0) fprintf(stderr, "%s: error: %s: %s\n", run->name, run->apply, strerror(errno));
    if (count == 0) fprintf(stderr, "%s: error: %s holds no .png or .jpg file\n", run->name, run->apply);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", run->apply, entry[i]->d_name);
        if (!status) status = apply_picture(run, a, path, entry[i]->d_name);
        free(entry[i]);
    }
    if (count >= 0) free(entry);
    return status;
}

static int apply(const example *run, answers *a)
{
    struct stat kind;
    const char *dot = strrchr(run->apply, '.');
    if (stat(run->apply, &kind)) {
        fprintf(stderr, "%s: error: %s: %s\n", run->name, run->apply, strerror(errno));
        return 1;
    }
    bool folder = S_ISDIR(kind.st_mode), array = !folder && dot && !strcmp(dot, ".npy");
    if (array || (!folder && (!dot || strstr(run->apply, "ubyte")))) return apply_array(run, a);
    fputs("file,answer,probability\n", a->to);
    const char *slash = strrchr(run->apply, '/');
    return folder ? apply_folder(run, a) : apply_picture(run, a, run->apply, slash ? slash + 1 : run->apply);
}

int classifier_apply(const example *run, const char *file)
{
    char *text = NULL;
    size_t bytes;
    lm_model *m = lm_load(example_path(run, file), .compile = false);
    answers a = {.to = open_memstream(&text, &bytes), .model = m};
    int status = example_failed(run, 1, (const void *[]){m});
    if (!status && !a.to) perror(run->name), status = 1;
    if (!status) status = apply(run, &a);
    if (a.to && fclose(a.to) && !status) perror(run->name), status = 1;
    if (!status) status = example_write(run, run->output, text);
    free(text), lm_free(m);
    return status;
}
