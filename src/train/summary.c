/* train/summary.c: Keras's table of layers, shapes and parameters. */
#include "train/model.h"

#include "base/alloc.h"
#include "base/bytes.h"

#include <stdio.h>
#include <string.h>

/* Layers, shapes, parameters; and where a graph is no chain, what each call takes. */
enum { NUMBERS = 2, COLUMNS = 4 };

/* A horizontal rule: left end, line, crossing, right end. Columns of no width are not there. */
static void rule(lm__text *t, const int width[COLUMNS], const char *left, const char *line, const char *cross,
                 const char *right)
{
    for (int c = 0; c < COLUMNS && width[c]; c++) {
        lm__text_printf(t, "%s", c ? cross : left);
        for (int i = 0; i < width[c]; i++) lm__text_printf(t, "%s", line);
    }
    lm__text_printf(t, "%s", right);
    lm__text_printf(t, "\n");
}

/* One row; cells that are too long end in "…". Numbers stand at the right. */
static void row(lm__text *t, const int width[COLUMNS], const char *bar, const char *const cell[COLUMNS])
{
    for (int c = 0; c < COLUMNS && width[c]; c++) {
        int room = width[c] - 2, length = (int)strlen(cell[c]);
        lm__text_printf(t, "%s ", bar);
        if (length > room) lm__text_printf(t, "%.*s…", room - 1, cell[c]);
        else if (c == NUMBERS) lm__text_printf(t, "%*s", room, cell[c]);
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

/* What input `k` of a call is made by: a layer, and which of its calls if it has several. */
static void source_cell(const int width[COLUMNS], const lm_model *model, const lm__model_node *node, int k,
                        char *text, size_t bytes)
{
    text[0] = 0;
    if (!width[COLUMNS - 1] || k >= node->nin) return;
    const lm__model_node *from = &model->node[node->in[k]];
    const lm_layer *layer = lm__model_made_by(model, from);
    const char *comma = k + 1 < node->nin ? "," : "";
    if (from->number) snprintf(text, bytes, "%.120s[%d]%s", layer->base.name, from->number, comma);
    else snprintf(text, bytes, "%.120s%s", layer->base.name, comma);
}

/* The rows of a call or, with a negative layer, of an input. The class goes to a row of its own where it does not fit
 * behind the name, and what comes in to as many rows as there is of it. */
static void layer_rows(lm__text *t, const int width[COLUMNS], const lm_model *model, const lm__model_node *node)
{
    const lm_layer *layer = lm__model_made_by(model, node);
    bool built = node->layer < 0 || layer->built, first = !node->number;
    char name[176], class[96], shape[128], number[40], again[24] = "", source[160];
    if (!first) snprintf(again, sizeof again, "[%d]", node->number);
    int length = snprintf(name, sizeof name, "%.120s%s", layer->base.name, again);
    snprintf(class, sizeof class, "(%s)", node->layer < 0 ? "InputLayer" : layer->base.class->name);
    bool two = length + 1 + (int)strlen(class) > width[0] - 2;
    if (!two) snprintf(name + length, sizeof name - (size_t)length, " %s", class);
    shape_cell(&node->shape, built, shape, sizeof shape);
    thousands(layer_parameters(layer, false), number, sizeof number);
    int nin = width[COLUMNS - 1] ? node->nin : 0;
    for (int k = 0; k < nin || k <= two; k++) {
        source_cell(width, model, node, k, source, sizeof source);
        const char *const parameters = !first ? "shared" : built ? number : "0 (unbuilt)";
        if (!k) row(t, width, "│", (const char *[]){name, shape, parameters, source});
        else row(t, width, "│", (const char *[]){k == 1 && two ? class : "", "", "", source});
    }
}

static void table(lm__text *t, const lm_model *model, int length)
{
    bool stack = lm__model_is_chain(model);
    int room = length - (stack ? 4 : 5), width[COLUMNS] = {room * 46 / 100, room * 34 / 100};
    if (!stack) width[0] = width[3] = room * 31 / 100, width[1] = room * 25 / 100;
    width[NUMBERS] = room - width[0] - width[1] - width[3];
    lm__text_printf(t, "Model: \"%s\"\n", model->name);
    rule(t, width, "┏", "━", "┳", "┓");
    row(t, width, "┃", (const char *[]){"Layer (type)", "Output Shape", "Param #", "Connected to"});
    rule(t, width, "┡", "━", "╇", "┩");
    int from = stack ? model->ninputs : 0;
    for (int i = from; i < model->nnodes; i++) {
        if (i > from) rule(t, width, "├", "─", "┼", "┤");
        layer_rows(t, width, model, &model->node[i]);
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
    int screen = lm__show_columns(), length = args->line_length;
    if (!length) length = lm__model_is_chain(model) ? 76 : 100;
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
