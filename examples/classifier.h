/* examples/classifier.h: for examples that teach a model to tell pictures apart: the page, and new pictures. */
#ifndef LAMINA_CLASSIFIER_H
#define LAMINA_CLASSIFIER_H

#include "example.h"

/* Draws curves, samples with mistakes, the confusion matrix, filters, activations of one picture and the model's
 * layers into the run's folder, and writes index.html around them. `test`: (x, y), pictures and classes; `file`: the
 * saved model's name. 0, or 1 after a message. */
int classifier_page(const example *run, lm_model *model, lm_dataset *test, const lm_history *history,
                    const lm_logs *result, const char *title, const char *file);

/* --apply: the saved model on an array (N, height, width[, channels]) of numbers 0…255, as lines
 * "answer,probability"; or on a picture, or a folder of them by name, as a table with a head:
 * "file,answer,probability". Pictures of any size and polarity: what is done to them is said on stderr. 0, or 1 after
 * a message. */
int classifier_apply(const example *run, const char *file);

#endif
