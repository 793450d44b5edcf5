/* formats/c_program.c: a model as the C program that builds it. */
#include "formats/c_program.h"

#include "base/alloc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    INDENT = 8,
    IN_ONE_CALL = 64,           /* layers; more are added one by one: macros in macros take compilers long */
};

static void put_input(const lm_model *model, lm__text *to, const char *before, const char *after)
{
    int64_t dims[LM_MAX_RANK];
    int rank = lm__model_sizes(model, 0, dims);
    lm_dtype dtype = model->node[0].dtype;
    lm__text_printf(to, "%slm_input(.shape = ", before);
    lm__c_sizes(to, dims + 1, rank - 1);
    if (dtype != LM_F32) lm__text_printf(to, ", .dtype = \"%s\"", lm_dtype_name(dtype));
    lm__text_printf(to, ")%s\n", after);
}

/* A layer's call without its end; its name only where the program would not give it the same. */
static void put_layer(const lm_model *model, int i, lm__c_call *call)
{
    const lm_layer *layer = model->layer[i];
    char name[LM__LAYER_NAME] = "";
    if (lm__free_name(model->layer, i, layer->base.class, name)) call->text.bad = 1;
    lm__c_object(call, &layer->base, strcmp(name, layer->base.name) ? layer->base.name : NULL, NULL);
}

static void put_stack(const lm_model *model, lm__text *to)
{
    lm__text_printf(to, "    lm_model *model = lm_sequential(\n");
    if (model->has_input) put_input(model, to, "        ", model->nlayers ? "," : ");");
    for (int i = 0; i < model->nlayers; i++) {
        lm__c_call call = {0};
        put_layer(model, i, &call);
        lm__c_call_end(to, &call, INDENT, i + 1 < model->nlayers ? "," : ");");
    }
}

static void put_one_by_one(const lm_model *model, lm__text *to)
{
    lm__text_printf(to, "    lm_model *model = lm_sequential();\n");
    if (model->has_input) put_input(model, to, "    lm_sequential_add(model, ", ");");
    for (int i = 0; i < model->nlayers; i++) {
        lm__c_call call = {0};
        lm__text_printf(&call.text, "lm_sequential_add(model, ");
        put_layer(model, i, &call);
        lm__text_append(&call.text, ")", 1);
        lm__c_call_end(to, &call, 4, ";");
    }
}

static void put_layers(const lm_model *model, lm__text *to)
{
    if (!model->nlayers && !model->has_input) lm__text_printf(to, "    lm_model *model = lm_sequential();\n");
    else if (model->nlayers > IN_ONE_CALL) put_one_by_one(model, to);
    else put_stack(model, to);
    if (strcmp(model->name, "sequential") != 0) {
        lm__text_printf(to, "    lm_model_set_name(model, ");
        lm__c_string(to, model->name);
        lm__text_printf(to, ");\n");
    }
}

/* --- compile ------------------------------------------------------------------------------------------------ */

/* A float's shortest digits as a double: 0.001, not 0.0010000000474974513. */
static double plain(float value)
{
    char text[40];
    for (int digits = 1; digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)value);
        if (strtof(text, NULL) == value) break;
    }
    return strtod(text, NULL);
}

/* Keras's files name every optimizer, mostly as its class: "adam". That says nothing. */
static const char *own_name(const lm__configured *optimizer)
{
    return optimizer->name && strcasecmp(optimizer->name, optimizer->class->name) ? optimizer->name : NULL;
}

/* The learning rate is the one it has now; training and files may have changed it. */
static void put_optimizer(const lm_model *model, lm__c_call *call)
{
    const lm_optimizer *optimizer = model->optimizer;
    const lm_variable *variable = optimizer->learning_rate;
    double rate = ((const lm__optimizer_args *)optimizer->base.args)->learning_rate;
    bool single = !variable || variable->value->dtype == LM_F32;
    if (variable && (!single || (float)rate != (float)lm_tensor_get(variable->value, 0)))
        rate = lm_tensor_get(variable->value, 0);
    if (single && isfinite(rate)) rate = plain((float)rate);
    lm__c_inside(lm__c_argument(call, "optimizer"), &optimizer->base, own_name(&optimizer->base), &rate);
}

static void put_loss(const lm_model *model, lm__c_call *call)
{
    char name[80];
    const lm__configured *loss = &model->loss->base;
    lm__snake_case(loss->class->name, name, sizeof name);
    if (lm__c_usual(loss)) lm__c_string(lm__c_argument(call, "loss"), name);
    else lm__c_inside(lm__c_argument(call, "loss_object"), loss, loss->name, NULL);
}

/* "accuracy" has a name only, until targets choose its class. */
static bool by_name(const lm_metric *metric) { return !metric || lm__c_usual(&metric->base); }

static void put_metrics(const lm_model *model, lm__c_call *call)
{
    lm__text *to = NULL;
    for (int i = 0; i < model->nmetrics; i++) {
        if (!by_name(model->metric[i])) continue;
        if (!to) lm__text_printf(to = lm__c_argument(call, "metrics"), "{");
        else lm__text_append(to, ", ", 2);
        lm__c_string(to, model->metric_name[i]);
    }
    if (to) lm__text_append(to, "}", 1);
    to = NULL;
    for (int i = 0; i < model->nmetrics; i++) {
        if (by_name(model->metric[i])) continue;
        if (!to) lm__text_printf(to = lm__c_argument(call, "metric_objects"), "{");
        else lm__text_append(to, ", ", 2);
        lm__c_inside(to, &model->metric[i]->base, model->metric[i]->base.name, NULL);
    }
    if (to) lm__text_append(to, "}", 1);
}

static void put_compile(const lm_model *model, lm__text *to)
{
    lm__c_call call = {0};
    lm__text_printf(&call.text, "lm_compile(model");
    call.some = true;
    put_optimizer(model, &call);
    put_loss(model, &call);
    put_metrics(model, &call);
    lm__c_call_end(to, &call, 4, ";");
}

/* --- the program -------------------------------------------------------------------------------------------- */

static const char head[] =
    "/* A model in Lamina's words, with fresh weights. Build it and print its summary:\n"
    " *\n"
    " *     cc main.c $(pkg-config --cflags --libs lamina) -o main && ./main\n"
    " */\n"
    "#include <lamina/lamina.h>\n"
    "#include <stdio.h>\n\n"
    "static lm_model *make_model(void)\n"
    "{\n";

static const char tail[] =
    "    return model;\n"
    "}\n\n"
    "int main(void)\n"
    "{\n"
    "    lm_model *model = make_model();\n"
    "    lm_summary(model);\n"
    "    int failed = lm_failed(model);\n"
    "    if (failed) fprintf(stderr, \"%s\\n\", lm_error(model));\n"
    "    lm_free(model);\n"
    "    return failed;\n"
    "}\n";

lm_status lm__c_program(const lm_model *model, lm__text *to)
{
    if (model->functional) return lm__fail(LM_UNSUPPORTED, "functional models are not written as C programs");
    lm__text_printf(to, "%s", head);
    put_layers(model, to);
    if (model->compiled) put_compile(model, to);
    lm__text_printf(to, "%s", tail);
    return to->bad ? lm__no_memory(to->size) : LM_OK;
}
