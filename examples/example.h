/* examples/example.h: what the examples share: options, the output folder, metrics.json, Ctrl-C. */
#ifndef LAMINA_EXAMPLE_H
#define LAMINA_EXAMPLE_H

#include <lamina/lamina.h>

/* Every example takes --out DIR, --seed N, --epochs N, --threads N, --quick, --data NAME, and --model DIR --apply
 * IN --output OUT; see example_begin. */
typedef struct example {
    const char *name, *out, *data;      /* out: runs/NAME; data: the example's own set */
    const char *model, *apply, *output; /* use a saved model on new data; NULL: train */
    uint64_t seed;
    int epochs, threads;
    bool quick;
    double begun;
    const char *command;                /* as it was called, in the shell's words */
} example;

/* Reads the options over the given defaults, makes the output folder, seeds, sets threads. Leaves the program with
 * status 2 on wrong usage, 0 after --help, 1 if the folder cannot be made. */
example example_begin(int argc, char **argv, example defaults, const char *what);

/* DIR/FILE of the run, in static memory that the fourth later call reuses. */
const char *example_path(const example *run, const char *file);

/* Ctrl-C from now on asks `model` (may be NULL) to stop after its batch; a second one kills. */
void example_interrupt(lm_model *model);
/* Whether there was one. */
bool example_interrupted(void);

/* What a run leaves. example_write: a text file, whole or not at all. Each returns 0, or 1 after a message. */
int example_write(const example *run, const char *path, const char *text);
int example_save(const example *run, lm_model *model, const char *file);
int example_save_image(const example *run, const lm_tensor *image, const char *file);
/* Of a picture that an lm_plot_… call has drawn, or not: without cairo it is left out with a message, other failures
 * are errors. */
int example_drawn(const example *run, lm_status drawn, const char *file);
int example_save_history(const example *run, const lm_history *history);

/* The run's end: metrics.json with the given figures, then seed, threads, wall_seconds; a line that says where
 * everything is. Returns the exit status: `status` if it is not 0, 1 with the error on stderr, 130 after Ctrl-C.
 * Figures that are not finite are an error. */
typedef struct example_metric {
    const char *name;
    double value;
} example_metric;
int example_end(const example *run, int status, int count, const example_metric *metrics);

/* Prints the first failed object's error on stderr as `NAME: error: …` and returns 1, or 0 if none failed. */
int example_failed(const example *run, int count, const void *const *objects);

/* Draws the first grey pictures of a u8 array (N, 28, 28, 1) side by side, as text, with lines of captions below:
 * one for each picture in each line. */
void example_pictures(const lm_tensor *images, int count, int lines, const char *const *captions);

#endif
