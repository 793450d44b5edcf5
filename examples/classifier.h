/* examples/classifier.h: the page of a run that taught a model to tell pictures apart. */
#ifndef LAMINA_CLASSIFIER_H
#define LAMINA_CLASSIFIER_H

#include "example.h"

/* Draws curves, samples with mistakes, the confusion matrix, filters, activations of one picture and the model's
 * layers into the run's folder, and writes index.html around them. `test`: (x, y), pictures and classes; `file`: the
 * saved model's name. 0, or 1 after a message. */
int classifier_page(const example *run, lm_model *model, lm_dataset *test, const lm_history *history,
                    const lm_logs *result, const char *title, const char *file);

#endif
