/* examples/example.h: what the examples share: options, the output folder, metrics.json, Ctrl-C. */
#ifndef LAMINA_EXAMPLE_H
#define LAMINA_EXAMPLE_H

#include <lamina/lamina.h>

/* Every example takes --out DIR, --seed N, --epochs N, --threads N, --quick, --data NAME, and --model DIR --apply IN --output
 * OUT; see example_begin. */
typedef struct example {
    const char *name, *out, *data;      /* out: runs/NAME; data: the example's own set */
    const char *model, *apply, *output; /* use a saved model on new data; NULL: train */
    uint64_t seed;
    int epochs, threads;
    bool quick;
    double begun;
} example;

/* Reads the options over the given defaults, makes the output folder, seeds, sets threads. Leaves the program with status 2 on
 * wrong usage, 0 after --help, 1 if the folder cannot be made. */
example example_begin(int argc, char **argv, example defaults, const char *what);

/* DIR/FILE of the run, in static memory that the fourth later call reuses. */
const char *example_path(const example *run, const char *file);

/* Ctrl-C from now on asks `model` to stop after its batch; a second one kills. */
void example_interrupt(lm_model *model);

/* Writes history.csv, NAME.keras and metrics.json (the given names, then seed, threads, wall_seconds). Returns the exit status:
 * 0, 1 with the error on stderr, 130 after Ctrl-C. Figures that are not finite are an error. */
typedef struct example_metric {
    const char *name;
    double value;
} example_metric;
int example_end(const example *run, lm_model *model, const lm_history *history, int count, const example_metric *metrics);

/* Prints the first failed object's error on stderr as `NAME: error: …` and returns 1, or 0 if none failed. */
int example_failed(const example *run, int count, const void *const *objects);

#endif
