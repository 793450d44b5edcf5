/* data/npz.h: both parts of an archive with one reading. */
#ifndef LM_DATA_NPZ_H
#define LM_DATA_NPZ_H

#include <lamina/data.h>

/* *test stays as it is where the archive has no x_test. */
lm_status lm__data_open_npz(const char *path, lm_dataset **train, lm_dataset **test);

#endif
