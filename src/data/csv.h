/* data/csv.h: a table in memory as a dataset. */
#ifndef LM_DATA_CSV_H
#define LM_DATA_CSV_H

#include <lamina/sources.h>

/* lm_data_from_csv on a file's bytes; `name` begins messages. Never NULL. */
lm_dataset *lm__data_csv(const char *name, const void *data, size_t size, const lm_data_from_csv_args *args);

#endif
