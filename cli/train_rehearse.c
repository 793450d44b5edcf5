/* cli/train_rehearse.c: lamina train --dry-run: a few steps on the first batches, and what training would take. */
#include "train.h"

#include <stdlib.h>

enum { WARM_UP = 2, MOST_STEPS = 20 };
static const double enough_seconds = 0.5;

/* Seconds of a step, the batch fetched; negative on an error. */
static double time_steps(lm_model *model, lm_dataset *batches, double *loss)
{
    lm_tensor *element[LM_DATA_MAX_TENSORS];
    double begun = 0;
    int made = 0;
    lm_iterator *it = lm_data_iterate(batches, 0, 0);
    while (!lm_failed(model) && made < WARM_UP + MOST_STEPS && lm_iterator_next(it, element) > 0) {
        lm_logs logs = lm_train_on_batch(model, element[0], element[1], NULL);
        if (!made++) *loss = lm_get(logs, "loss");
        if (made == WARM_UP) begun = cli_now();
        if (made > WARM_UP && cli_now() - begun > enough_seconds) break;
    }
    double spent = made > WARM_UP ? (cli_now() - begun) / (made - WARM_UP) : 0;
    if (!lm_failed(model) && lm_failed(it)) spent = -1;
    if (spent < 0) cli_error("%s", lm_error(it));
    lm_free(it);
    return spent;
}

static const char *time_text(double seconds, char *text, size_t bytes)
{
    if (seconds < 1) snprintf(text, bytes, "%.3g ms", 1e3 * seconds);
    else if (seconds < 120) snprintf(text, bytes, "%.3g s", seconds);
    else if (seconds < 7200) snprintf(text, bytes, "%.0f min", seconds / 60);
    else snprintf(text, bytes, "%.1f h", seconds / 3600);
    return text;
}

int train_rehearse(const train_request *r, lm_model *model, const cli_data *data)
{
    char each[32], epoch[32], all[32];
    double loss = 0, *weights;
    int classes, status = train_class_weights(r, data, model, &weights, &classes);
    free(weights);
    if (status) return status;
    int64_t examples = lm_data_count(data->train), steps = (examples + r->batch - 1) / r->batch;
    lm_dataset *batches = lm_data_batch(lm_retain(data->train), r->batch, false);
    double seconds = time_steps(model, batches, &loss);
    lm_free(batches);
    status = cli_failed(model);
    if (status || seconds < 0) return CLI_FAILED;
    printf("data      %lld examples for training, %lld for testing\n", (long long)examples,
           (long long)lm_data_count(data->test));
    printf("model     %lld parameters; the loss begins at %.4g\n", (long long)lm_parameters(model, false), loss);
    printf("memory    %.1f MB at most, data included\n", (double)lm_memory().peak / (1 << 20));
    printf("time      %s a step, %lld steps an epoch: %s an epoch, %s for %lld epoch%s\n",
           time_text(seconds, each, sizeof each), (long long)steps,
           time_text(seconds * (double)steps, epoch, sizeof epoch),
           time_text(seconds * (double)(steps * r->epochs), all, sizeof all), (long long)r->epochs,
           r->epochs == 1 ? "" : "s");
    printf("Nothing was written. Without --dry-run it would go to %s.\n", r->output ? r->output : "--output FILE");
    return CLI_OK;
}
