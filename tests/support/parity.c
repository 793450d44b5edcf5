/* tests/support/parity.c: see parity.h. */
#include "support/check.h"

#include "support/parity.h"
#include "tensor/tensor.h"
#include <math.h>
#include <stdio.h>

#define CASES LM_SOURCE_DIR "/tests/parity/cases/"

/* --- one case --------------------------------------------------------------------------------------------------- */

void parity_problem(parity_case *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", c->title);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    c->problems++;
}

lm_tensor *parity_array(parity_case *c, const char *name, ...)
{
    char text[24], path[48];
    va_list args;
    va_start(args, name);
    vsnprintf(text, sizeof text, name, args);
    va_end(args);
    for (int i = 0; i < c->narrays; i++)
        if (!strcmp(c->array[i].name, text)) return c->array[i].tensor;
    snprintf(path, sizeof path, "%lld/%s", c->id, text);
    if (!lm__npz_has(c->npz, path)) return NULL;
    assert_in_range(c->narrays, 0, PARITY_ARRAYS - 1);
    lm_tensor *t = lm__npz_read(c->npz, path);
    if (lm_failed(t)) fail_msg("%s: %s: %s", c->title, path, lm_error(t));
    strcpy(c->array[c->narrays].name, text);
    return c->array[c->narrays++].tensor = t;
}

lm_tensor *parity_row(lm_tensor *t, int i, int steps)
{
    if (!t || steps == 1) return lm_retain(t);
    lm_tensor *row = lm_tensor_slice(t, i, i + 1), *out = lm_tensor_reshape(row, t->rank - 1, t->dims + 1);
    lm_free(row);
    return out;
}

void parity_equal(parity_case *c, const char *what, const lm_tensor *got, const lm_tensor *want)
{
    double largest = 1;
    c->compared++;
    if (!want || lm_failed(got)) {
        parity_problem(c, "%s: %s", what, want ? lm_error(got) : "nothing to compare with");
        return;
    }
    bool same = got->rank == want->rank;
    for (int i = 0; same && i < got->rank; i++) same = got->dims[i] == want->dims[i];
    if (!same) {
        parity_problem(c, "%s has another shape (rank %d, size %zu; expected rank %d, size %zu)", what, got->rank,
                       got->size, want->rank, want->size);
        return;
    }
    for (size_t i = 0; i < want->size; i++) largest = fmax(largest, fabs(lm_tensor_get(want, i)));
    for (size_t i = 0; i < want->size; i++) {
        double a = lm_tensor_get(got, i), b = lm_tensor_get(want, i);
        if (fabs(a - b) <= c->tol * largest) continue;
        parity_problem(c, "%s, element %zu: %.17g, expected %.17g (tolerance %g)", what, i, a, b, c->tol);
        return;
    }
}

void parity_number(parity_case *c, const char *what, double got, double want)
{
    c->compared++;
    if (!(fabs(got - want) <= c->tol * fmax(1, fabs(want))))
        parity_problem(c, "%s: %.17g, expected %.17g (tolerance %g)", what, got, want, c->tol);
}

void parity_refused(parity_case *c, bool failed, const char *words)
{
    c->compared++;
    if (!failed) parity_problem(c, "was accepted, but Lamina does not have it");
    else if (!strstr(lm_last_error(), words))
        parity_problem(c, "refused with \"%s\", without \"%s\"", lm_last_error(), words);
}

long long parity_integer(const parity_case *c, const char *key)
{
    return json_integer_value(json_object_get(c->json, key));
}

const char *parity_text(const parity_case *c, const char *key)
{
    return json_string_value(json_object_get(c->json, key));
}

void *parity_object(const parity_case *c, const lm__class *const *classes, const char *what)
{
    const lm__class *class = lm__class_find(classes, c->class_name, what);
    return class ? lm__configured_from(class, c->config) : lm__object_poison(classes[0]->type);
}

/* --- all cases -------------------------------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* Every array of the case must have been asked for. */
static void check_used(parity_case *c)
{
    size_t i;
    json_t *name;
    json_array_foreach(json_object_get(c->json, "arrays"), i, name)
    {
        bool used = false;
        for (int k = 0; k < c->narrays; k++) used |= !strcmp(c->array[k].name, json_string_value(name));
        if (!used) parity_problem(c, "array %s was not looked at", json_string_value(name));
    }
    if (!c->compared) parity_problem(c, "nothing was compared");
}

