/* api/program.c: models as C programs. */
#include "base/alloc.h"
#include "formats/c_program.h"

char *lm_model_to_c(const lm_model *model)
{
    lm__text text = {0};
    if (lm__object_check(model, &lm__model_type, "model")) return NULL;
    lm__model_look(model);
    lm_status status = lm__c_program(model, &text);
    lm__model_looked(model);
    if (!status) return text.data;
    lm__free(text.data);
    return NULL;
}
