/* train/summary.c: Keras's table of layers, shapes and parameters. */
#include "train/model.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS = 3 };

/* A horizontal rule: left end, line, crossing, right end. */
static void rule(lm__text *t, const int width[COLUMNS], const char *left, const char *line, const char *cross,
                 const char *right)
{
    lm__text_printf(t, "%s", left);
    for (int c = 0; c < COLUMNS; c++) {
        for (int i = 0; i < width[c]; i++) lm__text_printf(t, "%s", line);
        lm__text_printf(t, "%s", c + 1 < COLUMNS ? cross : right);
    }
    lm__text_printf(t, "\n");
}

/* One row; cells that are too long end in "…". Number columns stand at the right. */
static void row(lm__text *t, const int width[COLUMNS], const char *bar, const char *const cell[COLUMNS])
{
    for (int c = 0; c < COLUMNS; c++) {
        int room = width[c] - 2, length = (int)strlen(cell[c]);
        lm__text_printf(t, "%s ", bar);
        if (length > room) lm__text_printf(t, "%.*s…", room - 1, cell[c]);
        else if (c == COLUMNS - 1) lm__text_printf(t, "%*s", room, cell[c]);
        else lm__text_printf(t, "%-*s", room, cell[c]);
        lm__text_printf(t, " ");
    }
    lm__text_printf(t, "%s\n", bar);
}

