/* cli/train.h: what the parts of lamina train share. */
#ifndef CLI_TRAIN_H
#define CLI_TRAIN_H

#include "data.h"

/* What the command line says. */
typedef struct train_request {
    cli_data_request data;
    const char *model, *output, *loss, *optimizer, *metrics, *log, *class_weight, *plot;
    int64_t epochs, batch;
    int64_t patience;                   /* -1: no early stopping */
    int64_t save_every;                 /* 0: at the end of each epoch */
    int64_t port;                       /* -1: no dashboard */
    double rate;                        /* NaN: the optimizer's own */
    double validation;
    const char *tune;
    bool verbose, dry_run, resume, restart;
    char backup[4096];
} train_request;

extern const cli_command cli_train;

/* Loss, optimizer and metrics as asked for, over those that the model has. Returns the status, after a message. */
int train_compile(const train_request *r, lm_model *model);

/* The factor of each class, from "balanced" or "0:1,1:5"; *weights is released with free. */
int train_class_weights(const train_request *r, const cli_data *data, const lm_model *model, double **weights,
                        int *classes);

/* Puts a part of the training data aside for validation. NULL in *validation where none was asked for. */
int train_split(const train_request *r, cli_data *data, lm_dataset **validation);

/* Makes a few steps, and says what training would take; nothing is written. */
int train_rehearse(const train_request *r, lm_model *model, const cli_data *data);

#endif
