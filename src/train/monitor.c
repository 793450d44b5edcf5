/* train/monitor.c: see monitor.h. */
#include "train/monitor.h"

#include "train/fit.h"

#include <stdio.h>
#include <string.h>

static int direction_of(const lm_model *model, const char *name)
{
    if (!strncmp(name, "val_", 4)) name += 4;
    if (!strcmp(name, "loss")) return -1;
    for (int i = 0; i < model->nmetrics; i++)
        if (model->metric[i] && !strcmp(model->metric_name[i], name))
            return ((const lm__metric_class *)model->metric[i]->base.class)->direction;
    return 0;
}

/* monitor "val_acc" is none of the results: accuracy, loss (did you mean …?) */
static lm_status unknown(const lm__monitor *m, const lm_logs *logs)
{
    const char *names[LM_MAX_LOGS + 1] = {NULL};
    char list[512];
    size_t n = 0;
    list[0] = 0;
    for (int i = 0; i < logs->count; i++) {
        names[i] = logs->item[i].name;
        if (n < sizeof list) n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", names[i]);
    }
    const char *near = lm__nearest(m->name, names);
    if (near)
        return lm__fail(LM_INVALID, "monitor \"%s\" is none of the results: %s (did you mean \"%s\"?)", m->name, list,
                        near);
    return lm__fail(LM_INVALID, "monitor \"%s\" is none of the results: %s%s", m->name, list,
                    strncmp(m->name, "val_", 4) ? "" : "; give fit validation_data or a validation_split");
}

static lm_status find_direction(lm__monitor *m, const lm_moment *moment)
{
    if (m->direction) return LM_OK;
    m->direction = !strcmp(m->mode, "min")   ? -1
                   : !strcmp(m->mode, "max") ? 1
                                             : direction_of(moment->model, m->name);
    if (m->direction) return LM_OK;
    return lm__fail(LM_INVALID, "monitor \"%s\": whether less or more of it is better does not follow from its name; "
                                "give .mode = \"min\" or \"max\"", m->name);
}

lm_status lm__monitor_value(lm__monitor *m, const lm_moment *moment, double *value, bool *found)
{
    const lm__fit *fit = (const lm__fit *)moment;
    *found = false;
    for (int i = 0; moment->logs && i < moment->logs->count; i++)
        if (!strcmp(moment->logs->item[i].name, m->name)) *found = true, *value = moment->logs->item[i].value;
    /* An epoch without validation has no results of it. */
    if (!*found && !strncmp(m->name, "val_", 4) && fit->validation &&
        (fit->args->validation_freq > 1 || atomic_load(&fit->model->stop) || moment->step < moment->steps))
        return LM_OK;
    if (!*found) return unknown(m, moment->logs);
    return find_direction(m, moment);
}

bool lm__monitor_better(const lm__monitor *m, const lm_moment *moment, double value, double than)
{
    double delta = m->min_delta < 0 ? -m->min_delta : m->min_delta;
    value -= m->direction * delta;
    if (lm__model_output(moment->model, 0)->dtype != LM_F64) value = (float)value, than = (float)than;
    return m->direction > 0 ? value > than : value < than;
}

bool lm__monitor_improves(const lm__monitor *m, const lm_moment *moment, double value)
{
    return !m->any || lm__monitor_better(m, moment, value, m->best);
}

void lm__monitor_set(lm__monitor *m, double best) { m->any = true, m->best = best; }

lm_status lm__monitor_save(const lm__monitor *m, lm__keep *keep)
{
    return m->any ? lm__keep_number(keep->json, "best", m->best) : LM_OK;
}

lm_status lm__monitor_load(lm__monitor *m, const lm__keep *keep)
{
    m->any = json_object_get(keep->json, "best") != NULL;
    return m->any ? lm__kept_number(keep->json, "best", &m->best) : LM_OK;
}
