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

void lm__logs_set(lm_logs *logs, const char *name, double value)
{
    for (int i = 0; i < logs->count; i++)
        if (!strcmp(logs->item[i].name, name)) {
            logs->item[i].value = value;
            return;
        }
    lm__logs_add(logs, "", name, value);
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

/* --- their sums, put aside ------------------------------------------------------------------------------------ */

static lm_metric *metric_at(const lm_model *model, int i) { return i ? model->metric[i - 1] : model->loss_mean; }

static void name_sum(char *name, size_t bytes, int metric, int state)
{
    snprintf(name, bytes, "metrics/%d/%d", metric, state);
}

/* A copy: the sums go on. */
static lm_status keep_sum(lm__run_state *state, const char *name, const lm_tensor *sum)
{
    lm_tensor *copy = lm_tensor_copy_of(sum->dtype, sum->rank, sum->dims, sum->data);
    lm_status status = lm__object_check(copy, &lm__tensor_type, name);
    if (!status) status = lm__run_state_put(state, name, copy);
    lm_free(copy);
    return status;
}

lm_status lm__model_keep_metrics(const lm_model *model, lm__run_state *state)
{
    char name[64];
    for (int i = 0; i <= model->nmetrics; i++) {
        const lm_metric *metric = metric_at(model, i);
        for (int k = 0; metric && k < metric->nstates; k++) {
            name_sum(name, sizeof name, i, k);
            LM_TRY(keep_sum(state, name, metric->state[k]->value));
        }
    }
    return LM_OK;
}

lm_status lm__model_restore_metrics(lm_model *model, const lm__run_state *state)
{
    char name[64];
    for (int i = 0; i <= model->nmetrics; i++) {
        const lm_metric *metric = metric_at(model, i);
        for (int k = 0; metric && k < metric->nstates; k++) {
            name_sum(name, sizeof name, i, k);
            lm_tensor *sum = lm__run_state_get(state, name);
            if (!sum) memset(metric->state[k]->value->data, 0, lm_tensor_bytes(metric->state[k]->value));
            else LM_TRY(lm__run_state_copy(state, name, metric->state[k]->value));
            metric->state[k]->version++;
        }
    }
    return LM_OK;
}
