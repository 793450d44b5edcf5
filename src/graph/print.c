/* graph/print.c: graphs as text:
 *
 *     %3 = sum(%2) float32 (N,) {axes=[1, 0, 0, 0, 0, 0, 0, 0], naxes=1, keepdims=false} @dense
 *
 * A node with several outputs shows all their types; %4.1 is output 1 of node 4. */
#include "base/bytes.h"
#include "graph/graph.h"

static void print_shape(const lm_graph *graph, const lm__shape *shape, lm__text *text)
{
    char buffer[256];
    lm__text_printf(text, "%s", lm__shape_print(graph->dims, shape, buffer, sizeof buffer));
}

static void print_value(const lm_value *v, lm__text *text)
{
    if (v->index) lm__text_printf(text, "%%%d.%d", v->node->id, v->index);
    else lm__text_printf(text, "%%%d", v->node->id);
}

static void print_field(const lm_graph *graph, const lm__attr *field, const void *at, lm__text *text)
{
    switch (field->kind) {
    case LM__ATTR_INT: lm__text_printf(text, "%lld", (long long)*(const int64_t *)at); break;
    case LM__ATTR_FLOAT:
        for (int i = 0; i < field->count; i++)
            lm__text_printf(text, "%s%.9g", i ? ", " : "", ((const double *)at)[i]);
        break;
    case LM__ATTR_BOOL: lm__text_printf(text, "%s", *(const bool *)at ? "true" : "false"); break;
    case LM__ATTR_DTYPE: lm__text_printf(text, "%s", lm_dtype_name(*(const lm_dtype *)at)); break;
    case LM__ATTR_INTS:
        for (int i = 0; i < field->count; i++)
            lm__text_printf(text, "%s%lld", i ? ", " : "[", (long long)((const int64_t *)at)[i]);
        lm__text_printf(text, "]");
        break;
    case LM__ATTR_SHAPE: print_shape(graph, at, text); break;
    case LM__ATTR_OBJECT: {
        const lm__object *object = *(const lm__object *const *)at;
        if (object && object->type == &lm__variable_type)
            lm__text_printf(text, "\"%s\"", ((const lm_variable *)object)->name);
        else lm__text_printf(text, "<%s>", object ? object->type->name : "none");
        break;
    }
    case LM__ATTR_NAME: {
        const char *name = *(const char *const *)at;
        lm__text_printf(text, "\"%s\"", name ? name : "");
        break;
    }
    case LM__ATTR_BYTES: lm__text_printf(text, "<%d bytes>", field->count); break;
    }
}

static void print_node(const lm_graph *graph, const lm__node *node, int indent, lm__text *text)
{
    lm__text_printf(text, "%*s%%%d = %s(", indent, "", node->id, node->op->name);
    for (int i = 0; i < node->nin; i++) {
        if (i) lm__text_printf(text, ", ");
        print_value(node->in[i], text);
    }
    lm__text_printf(text, ")");
    for (int i = 0; i < node->nout; i++) {
        lm__text_printf(text, "%s%s ", i ? ", " : " ", lm_dtype_name(node->out[i].dtype));
        print_shape(graph, &node->out[i].shape, text);
    }
    for (const lm__attr *f = node->op->attrs; f && f->name; f++) {
        lm__text_printf(text, "%s%s=", f == node->op->attrs ? " {" : ", ", f->name);
        print_field(graph, f, (const char *)node->attr + f->offset, text);
    }
    if (node->op->attrs) lm__text_printf(text, "}");
    if (node->scope[0]) lm__text_printf(text, " @%s", node->scope);
    lm__text_printf(text, "\n");
}

static void print(const lm_graph *graph, int indent, lm__text *text)
{
    for (const lm__node *node = graph->first; node; node = node->next) {
        print_node(graph, node, indent, text);
        for (int i = 0; i < 2; i++)
            if (node->body[i]) print(node->body[i], indent + 4, text);
    }
    lm__text_printf(text, "%*sreturn", indent, "");
    for (int i = 0; i < graph->noutputs; i++) {
        lm__text_printf(text, i ? ", " : " ");
        print_value(graph->outputs[i], text);
    }
    lm__text_printf(text, "\n");
}

void lm__graph_print(const lm_graph *graph, lm__text *text)
{
    print(graph, 0, text);
}
