/* cli/dashboard.h: one page on this machine that shows a training as it runs, and a button that stops it. */
#ifndef CLI_DASHBOARD_H
#define CLI_DASHBOARD_H

#include <lamina/lamina.h>

typedef struct dashboard dashboard;

/* What the page says about a run besides its figures. Borrowed, as `model` and `samples` are: a dataset whose first
 * examples are shown with what the model makes of them (NULL: none). */
typedef struct dashboard_run {
    const char *title, *output;         /* the model's name; the file it is saved to */
    lm_model *model;
    lm_dataset *samples;
    int64_t batch_size;
} dashboard_run;

/* Serves on 127.0.0.1:port (0: any that is free) until dashboard_free. NULL after a message on stderr. */
dashboard *dashboard_new(int port, const dashboard_run *run);
int dashboard_port(const dashboard *board);

/* The callback that feeds it: for one lm_fit; a new reference. */
lm_callback *dashboard_callback(dashboard *board);

/* Says how the run ended ("done", "stopped", "failed") to pages that are open, and waits a moment for them to ask. */
void dashboard_end(dashboard *board, const char *how);
void dashboard_free(dashboard *board);  /* NULL does nothing */

#endif
