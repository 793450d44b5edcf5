/* cli/predict.h: the parts of lamina predict: what is asked (predict.c), pictures (predict_pictures.c), arrays and
 * tables (predict_arrays.c), and how outputs become answers (answers.c). */
#ifndef LAMINA_CLI_PREDICT_H
#define LAMINA_CLI_PREDICT_H

#include "inspect.h"

typedef struct cli_request {
    const char *tune, *model, *output, *layer, *picture, *skip;
    const char **inputs;                        /* files, folders, "-" */
    int count;
    bool json, quiet;
    int64_t batch, top;                         /* top 0: not given */
} cli_request;

extern const cli_command cli_predict;

/* --- answers (answers.c) --- */
/* What a model's outputs mean, as its last layer tells. */
typedef enum cli_meaning {
    CLI_CLASSES,                                /* one of several classes: probabilities that add up to 1 */
    CLI_SCORES,                                 /* the same before a softmax                              */
    CLI_BINARY,                                 /* one probability: yes or no                             */
    CLI_LABELS,                                 /* probabilities of several things at once                */
    CLI_VALUES                                  /* numbers                                                */
} cli_meaning;
typedef struct cli_answers {
    cli_meaning meaning;
    const char *const *names;                   /* of the classes, or NULL */
    int classes;                                /* how many; 0 for CLI_VALUES */
    const char *what;                           /* "picture" or "row": what the examples are */
} cli_answers;
cli_answers cli_answers_of(const lm_model *model);

/* The outputs of the model, or of the layer asked for, on one batch. New reference. */
lm_tensor *cli_apply(const cli_request *r, const lm_model *model, lm_tensor *x);

/* A table on stdout, a line an example: its name, the answer, its probability, the next `top` - 1 answers. */
void cli_answers_table(const cli_answers *a, const char *const *names, const lm_tensor *y, int64_t top);
/* A JSON list with an object for each example. */
void cli_answers_json(const cli_answers *a, const char *const *names, const lm_tensor *y);
/* The same as a .csv file, or y as .npy, by the ending. Status 0 or 1. */
int cli_answers_save(const cli_answers *a, const char *const *names, const lm_tensor *y, const char *path);
/* "7  98.2 %": a picture's caption. */
void cli_answers_caption(const cli_answers *a, const lm_tensor *y, int64_t row, char *text, size_t bytes);

/* --- inputs --- */
/* Whether the files are pictures, told by their first bytes or, where there are none, by their names. */
bool cli_is_picture(const char *path);
/* All of the standard input, read once; NULL when memory is out. At most 1 GiB. */
const void *cli_standard_input(size_t *bytes);
/* The same as a file, for readers that take a path; NULL if none can be made. */
const char *cli_standard_input_path(void);
/* Predicts pictures: status 0, or 1 if some could not be read, or 130. */
int cli_predict_pictures(const cli_request *r, const lm_model *model);
int cli_predict_array(const cli_request *r, const lm_model *model);
#endif