static int run_case(const lm__npz *npz, const json_t *json, parity_test *test, const parity_refusal *refusal,
                    parity_refuse *refuse)
{
    parity_case c = {.npz = npz, .json = json, .config = json_object_get(json, "config")};
    c.id = parity_integer(&c, "id");
    c.title = parity_text(&c, "title"), c.class_name = parity_text(&c, "class_name");
    c.tol = json_number_value(json_object_get(json, "tol"));
    if (refusal) {
        parity_refused(&c, refuse(&c), refusal->words);
    } else {
        test(&c);
        if (!c.problems) check_used(&c);
    }
    for (int i = 0; i < c.narrays; i++) lm_free(c.array[i].tensor);
    return c.problems;
}

static const parity_refusal *refusal_of(const parity_refusal *list, const char *title)
{
    for (; list && list->title; list++)
        if (ends_with(title, list->title)) return list;
    return NULL;
}

static json_t *read_manifest(const lm__npz *npz)
{
    json_error_t error;
    lm_tensor *t = lm__npz_read(npz, "manifest");
    if (lm_failed(t)) fail_msg("manifest: %s", lm_error(t));
    json_t *manifest = json_loadb(lm_tensor_read(t), lm_tensor_bytes(t), 0, &error);
    if (!manifest) fail_msg("manifest, line %d: %s", error.line, error.text);
    lm_free(t);
    return manifest;
}

void parity_run(const char *kind, int count, parity_test *test, const parity_refusal *refusals, parity_refuse *refuse)
{
    char path[512];
    lm__npz *npz = NULL;
    int problems = 0, bad = 0, ran = 0, refused = 0;
    size_t i;
    json_t *json;
    snprintf(path, sizeof path, CASES "%s.npz", kind);
    check_ok(lm__npz_open(path, &npz));
    json_t *manifest = read_manifest(npz);
    json_array_foreach(manifest, i, json)
    {
        const parity_refusal *refusal = refusal_of(refusals, json_string_value(json_object_get(json, "title")));
        int found = run_case(npz, json, test, refusal, refuse);
        problems += found, bad += found > 0, ran++, refused += refusal != NULL;
    }
    fprintf(stderr, "%s: %d cases, %d of them refused as they should be, %d with problems\n", kind, ran, refused,
            bad);
    json_decref(manifest);
    lm__npz_close(npz);
    assert_int_equal(ran, count);
    assert_int_equal(problems, 0);
}

/* --- graphs ----------------------------------------------------------------------------------------------------- */

void parity_graph_begin(parity_graph *g)
{
    memset(g, 0, sizeof *g);
    g->graph = lm_graph_new();
}

lm_value *parity_input(parity_graph *g, const char *name, const lm_tensor *like, bool open)
{
    int64_t dims[LM_MAX_RANK];
    memcpy(dims, like->dims, sizeof dims);
    if (like->rank && open) dims[0] = LM_ANY;
    return g->input[g->ninputs++] = lm_placeholder_new(g->graph, name, like->dtype, like->rank, dims);
}

void parity_output(parity_graph *g, lm_value *v) { g->output[g->noutputs++] = v; }

bool parity_finish(parity_graph *g, parity_case *c)
{
    lm_function_args args = {.size = sizeof args, .graph = g->graph};
    memcpy(args.inputs, g->input, sizeof g->input);
    memcpy(args.outputs, g->output, sizeof g->output);
    g->function = lm_function_new(&args);
    if (lm_failed(g->function)) parity_problem(c, "%s", lm_error(g->function));
    return !lm_failed(g->function);
}

bool parity_call(parity_graph *g, parity_case *c, lm_tensor *const *in, lm_tensor **out)
{
    if (lm_function_run(g->function, in, out) == LM_OK) return true;
    parity_problem(c, "%s", lm_last_error());
    return false;
}

void parity_graph_end(parity_graph *g)
{
    lm_free(g->function);
    lm_free(g->graph);
}
