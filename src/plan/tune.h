/* plan/tune.h: kernels chosen by their times, remembered in a file (lm_set_tuning in lamina/runtime.h). */
#ifndef LM_PLAN_TUNE_H
#define LM_PLAN_TUNE_H

#include "graph/op.h"

bool lm__tuning(void);                  /* whether lm_set_tuning named a file */

/* The kernel that the file names for the problem, or that is measured now to be faster than the first one that takes
 * it; NULL: the first one. */
lm_status lm__tune(const lm__op *op, const lm__problem *problem, const lm__kernel **out);

/* The winner of candidates that take the problem: the first one, unless another one is clearly faster every time. */
enum { LM__TUNE_CANDIDATES = 8 };
lm_status lm__tune_measure(const lm__problem *problem, int n, const lm__kernel *const *candidate, int *winner);

/* Writes the file if something was learnt. A failure is kept for lm_set_tuning(NULL). */
void lm__tune_save(void);

/* --- the file (tune_file.c): all with the lock that tune.c holds ------------------------------------------------ */
typedef struct lm__tune_file lm__tune_file;
/* The file's contents, checked: a new reference in *root. */
struct json_t;
lm_status lm__tune_file_parse(const char *path, const void *data, size_t bytes, struct json_t **root);
/* Reads the file, or makes it. */
lm_status lm__tune_file_open(const char *path, lm__tune_file **out);
void lm__tune_file_close(lm__tune_file *file);
/* The winner's name, or NULL. */
const char *lm__tune_file_get(const lm__tune_file *file, const char *machine, const char *problem);
lm_status lm__tune_file_set(lm__tune_file *file, const char *machine, const char *problem, const char *kernel);
/* Writes what was set since the last time, and keeps what other processes have written meanwhile. */
lm_status lm__tune_file_save(lm__tune_file *file);

#endif
