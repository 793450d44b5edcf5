/* formats/keras_about.c: names of classes and how raw data become the input, as members of a .keras file:
 * assets/labels.txt, one name a line, and lamina/input.json: {"range": [0, 255], "preparation": "digits"}. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "formats/keras.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char labels_name[] = "assets/labels.txt", input_name[] = "lamina/input.json";

static lm_status put_labels(const lm_model *model, lm__zip_writer *zip)
{
    lm__text text = {0};
    for (int i = 0; i < model->about.nclasses; i++) {
        lm__text_append(&text, model->about.classes[i], strlen(model->about.classes[i]));
        lm__text_append(&text, "\n", 1);
    }
    lm_status status = text.bad ? lm__no_memory(text.size)
                                : lm__zip_add(zip, labels_name, NULL, text.data, text.size);
    lm__free(text.data);
    return status;
}

static lm_status put_input(const lm_input_info *input, lm__zip_writer *zip)
{
    json_t *json = json_object();
    if (!isnan(input->low)) json_object_set_new(json, "range", json_pack("[f, f]", input->low, input->high));
    if (*input->preparation) json_object_set_new(json, "preparation", json_string(input->preparation));
    return lm__keras_add_json(zip, input_name, json);
}

lm_status lm__keras_put_about(const lm_model *model, lm__zip_writer *zip)
{
    const lm_input_info *input = &model->about.input;
    if (model->about.nclasses) LM_TRY(put_labels(model, zip));
    return isnan(input->low) && !*input->preparation ? LM_OK : put_input(input, zip);
}

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* The text's lines as a list: their ends are overwritten. */
static int split_lines(char *text, char **lines)
{
    int count = 0;
    for (char *at = text; *at; count++) {
        char *end = at + strcspn(at, "\n");
        lines[count] = at;
        at = *end ? end + 1 : end;
        if (end > lines[count] && end[-1] == '\r') end--;
        *end = 0;
    }
    return count;
}

static lm_status set_labels(lm_model *model, const lm__zip_data *data)
{
    size_t lines = 1, bytes;
    for (size_t i = 0; i < data->size; i++) lines += data->bytes[i] == '\n';
    if (lines > LM__MAX_CLASSES + 1 || memchr(data->bytes, 0, data->size))
        return lm__fail(LM_CORRUPT, "it is no list of at most %d names", LM__MAX_CLASSES);
    bytes = lines * sizeof(char *) + data->size + 1;
    char **list = lm__alloc(bytes);
    if (!list) return lm__no_memory(bytes);
    char *text = (char *)(list + lines);
    if (data->size) memcpy(text, data->bytes, data->size);
    text[data->size] = 0;
    lm_status status = lm__model_set_classes(model, split_lines(text, list), (const char *const *)list);
    lm__free(list);
    return status == LM_INVALID ? lm__fail(LM_CORRUPT, "%s", lm_last_error()) : status;
}

static lm_status get_labels(lm_model *model, const lm__zip *zip)
{
    size_t member;
    lm__zip_data data;
    LM_TRY(lm__zip_find(zip, labels_name, &member));
    if (lm__zip_size(zip, member) > LM__KERAS_MAX_LABELS)
        return lm__fail(LM_CORRUPT, "%s is larger than %zu bytes", labels_name, LM__KERAS_MAX_LABELS);
    LM_TRY(lm__zip_read(zip, member, &data));
    lm_status status = set_labels(model, &data);
    lm__zip_release(&data);
    return status ? lm__fail_in("%s", labels_name) : LM_OK;
}

static lm_status set_input(lm_model *model, const json_t *json)
{
    lm_input_info info = {.low = NAN, .high = NAN};
    const json_t *range = json_object_get(json, "range"), *preparation = json_object_get(json, "preparation");
    if (range) {
        const json_t *low = json_array_get(range, 0), *high = json_array_get(range, 1);
        if (json_array_size(range) != 2 || !json_is_number(low) || !json_is_number(high))
            return lm__fail(LM_CORRUPT, "%s: its range is not two numbers", input_name);
        info.low = json_number_value(low), info.high = json_number_value(high);
    }
    if (preparation) {
        const char *name = json_string_value(preparation);
        if (!name || strlen(name) >= sizeof info.preparation)
            return lm__fail(LM_CORRUPT, "%s: its preparation is not a name of up to %zu bytes", input_name,
                            sizeof info.preparation - 1);
        snprintf(info.preparation, sizeof info.preparation, "%s", name);
    }
    if (lm__model_set_input(model, &info) == LM_OK) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: %s", input_name, lm_last_error());
}

lm_status lm__keras_get_about(lm_model *model, const lm__zip *zip)
{
    if (lm__zip_has(zip, labels_name)) LM_TRY(get_labels(model, zip));
    if (!lm__zip_has(zip, input_name)) return LM_OK;
    json_t *json;
    LM_TRY(lm__keras_read_json(zip, input_name, &json));
    lm_status status = set_input(model, json);
    json_decref(json);
    return status;
}
