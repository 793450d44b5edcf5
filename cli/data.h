/* cli/data.h: data for a model as a command line names them: opened, brought to the model's shape and scale. */
#ifndef CLI_DATA_H
#define CLI_DATA_H

#include "cli.h"

typedef struct cli_data {
    lm_dataset *train, *test;           /* as the model takes them, single examples */
    lm_dataset *source;                 /* the training part as it came, for its fingerprint */
    lm_input_info input;                /* what the pixels are now; NaN: not for us to say */
} cli_data;

/* What a command line says about data. */
typedef struct cli_data_request {
    const char *what, *target, *skip, *model_path;
    bool ordered;
    FILE *notes;                        /* what was done is said here */
} cli_data_request;

/* Whether the options fit the data named: 0, or 2 after a message. */
int cli_data_check(const cli_command *command, const cli_data_request *request);
/* Opens both parts for the model, which is built for them if it was not. Pixels come in the range that the model's
 * file names, else 0 to 255 if it begins with Rescaling or Normalization, else 0 to 1. Returns the status, after a
 * message if that is not 0. */
int cli_data_open(const cli_data_request *request, lm_model *model, cli_data *out);
void cli_data_close(cli_data *data);

#endif
