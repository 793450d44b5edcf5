/* tensor/print.c: tensors as text, in NumPy's layout. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { LINE_WIDTH = 75, EDGE = 3, THRESHOLD = 1000, FIELD_BYTES = 352 };

typedef struct printer {
    const lm_tensor *t;
    lm__text *out;
    int64_t rows;               /* of the first dimension, where there are two or more */
    int shorten;                /* inner dimensions show their edges only */
    int decimals, exponent;     /* of floats */
    int mantissa;               /* its decimals, where there is an exponent */
    double largest;             /* finite size */
    int left, right;            /* columns before the point, and of the point and after */
    int column;
} printer;

/* --- which elements: calls visit for each that is shown -------------------------------------------------------- */

/* The index after i of a dimension, skipping what is not shown; *gap: some were. */
static int64_t next_shown(const printer *p, int axis, int64_t i, int *gap)
{
    int64_t n = p->t->dims[axis];
    *gap = 0;
    if (axis == 0 && p->t->rank > 1) {
        *gap = i + 1 == p->rows && p->rows < n;
        return *gap ? n : i + 1;
    }
    *gap = p->shorten && n > 2 * EDGE && i + 1 == EDGE;
    return *gap ? n - EDGE : i + 1;
}

typedef void visit_fn(printer *p, size_t i);

static void visit_all(printer *p, int axis, size_t first, size_t step, visit_fn *visit)
{
    if (axis == p->t->rank) {
        visit(p, first);
        return;
    }
    int gap;
    step /= (size_t)p->t->dims[axis];
    for (int64_t i = 0; i < p->t->dims[axis]; i = next_shown(p, axis, i, &gap))
        visit_all(p, axis + 1, first + (size_t)i * step, step, visit);
}

/* --- one element ------------------------------------------------------------------------------------------------ */

