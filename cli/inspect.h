/* cli/inspect.h: a model's layers and weights, one by one: what show and diff share; texts of shapes and numbers;
 * writing text files. */
#ifndef LAMINA_CLI_INSPECT_H
#define LAMINA_CLI_INSPECT_H

#include "cli.h"

/* A weight of a layer: weight[i] is "kernel" of "conv2d/kernel". */
typedef struct cli_weight {
    const char *name;
    lm_tensor *value;                           /* borrowed from the model */
} cli_weight;

/* Weights of a layer, those of the model whose names begin with the layer's: their number; at most `most` are put
 * into `weights`. */
enum { CLI_WEIGHTS = 64 };
int cli_weights(const lm_model *model, const lm_layer *layer, cli_weight *weights, int most);
/* The layer of that name, or NULL. */
lm_layer *cli_layer(const lm_model *model, const char *name, size_t length);

/* Figures of a weight's numbers; of none, zeros. */
typedef struct cli_figures {
    double least, most, mean, deviation, zeros; /* zeros: the share of numbers that are 0 */
    size_t odd;                                 /* numbers that are not finite, in none of the other figures */
} cli_figures;
cli_figures cli_figures_of(const lm_tensor *t);

/* "(10000, 28, 28)"; LM_ANY as N. In `text`. */
const char *cli_shape(int rank, const int64_t *dims, char *text, size_t bytes);
const char *cli_tensor_shape(const lm_tensor *t, char *text, size_t bytes);
/* "60,074". In `text`. */
const char *cli_count(int64_t n, char *text, size_t bytes);
/* Columns that a UTF-8 text takes on a terminal, a character each. */
int cli_columns(const char *text);
/* The text, and spaces up to so many columns. */
void cli_padded(const char *text, int columns);

/* Whether the path ends so, whatever the case. */
bool cli_ends(const char *path, const char *ending);
/* Whether it is a table, by its name. */
bool cli_is_table(const char *path);
/* Error 1 if the file is a configuration, whose model has fresh weights: nothing to ask or to test. */
int cli_needs_weights(const char *path);
/* The text as a file, whole or not at all. Status 0, or 1 after a message. */
int cli_write_file(const char *path, const char *text, size_t bytes);

#endif
