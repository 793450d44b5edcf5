/* data/idx.h: a pair of IDX files as arrays. */
#ifndef LM_DATA_IDX_H
#define LM_DATA_IDX_H

#include <lamina/tensor.h>

/* Images, with a channel axis added to rank 3, and their labels (`labels` NULL: *y is NULL). New references, NULL
 * on failure. */
lm_status lm__data_read_idx(const char *images, const char *labels, lm_tensor **x, lm_tensor **y);

#endif