/* "1.25" with `decimals` and without closing zeros: "1.5", "2." */
static void float_text(const printer *p, double value, char *text)
{
    if (isnan(value) || isinf(value)) {
        strcpy(text, isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
        return;
    }
    if (p->exponent) {
        snprintf(text, FIELD_BYTES, "%.*e", p->mantissa, value);
        return;
    }
    int size = snprintf(text, FIELD_BYTES, "%#.*f", p->decimals, value);
    while (size > 1 && text[size - 1] == '0') size--;
    text[size] = '\0';
}

static void element_text(const printer *p, size_t i, char *text)
{
    double value = lm__load(p->t->dtype, p->t->data, i);
    if (lm__is_float(p->t->dtype))
        float_text(p, value, text);
    else if (p->t->dtype == LM_BOOL)
        strcpy(text, value != 0 ? "True" : "False");
    else if (p->t->dtype == LM_I64)
        snprintf(text, FIELD_BYTES, "%lld", (long long)((const int64_t *)p->t->data)[i]);
    else
        snprintf(text, FIELD_BYTES, "%.0f", value);
}

/* Columns before the point; special values stand left of where a point would be closed. */
static int left_of(const char *text)
{
    const char *point = strchr(text, '.');
    return (int)(point ? point - text : (ptrdiff_t)strlen(text));
}

static int is_special(const char *text)
{
    return strchr(text, 'n') != NULL;
}

static void measure(printer *p, size_t i)
{
    char text[FIELD_BYTES];
    element_text(p, i, text);
    if (lm__is_float(p->t->dtype) && is_special(text)) return;
    int left = left_of(text), right = (int)strlen(text) - left;
    if (left > p->left) p->left = left;
    if (right > p->right) p->right = right;
}

/* nan and inf may need more columns than the numbers do. */
static void measure_special(printer *p, size_t i)
{
    char text[FIELD_BYTES];
    element_text(p, i, text);
    int width = (int)strlen(text);
    if (is_special(text) && width > p->left + p->right) p->left = width - p->right;
}

static void find_largest(printer *p, size_t i)
{
    double size = fabs(lm__load(p->t->dtype, p->t->data, i));
    if (isfinite(size) && size > p->largest) p->largest = size;
}

/* The fewest decimals of a mantissa that show this element as well as all of them would. */
static void measure_mantissa(printer *p, size_t i)
{
    char text[FIELD_BYTES];
    double value = lm__load(p->t->dtype, p->t->data, i);
    if (!isfinite(value)) return;
    snprintf(text, sizeof text, "%#.*e", p->decimals, value);
    int point = left_of(text), size = (int)(strchr(text, 'e') - text);
    while (size - point > 2 && text[size - 1] == '0') size--;
    if (size - point - 1 > p->mantissa) p->mantissa = size - point - 1;
}

static void put_element(printer *p, size_t i)
{
    char text[FIELD_BYTES];
    element_text(p, i, text);
    int left = left_of(text), pad = p->left - left;
    if (lm__is_float(p->t->dtype) && is_special(text)) pad = p->left + p->right - left;
    lm__text_printf(p->out, "%*s%s", pad > 0 ? pad : 0, "", text);
    int after = p->left + p->right - (pad > 0 ? pad : 0) - (int)strlen(text);
    lm__text_printf(p->out, "%*s", after > 0 ? after : 0, "");
}

/* --- the layout ------------------------------------------------------------------------------------------------- */

/* A new line inside `depth` brackets. */
static void new_line(printer *p, int lines, int depth)
{
    while (p->out->size && p->out->data[p->out->size - 1] == ' ') p->out->size--;
    for (int i = 0; i < lines; i++) lm__text_append(p->out, "\n", 1);
    lm__text_printf(p->out, "%*s", depth, "");
    p->column = depth;
}

static void put_vector(printer *p, int depth, size_t first)
{
    int width = p->left + p->right, gap = 0;
    int64_t n = p->t->dims[depth];
    p->column = depth + 1;
    for (int64_t i = 0, next; i < n; i = next) {
        if (i && p->column + 1 + width > LINE_WIDTH)
            new_line(p, 1, depth + 1);
        else if (i)
            lm__text_append(p->out, " ", 1), p->column++;
        put_element(p, first + (size_t)i);
        p->column += width;
        next = next_shown(p, depth, i, &gap);
        if (gap) lm__text_append(p->out, " ...", 4), p->column += 4;
    }
}

static void put_array(printer *p, int depth, size_t first, size_t step)
{
    if (depth == p->t->rank) {
        put_element(p, first);
        return;
    }
    lm__text_append(p->out, "[", 1);
    int inner = p->t->rank - depth - 1, gap;
    int64_t n = p->t->dims[depth];
    if (!inner) put_vector(p, depth, first);
    step /= (size_t)n;
    for (int64_t i = 0, next; inner && i < n; i = next) {
        put_array(p, depth + 1, first + (size_t)i * step, step);
        next = next_shown(p, depth, i, &gap);
        if (gap) {
            new_line(p, inner, depth + 1);
            lm__text_append(p->out, "...", 3);
        }
        if (next < n) new_line(p, inner, depth + 1);
    }
    lm__text_append(p->out, "]", 1);
}

void lm__tensor_text(const lm_tensor *t, const lm_print_args *args, lm__text *out)
{
    if (lm_failed(t)) {
        lm__text_printf(out, "<no tensor: %s>", lm_error(t));
        return;
    }
    if (!t->size) {
        char shape[160];
        lm__text_printf(out, "[] %s", lm__shape_text(t->rank, t->dims, shape, sizeof shape));
        return;
    }
    printer p = {.t = t, .out = out, .rows = INT64_MAX, .decimals = args->decimals};
    if (args->rows > 0) p.rows = args->rows;
    if (p.decimals < 0) p.decimals = 0;
    if (p.decimals > 17) p.decimals = 17;
    size_t shown = t->size;
    if (t->rank > 1 && p.rows < t->dims[0]) shown = t->size / (size_t)t->dims[0] * (size_t)p.rows;
    p.shorten = shown > THRESHOLD;
    if (lm__is_float(t->dtype)) visit_all(&p, 0, 0, t->size, find_largest);
    /* Scientific notation where fixed digits would be too many or show nothing but zeros. */
    p.exponent = p.largest >= 1e8 || (p.largest > 0 && p.largest < pow(10, -p.decimals));
    if (p.exponent) visit_all(&p, 0, 0, t->size, measure_mantissa);
    visit_all(&p, 0, 0, t->size, measure);
    if (lm__is_float(t->dtype)) visit_all(&p, 0, 0, t->size, measure_special);
    put_array(&p, 0, 0, t->size);
}

void lm_tensor_print(const lm_tensor *t, const lm_print_args *args)
{
    lm__text out = {0};
    const lm_print_args usual = {.size = sizeof usual, .rows = 6, .decimals = 4};
    if (lm__object_check(t, &lm__tensor_type, "lm_print") == LM_OK) lm__tensor_text(t, args ? args : &usual, &out);
    else lm__text_printf(&out, "<no tensor: %s>", lm_last_error());
    lm__text_append(&out, "\n", 1);
    if (out.size) fwrite(out.data, 1, out.size, stdout);
    lm__free(out.data);
}
