/* examples/report.h: index.html, one page that shows a whole run: figures, pictures, the table of epochs, and how to
 * go on. It needs no network and no scripts, follows the reader's light or dark setting, and fits a phone.
 *
 * Text is escaped here. What goes wrong is kept and told by report_end, so that calls need no checks. */
#ifndef LAMINA_REPORT_H
#define LAMINA_REPORT_H

#include "example.h"

typedef struct report report;

/* A page with a title and a sentence under it. NULL when memory is out; all calls take that. */
report *report_begin(const example *run, const char *title, const char *sentence);

/* One of the figures at the top: "Test accuracy", "98.52 %". Before the first section. */
void report_figure(report *page, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

void report_section(report *page, const char *heading, const char *sentence);

/* A PNG of the run's folder, with the status of what drew it. Where the library that draws is missing
 * (LM_UNSUPPORTED) the page and stderr say so, and the run goes on; `alt` says in words what the picture shows. */
void report_picture(report *page, lm_status drawn, const char *file, const char *alt);

/* Every epoch of a history, in columns. */
void report_history(report *page, const lm_history *history);

/* A table of rows x columns texts; the first row is its head. */
void report_table(report *page, int rows, int columns, const char *const *cells);

/* Text as it stands, in fixed width. */
void report_text(report *page, const char *text);

/* What lm_summary prints. */
void report_summary(report *page, lm_model *model);

/* "693,962"; returns the text. */
const char *report_count(int64_t n, char text[32]);

/* Writes the page and frees it. 0, or 1 after a message. */
int report_end(report *page);

#endif
