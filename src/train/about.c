/* train/about.c: what travels with a model beside its weights: names of classes, how raw data become its input. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "train/model.h"

#include <math.h>
#include <string.h>

/* Names are printed on terminals and stand one a line in files. */
static lm_status check_name(const char *name, int index)
{
    if (!name) return lm__fail(LM_INVALID, "the name of class %d is NULL", index);
    size_t length = strlen(name);
    if (!length || length > LM__MAX_CLASS_NAME)
        return lm__fail(LM_INVALID, "the name of class %d has %zu bytes, but it must have 1 to %d", index, length,
                        LM__MAX_CLASS_NAME);
    if (!lm__is_plain(name))
        return lm__fail(LM_INVALID, "the name of class %d is not UTF-8 text without control characters", index);
    return LM_OK;
}

/* The list and its texts in one block. */
static char **copy_names(int count, const char *const *names)
{
    size_t bytes = (size_t)count * sizeof(char *);
    for (int i = 0; i < count; i++) bytes += strlen(names[i]) + 1;
    char **list = lm__alloc(bytes);
    if (!list) {
        lm__no_memory(bytes);
        return NULL;
    }
    char *text = (char *)(list + count);
    for (int i = 0; i < count; i++) {
        size_t length = strlen(names[i]) + 1;
        list[i] = memcpy(text, names[i], length);
        text += length;
    }
    return list;
}

lm_status lm__model_set_classes(lm_model *model, int count, const char *const *names)
{
    char **list = NULL;
    if (count < 0 || count > LM__MAX_CLASSES || (count && !names))
        return lm__fail(LM_INVALID, "%d names of classes%s; 0 to %d are possible", count,
                        count && !names ? " at NULL" : "", LM__MAX_CLASSES);
    for (int i = 0; i < count; i++) LM_TRY(check_name(names[i], i));
    if (count && !(list = copy_names(count, names))) return LM_NO_MEMORY;
    lm__model_change(model);
    lm__free(model->about.classes);
    model->about.classes = list, model->about.nclasses = count;
    lm__model_changed(model);
    return LM_OK;
}

lm_status lm__model_set_input(lm_model *model, const lm_input_info *info)
{
    if (!memchr(info->preparation, 0, sizeof info->preparation))
        return lm__fail(LM_INVALID, "the preparation's name has no end within its %zu bytes",
                        sizeof info->preparation);
    if (!lm__is_plain(info->preparation))
        return lm__fail(LM_INVALID, "the preparation's name is not plain text");
    if (isinf(info->low) || isinf(info->high) || isnan(info->low) != isnan(info->high) || info->low > info->high)
        return lm__fail(LM_INVALID, "the input's range goes from %g to %g; it needs two finite numbers in order, or "
                        "twice NaN where it is unknown", info->low, info->high);
    lm__model_change(model);
    model->about.input = *info;
    lm__model_changed(model);
    return LM_OK;
}

/* --- from the data that a model is trained on ----------------------------------------------------------------- */

enum { RANGE_STEPS = 16 };

static void widen(lm_input_info *info, double value)
{
    if (!isfinite(value)) return;
    if (!(value >= info->low)) info->low = value;       /* also where it is NaN */
    if (!(value <= info->high)) info->high = value;
}

/* Smallest and largest in vectors of the compiler's; NaN compares false and drops out. */
static void widen_f32(lm_input_info *info, const float *x, size_t n)
{
    float low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        low = x[i] < low ? x[i] : low;
        high = x[i] > high ? x[i] : high;
    }
    widen(info, low);
    widen(info, high);
}

static void take_range(lm_input_info *info, const lm_tensor *x)
{
    if (x->dtype == LM_U8) {
        info->low = 0, info->high = 255;
    } else if (x->dtype == LM_F32) {
        widen_f32(info, x->data, x->size);
    } else {
        for (size_t i = 0; i < x->size; i++) widen(info, lm_tensor_get(x, i));
    }
}

static lm_status take_classes(lm_model *model, const lm_dataset *data)
{
    int count;
    const char *const *names = lm_data_classes(data, &count);
    if (model->about.classes_set || !names) return LM_OK;
    return lm__model_set_classes(model, count, names);
}

lm_status lm__model_observe(lm_model *model, const lm_dataset *data, int epoch, int64_t step, const lm_tensor *x)
{
    if (epoch || step >= RANGE_STEPS) return LM_OK;
    if (!step) LM_TRY(take_classes(model, data));
    if (model->about.input_set || model->ninputs > 1) return LM_OK;    /* of several inputs none is the one */
    lm_input_info info = model->about.input;
    if (!step) {
        info.low = info.high = NAN;
        const char *preparation = lm_data_preparation(data);
        size_t length = strlen(preparation);
        if (length && length < sizeof info.preparation) memcpy(info.preparation, preparation, length + 1);
    }
    take_range(&info, x);
    lm__model_change(model);
    model->about.input = info;
    lm__model_changed(model);
    return LM_OK;
}