static const char *thousands(int64_t n, char *text, size_t bytes)
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)n), at = 0;
    for (int i = 0; i < length && at + 2 < (int)bytes; i++) {
        if (i && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

static void size_text(double bytes, char *text, size_t room)
{
    static const char *const unit[] = {"B", "KB", "MB", "GB", "TB"};
    int k = 0;
    while (bytes >= 1024 && k < 4) bytes /= 1024, k++;
    snprintf(text, room, "%.2f %s", bytes, unit[k]);
}

static int64_t layer_parameters(const lm_layer *layer, bool trainable_only)
{
    int64_t n = 0;
    for (int i = 0; i < layer->nweights; i++)
        if (!trainable_only || (layer->trainable && layer->weight[i]->trainable))
            n += (int64_t)layer->weight[i]->value->size;
    return n;
}

int64_t lm__model_parameters(const lm_model *model, bool trainable_only)
{
    int64_t n = 0;
    for (int i = 0; i < model->nlayers; i++) n += layer_parameters(model->layer[i], trainable_only);
    return n;
}

/* Sizes that are symbols print as None, Keras's word. */
static void shape_cell(const lm__shape *shape, bool built, char *text, size_t bytes)
{
    int64_t dims[LM_MAX_RANK];
    for (int i = 0; i < shape->rank; i++) dims[i] = lm__dim_known(shape->dim[i]) ? shape->dim[i] : LM_ANY;
    if (built) lm__shape_text(shape->rank, dims, text, bytes);
    else snprintf(text, bytes, "?");
}

/* The class goes to a row of its own where it does not fit behind the name. */
static void layer_rows(lm__text *t, const int width[COLUMNS], const lm_model *model, int index)
{
    const lm_layer *layer = model->layer[index];
    char name[160], class[96], shape[128], number[40];
    snprintf(class, sizeof class, "(%s)", layer->base.class->name);
    int length = snprintf(name, sizeof name, "%s %s", layer->base.name, class);
    bool two = length > width[0] - 2;
    shape_cell(&lm__model_call_of(model, index)->shape, layer->built, shape, sizeof shape);
    thousands(layer_parameters(layer, false), number, sizeof number);
    row(t, width, "│", (const char *[]){two ? layer->base.name : name, shape, layer->built ? number : "0 (unbuilt)"});
    if (two) row(t, width, "│", (const char *[]){class, "", ""});
}

static void table(lm__text *t, const lm_model *model, int length)
{
    int width[COLUMNS] = {(length - 4) * 46 / 100, (length - 4) * 34 / 100, 0};
    width[2] = length - 4 - width[0] - width[1];
    lm__text_printf(t, "Model: \"%s\"\n", model->name);
    rule(t, width, "┏", "━", "┳", "┓");
    row(t, width, "┃", (const char *[]){"Layer (type)", "Output Shape", "Param #"});
    rule(t, width, "┡", "━", "╇", "┩");
    for (int i = 0; i < model->nlayers; i++) {
        layer_rows(t, width, model, i);
        if (i + 1 < model->nlayers) rule(t, width, "├", "─", "┼", "┤");
    }
    rule(t, width, "└", "─", "┴", "┘");
}

static void total(lm__text *t, const char *label, int64_t count, size_t element)
{
    char number[40], size[40];
    size_text((double)count * (double)element, size, sizeof size);
    lm__text_printf(t, " %s: %s (%s)\n", label, thousands(count, number, sizeof number), size);
}

static int64_t optimizer_numbers(const lm_model *model)
{
    int64_t n = 0;
    const lm_optimizer *o = model->optimizer;
    if (!o || !o->iteration || !lm_tensor_get(o->iteration->value, 0)) return 0; /* as Keras: none before a step */
    for (int i = 0; i < o->nvariables * o->nslots; i++) n += (int64_t)o->slot[i]->value->size;
    for (int i = 0; o->average && i < o->nvariables; i++) n += (int64_t)o->average[i]->value->size;
    return n + 2;
}

static void totals(lm__text *t, const lm_model *model)
{
    size_t element = model->nlayers ? lm_dtype_size(model->layer[0]->dtype) : 4;
    int64_t all = lm__model_parameters(model, false), trainable = lm__model_parameters(model, true);
    int64_t extra = optimizer_numbers(model);
    total(t, "Total params", all + extra, element);
    total(t, "Trainable params", trainable, element);
    total(t, "Non-trainable params", all - trainable, element);
    if (extra) total(t, "Optimizer params", extra, element);
}

/* What a training step's arrays look like where none was seen yet: the input as declared, and the targets that the
 * loss is meant for. */
static void likely_kinds(const lm_model *model, lm__array_kind kinds[LM__STEP_ARRAYS])
{
    const lm__model_node *out = lm__model_output(model, 0);
    bool labels = !strncmp(model->loss->base.class->name, "Sparse", 6) && out->shape.rank > 1;
    lm__array_kind *y = &kinds[model->ninputs];
    memset(kinds, 0, LM__STEP_ARRAYS * sizeof *kinds);
    for (int i = 0; i < model->ninputs; i++) {
        kinds[i].dtype = model->node[i].dtype;
        kinds[i].rank = lm__model_sizes(model, i, kinds[i].dims);
    }
    y->dtype = labels ? LM_I64 : out->dtype;
    y->rank = lm__model_sizes(model, model->output[0], y->dims);
    if (labels) y->dims[--y->rank] = 0;
}

/* The plan of a training step, or of prediction, for batches of this size. */
static lm_status step_plan(lm_model *model, int64_t batch_size, bool training, const lm__plan **plan)
{
    lm_function *function = model->train.function;
    int64_t symbols[32];
    if (batch_size < 1)
        return lm__fail(LM_INVALID, "batch_size = %lld, but it must be 1 or more", (long long)batch_size);
    lm_dtype dtype[LM_MAX_INPUTS];
    for (int i = 0; i < model->ninputs; i++) dtype[i] = model->node[i].dtype;
    if (!training) LM_TRY(lm__model_predict_step(model, dtype, &function));
    else if (!function) {
        lm__array_kind kinds[LM__STEP_ARRAYS];
        if (!model->built)
            return lm__fail(LM_INVALID, "the model is not built: begin it with lm_input, or fit it first");
        LM_TRY(lm__model_prepare(model));
        likely_kinds(model, kinds);
        LM_TRY(lm__model_train_step(model, kinds));
        function = model->train.function;
    }
    for (int i = 0; i < 32; i++) symbols[i] = batch_size;
    return lm__function_plan(function, symbols, plan);
}

static lm_status memory(lm__text *t, lm_model *model, const lm_summary_args *args)
{
    const lm__plan *plan;
    LM_TRY(step_plan(model, args->batch_size, model->compiled, &plan));
    lm__text_printf(t, "\nMemory of %s, batches of %lld:\n", model->compiled ? "a training step" : "prediction",
                    (long long)args->batch_size);
    lm__plan_print(plan, true, t);
    return LM_OK;
}

lm_status lm__model_flops(lm_model *model, int64_t batch_size, bool training, double *flops)
{
    const lm__plan *plan;
    LM_TRY(step_plan(model, batch_size, training, &plan));
    *flops = lm__plan_flops(plan);
    return LM_OK;
}

lm_status lm__model_summary(lm_model *model, const lm_summary_args *args)
{
    lm__text t = {0};
    int screen = lm__show_columns(), length = args->line_length ? args->line_length : 76;
    if (!args->line_length && screen >= 40 && screen < length) length = screen;
    if (length < 40 || length > 400)
        return lm__fail(LM_INVALID, "line_length = %d, but it must be between 40 and 400", length);
    table(&t, model, length);
    totals(&t, model);
    lm_status status = args->memory ? memory(&t, model, args) : LM_OK;
    if (!status && t.bad) status = lm__no_memory(t.size);
    if (!status) lm__show(t.data, t.size);
    lm__free(t.data);
    return status;
}
