/* plan/tune_file.c: the file of a tuning: {"lamina_tuning": 1, "machines": {MACHINE: {PROBLEM: KERNEL, …}}}. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/status.h"
#include "plan/tune.h"
#include <jansson.h>
#include <string.h>

enum { FORMAT = 1, LM__TUNE_MAX_FILE = 16 << 20 };

struct lm__tune_file {
    char *path;
    json_t *root;                       /* owns … */
    json_t *machines;
    bool changed;
};

static lm_status foreign(const char *path, const char *why)
{
    return lm__fail(LM_CORRUPT, "%s is no tuning file: %s; name another one, or remove it to begin anew", path, why);
}

static lm_status check(const char *path, json_t *root)
{
    const char *machine, *problem;
    json_t *problems, *kernel, *machines = json_object_get(root, "machines");
    if (!json_is_integer(json_object_get(root, "lamina_tuning")))
        return foreign(path, "it does not begin with \"lamina_tuning\"");
    if (json_integer_value(json_object_get(root, "lamina_tuning")) != FORMAT)
        return foreign(path, "it is of another version");
    if (!json_is_object(machines)) return foreign(path, "it has no \"machines\"");
    json_object_foreach(machines, machine, problems) {
        if (!json_is_object(problems)) return foreign(path, "a machine is no object");
        json_object_foreach(problems, problem, kernel)
            if (!json_is_string(kernel)) return foreign(path, "a kernel is no name");
    }
    return LM_OK;
}

lm_status lm__tune_file_parse(const char *path, const void *data, size_t bytes, struct json_t **root)
{
    json_error_t error;
    *root = json_loadb(data, bytes, JSON_REJECT_DUPLICATES, &error);
    if (!*root) return foreign(path, error.text);
    lm_status status = check(path, *root);
    if (!status) return LM_OK;
    json_decref(*root);
    *root = NULL;
    return status;
}

static lm_status read_file(const char *path, json_t **root)
{
    uint8_t *data;
    size_t bytes;
    *root = NULL;
    LM_TRY(lm__file_read(path, LM__TUNE_MAX_FILE, &data, &bytes));
    lm_status status = lm__tune_file_parse(path, data, bytes, root);
    lm__free(data);
    return status;
}

static int append(const char *text, size_t bytes, void *user)
{
    lm__text_append(user, text, bytes);
    return ((lm__text *)user)->bad;
}

static lm_status write_file(const lm__tune_file *f)
{
    lm__text t = {0};
    if (json_dump_callback(f->root, append, &t, JSON_INDENT(1) | JSON_SORT_KEYS) || t.bad) {
        lm__free(t.data);
        return lm__no_memory(t.size);
    }
    lm__text_append(&t, "\n", 1);
    lm_status status = t.bad ? lm__no_memory(t.size) : lm__file_save(f->path, t.data, t.size);
    lm__free(t.data);
    return status;
}

lm_status lm__tune_file_open(const char *path, lm__tune_file **out)
{
    lm_status status = LM_OK;
    *out = NULL;
    lm__tune_file *f = lm__calloc(1, sizeof *f);
    if (!f || !(f->path = lm__strdup(path))) LM_GO(fail, lm__no_memory(sizeof *f + strlen(path)));
    if (lm__file_exists(path)) LM_GO(fail, read_file(path, &f->root));
    else {
        f->root = json_pack("{s:i, s:{}}", "lamina_tuning", FORMAT, "machines");
        if (!f->root) LM_GO(fail, lm__no_memory(sizeof *f));
        LM_GO(fail, write_file(f));
    }
    f->machines = json_object_get(f->root, "machines");
    *out = f;
    return LM_OK;
fail:
    lm__tune_file_close(f);
    return status;
}

void lm__tune_file_close(lm__tune_file *f)
{
    if (!f) return;
    json_decref(f->root);
    lm__free(f->path);
    lm__free(f);
}

const char *lm__tune_file_get(const lm__tune_file *f, const char *machine, const char *problem)
{
    return json_string_value(json_object_get(json_object_get(f->machines, machine), problem));
}

static lm_status set(json_t *machines, const char *machine, const char *problem, json_t *kernel)
{
    json_t *problems = json_object_get(machines, machine);
    if (!problems) {
        problems = json_object();
        if (json_object_set_new(machines, machine, problems)) return lm__no_memory(strlen(machine));
    }
    return json_object_set(problems, problem, kernel) ? lm__no_memory(strlen(problem)) : LM_OK;
}

lm_status lm__tune_file_set(lm__tune_file *f, const char *machine, const char *problem, const char *kernel)
{
    json_t *name = json_string(kernel);
    lm_status status = name ? set(f->machines, machine, problem, name) : lm__no_memory(strlen(kernel));
    json_decref(name);
    f->changed |= status == LM_OK;
    return status;
}

/* What the file has and we have not. */
static lm_status merge(lm__tune_file *f, json_t *theirs)
{
    const char *machine, *problem;
    json_t *problems, *kernel;
    json_object_foreach(json_object_get(theirs, "machines"), machine, problems) {
        json_object_foreach(problems, problem, kernel)
            if (!lm__tune_file_get(f, machine, problem)) LM_TRY(set(f->machines, machine, problem, kernel));
    }
    return LM_OK;
}

lm_status lm__tune_file_save(lm__tune_file *f)
{
    json_t *theirs;
    if (!f->changed) return LM_OK;
    if (lm__file_exists(f->path)) {
        LM_TRY(read_file(f->path, &theirs));
        lm_status status = merge(f, theirs);
        json_decref(theirs);
        LM_TRY(status);
    }
    LM_TRY(write_file(f));
    f->changed = false;
    return LM_OK;
}
