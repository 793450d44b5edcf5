/* The registry itself: every op complete, in order, in its file; every sample a graph that can be built, copied and
 * printed. */
#include "support/check.h"

#include "base/alloc.h"
#include "base/bytes.h"
#include "ops/support.h"

#include <dirent.h>
#include <stdio.h>

static const char *const symbols[] = {
#define LM_OP(name) #name,
#include "ops/registry.def"
#undef LM_OP
    NULL,
};

static void names_are_symbols_and_sorted(void **state)
{
    (void)state;
    int n = 0;
    for (; lm__ops.ops[n]; n++) {
        assert_string_equal(lm__ops.ops[n]->name, symbols[n]);
        assert_ptr_equal(lm__op_find(&lm__ops, symbols[n]), lm__ops.ops[n]);
        if (n > 0 && strcmp(symbols[n - 1], symbols[n]) >= 0) fail_msg("%s before %s", symbols[n - 1], symbols[n]);
    }
    assert_null(symbols[n]);
    assert_null(lm__op_find(&lm__ops, "no such op"));
}

static size_t bytes_of(const lm__attr *f)
{
    static const size_t bytes[] = {
        [LM__ATTR_INT] = sizeof(int64_t),    [LM__ATTR_FLOAT] = sizeof(double), [LM__ATTR_BOOL] = sizeof(bool),
        [LM__ATTR_DTYPE] = sizeof(lm_dtype), [LM__ATTR_INTS] = sizeof(int64_t), [LM__ATTR_SHAPE] = sizeof(lm__shape),
        [LM__ATTR_OBJECT] = sizeof(void *),  [LM__ATTR_NAME] = sizeof(char *),  [LM__ATTR_BYTES] = 1,
    };
    return bytes[f->kind] * (size_t)f->count;
}

static const char *fault(const lm__op *op)
{
    bool fused = op->flags & LM__OP_FUSED, special = op->kind == LM__OP_SPECIAL || op->kind == LM__OP_CONTROL;
    size_t used = 0;
    if (!op->infer) return "it has no infer";
    if (op->max_inputs < op->min_inputs || op->max_inputs > LM__MAX_INPUTS)
        return "its counts of inputs make no sense";
    if (op->outputs > LM__MAX_OUTPUTS) return "too many outputs";
    if (fused && (!op->decompose || op->gradient)) return "a fused op has decompose and no gradient";
    if (op->gradient && (op->flags & LM__OP_NO_GRADIENT)) return "it has a gradient and says that it has none";
    if (!op->gradient && !(op->flags & (LM__OP_NO_GRADIENT | LM__OP_FUSED | LM__OP_ONCE)))
        return "it has neither a gradient nor a flag that says so";
    if (!special && !fused && (!op->samples || (op->max_inputs && !op->samples[0].nin))) return "it has no samples";
    if (op->kind == LM__OP_MAP && !op->rows) return "it has no reference rows";
    if (op->kind == LM__OP_MAP && op->max_inputs > LM__MAP_MAX_ARGS) return "it has too many inputs for a map";
    if (op->kind == LM__OP_PLAIN && !fused &&
        (!op->reference.run || strcmp(op->reference.op, op->name) != 0 || strcmp(op->reference.name, "ref") != 0))
        return "its reference kernel is missing or has another name";
    if (op->attr_size && !op->attrs && !fused) return "its attributes have no fields";
    for (const lm__attr *f = op->attrs; f && f->name; f++) {
        if (f->offset + bytes_of(f) > op->attr_size) return "a field lies outside its attributes";
        used += bytes_of(f);
    }
    if (used > op->attr_size) return "fields overlap";
    return NULL;
}

static void every_op_is_complete(void **state)
{
    (void)state;
    int wrong = 0;
    for (const lm__op *const *op = lm__ops.ops; *op; op++) {
        const char *what = fault(*op);
        if (what) print_message("%s: %s\n", (*op)->name, what), wrong++;
    }
    assert_int_equal(wrong, 0);
}

/* Whether the file defines the descriptor of an op of its name. */
static bool defines_op(const char *path, const char *name)
{
    char line[512], wanted[128];
    bool found = false;
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    snprintf(wanted, sizeof wanted, "const lm__op lm__op_%s = {", name);
    while (!found && fgets(line, sizeof line, file)) found = strncmp(line, wanted, strlen(wanted)) == 0;
    fclose(file);
    return found;
}

static void every_op_has_its_file_and_every_file_its_line(void **state)
{
    (void)state;
    int n = 0, files = 0;
    char path[1024];
    for (; symbols[n]; n++) {
        snprintf(path, sizeof path, "%s/src/ops/%s.c", LM_SOURCE_DIR, symbols[n]);
        if (!defines_op(path, symbols[n])) fail_msg("%s does not define lm__op_%s", path, symbols[n]);
    }
    DIR *folder = opendir(LM_SOURCE_DIR "/src/ops");
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder));) {
        char name[256];
        size_t length = strlen(entry->d_name);
        if (length < 3 || strcmp(entry->d_name + length - 2, ".c") != 0) continue;
        snprintf(path, sizeof path, "%s/src/ops/%s", LM_SOURCE_DIR, entry->d_name);
        snprintf(name, sizeof name, "%.*s", (int)length - 2, entry->d_name);
        if (!defines_op(path, name)) continue;
        files++;
        if (!lm__op_find(&lm__ops, name)) fail_msg("%s is not in registry.def", name);
    }
    closedir(folder);
    assert_int_equal(files, n);
}

static void check_sample(const lm__op *op, const lm__sample *sample, int number)
{
    lm_graph *g = lm_graph_new(), *copy;
    lm_value *in[4];
    for (int i = 0; i < sample->nin; i++)
        in[i] = lm_placeholder_new(g, "x", sample->in[i].dtype, sample->in[i].rank, sample->in[i].dims);
    lm__node *node = lm__apply_node(g, op, sample->attr, sample->nin, in, NULL);
    if (!node) fail_msg("sample %d: %s", number, lm_error(g));
    for (int i = 0; i < node->nout; i++) check_ok(lm__graph_output(g, &node->out[i]));
    assert_true(op->attr_size == 0 || node->attr != sample->attr);
    if (op->attr_size) {
        assert_true(lm__attr_equal(op, sample->attr, node->attr));
        assert_true(lm__attr_hash(op, sample->attr) == lm__attr_hash(op, node->attr));
    }
    check_ok(lm__graph_clone(g, NULL, &copy));
    check_ok(lm__graph_verify(copy));
    lm__text text = {0};
    lm__graph_print(copy, &text);
    assert_false(text.bad);
    check_contains(text.data, op->name);
    lm__free(text.data);
    lm_free(copy), lm_free(g);
}

static void samples_can_be_built(void **state)
{
    (void)state;
    int checked = 0;
    for (const lm__op *const *op = lm__ops.ops; *op; op++) {
        const lm__sample *samples = (*op)->samples;
        for (int i = 0; samples && (samples[i].nin || (i == 0 && samples[0].attr)); i++, checked++)
            check_sample(*op, &samples[i], i);
    }
    assert_true(checked > 100);
}

RUN(cmocka_unit_test(names_are_symbols_and_sorted), cmocka_unit_test(every_op_is_complete),
    cmocka_unit_test(every_op_has_its_file_and_every_file_its_line), cmocka_unit_test(samples_can_be_built))
