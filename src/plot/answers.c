/* plot/answers.c: labels and predictions as classes with names, and numbers as text. */
#include "plot/plot.h"

#include "base/alloc.h"
#include "base/object.h"
#include "base/status.h"
#include "tensor/tensor.h"

#include <math.h>
#include <stdio.h>

enum { MOST_CLASSES = 10000 };

void lm__plot_title(lm__canvas *canvas, const char *title, double margin)
{
    if (!title) return;
    lm__draw_text(canvas, margin, margin + 14, title, (lm__font){.size = 17, .bold = true, .colour = LM__INK},
                  canvas->width - 2 * margin);
}

lm_status lm__names_of(const char *const *name, int count, lm__names *out)
{
    *out = (lm__names){name, name ? count : 0};
    for (int i = 0; i < out->count; i++)
        if (!name[i])
            return lm__fail(LM_INVALID, ".classes[%d] is NULL, but there are .classes_count = %d", i, count);
    return LM_OK;
}

const char *lm__name_of(const lm__names *names, int64_t class, char text[24])
{
    if (class >= 0 && class < names->count) return names->name[class];
    if (class < 0)
        snprintf(text, 24, "?");
    else
        snprintf(text, 24, "%lld", (long long)class);
    return text;
}

lm_status lm__check_labels(const lm_tensor *labels, int64_t *examples)
{
    char shape[128];
    LM_TRY(lm__object_check(labels, &lm__tensor_type, "labels"));
    lm__shape_text(labels->rank, labels->dims, shape, sizeof shape);
    if (labels->rank < 1 || labels->size != (size_t)labels->dims[0])
        return lm__fail(LM_INVALID, "the labels have shape %s, but one class for each example is wanted: (N,)",
                        shape);
    *examples = labels->dims[0];
    return LM_OK;
}

lm_status lm__check_predictions(const lm_tensor *p, int64_t examples)
{
    char shape[128];
    LM_TRY(lm__object_check(p, &lm__tensor_type, "predictions"));
    lm__shape_text(p->rank, p->dims, shape, sizeof shape);
    if (p->rank < 1 || p->rank > 2)
        return lm__fail(LM_INVALID,
                        "the predictions have shape %s; probabilities (N, classes) or classes (N,) are "
                        "wanted",
                        shape);
    if (p->dims[0] != examples)
        return lm__fail(LM_INVALID, "the predictions have shape %s, but there are %lld examples", shape,
                        (long long)examples);
    if (p->rank == 2 && (p->dims[1] < 1 || p->dims[1] > MOST_CLASSES))
        return lm__fail(LM_INVALID, "the predictions have shape %s: between 1 and %d classes are wanted", shape,
                        MOST_CLASSES);
    return LM_OK;
}

static int64_t class_of(double value) { return value > -0.5 && value < 1e9 ? (int64_t)(value + 0.5) : -1; }

int64_t lm__label(const lm_tensor *labels, int64_t i) { return class_of(lm_tensor_get(labels, (size_t)i)); }

int64_t lm__answer(const lm_tensor *p, int64_t i, double *probability)
{
    double best = NAN, unused;
    int64_t answer = -1, classes = p->rank == 2 ? p->dims[1] : 1;
    if (!probability) probability = &unused;
    *probability = NAN;
    double value = lm_tensor_get(p, (size_t)(i * classes));
    if (classes == 1 && (p->rank == 1 || (p->dtype != LM_F32 && p->dtype != LM_F64))) return class_of(value);
    if (classes == 1) { /* the probability of class 1 */
        if (isnan(value)) return -1;
        *probability = value >= 0.5 ? value : 1 - value;
        return value >= 0.5;
    }
    for (int64_t c = 0; c < classes; c++) {
        value = lm_tensor_get(p, (size_t)(i * classes + c));
        if (value > best || (isnan(best) && !isnan(value))) best = value, answer = c;
    }
    *probability = best;
    return answer;
}

const char *lm__percent(double share, char text[24])
{
    if (isnan(share))
        snprintf(text, 24, "–");
    else if (share < 1 && share > 0.9995)
        snprintf(text, 24, share > 0.99995 ? "> 99.99 %%" : "%.2f %%", 100 * share);
    else
        snprintf(text, 24, "%.1f %%", 100 * share);
    return text;
}

const char *lm__thousands(int64_t n, char text[40])
{
    char digits[32];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)n), at = 0;
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0) text[at++] = ',';
        text[at++] = digits[i];
    }
    text[at] = 0;
    return text;
}

/* --- the confusion matrix -----------------------------------------------------------------------------------------
 */

static lm_status count_classes(const lm_tensor *labels, const lm_tensor *predictions, int *classes)
{
    int64_t most = predictions->rank == 2 ? predictions->dims[1] - 1 : 0;
    if (predictions->rank == 2 && predictions->dims[1] == 1) most = 1;
    for (int64_t i = 0; i < labels->dims[0]; i++) {
        int64_t label = lm__label(labels, i), answer = lm__answer(predictions, i, NULL);
        most = label > most ? label : most;
        most = answer > most ? answer : most;
    }
    if (most >= MOST_CLASSES)
        return lm__fail(LM_INVALID, "the labels and predictions go up to class %lld; %d classes are the most",
                        (long long)most, MOST_CLASSES);
    *classes = (int)most + 1;
    return LM_OK;
}

lm_status lm__confusion_matrix(const lm_tensor *labels, const lm_tensor *predictions, int classes, lm_tensor **out)
{
    int64_t n;
    *out = NULL;
    LM_TRY(lm__check_labels(labels, &n));
    LM_TRY(lm__check_predictions(predictions, n));
    if (classes < 0 || classes > MOST_CLASSES)
        return lm__fail(LM_INVALID, "classes = %d, but it must be between 0 and %d", classes, MOST_CLASSES);
    if (!classes) LM_TRY(count_classes(labels, predictions, &classes));
    lm_tensor *matrix = lm_tensor_new(LM_I64, 2, (int64_t[]){classes, classes});
    lm_status status = lm__object_check(matrix, &lm__tensor_type, "matrix");
    for (int64_t i = 0; !status && i < n; i++) {
        int64_t label = lm__label(labels, i), answer = lm__answer(predictions, i, NULL);
        if (label < 0 || label >= classes)
            status = lm__fail(LM_INVALID, "label %lld is %g, but the classes are 0 … %d", (long long)i,
                              lm_tensor_get(labels, (size_t)i), classes - 1);
        else if (answer >= classes)
            status = lm__fail(LM_INVALID, "prediction %lld is class %lld, but the classes are 0 … %d", (long long)i,
                              (long long)answer, classes - 1);
        else if (answer >= 0)
            ((int64_t *)lm_tensor_data(matrix))[label * classes + answer]++;
    }
    if (status)
        lm_free(matrix);
    else
        *out = matrix;
    return status;
}
