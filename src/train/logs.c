/* train/logs.c: results by name. */
#include "train/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

double lm_get(lm_logs logs, const char *name)
{
    const int room = sizeof logs.item / sizeof *logs.item;
    for (int i = 0; name && i < logs.count && i < room; i++)
        if (!strcmp(logs.item[i].name, name)) return logs.item[i].value;
    return NAN;
}

void lm__logs_add(lm_logs *logs, const char *prefix, const char *name, double value)
{
    if (logs->count == (int)(sizeof logs->item / sizeof *logs->item)) return;
    snprintf(logs->item[logs->count].name, sizeof logs->item->name, "%s%s", prefix, name);
    logs->item[logs->count++].value = value;
}

void lm__model_reset_metrics(lm_model *model)
{
    lm__metric_reset(model->loss_mean);
    for (int i = 0; i < model->nmetrics; i++)
        if (model->metric[i]) lm__metric_reset(model->metric[i]);
}

lm_logs lm__model_logs(const lm_model *model)
{
    lm_logs logs = {0};
    lm__logs_add(&logs, "", "loss", lm__metric_result(model->loss_mean));
    for (int i = 0; i < model->nmetrics; i++) {
        if (!model->metric[i]) continue;
        lm__logs_add(&logs, "", model->metric_name[i], lm__metric_result(model->metric[i]));
        for (int k = logs.count - 1; k > 0 && strcmp(logs.item[k].name, logs.item[k - 1].name) < 0; k--) {
            typeof(logs.item[0]) swap = logs.item[k];
            logs.item[k] = logs.item[k - 1], logs.item[k - 1] = swap;
        }
    }
    return logs;
}
