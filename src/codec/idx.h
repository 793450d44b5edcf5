/* codec/idx.h: IDX, the format of MNIST and its kin, plain or in gzip.
 *
 * The format: two zero bytes, a type code, the rank, each dimension as 4 bytes, then the numbers, all big-endian.
 * Types: u8, i8, i32, f32, f64; 16-bit integers become int32. Ranks 1 to LM_MAX_RANK. The numbers must fill the file
 * exactly. Errors (on the returned tensor, with path and offset): LM_CORRUPT for anything that is not such a file, is
 * cut off, goes on too long, or declares more than LM__IDX_LIMIT bytes; LM_IO; LM_NO_MEMORY. No size in the file
 * decides how much memory is taken before the file was seen to hold that much.
 */
#ifndef LM_CODEC_IDX_H
#define LM_CODEC_IDX_H

#include <lamina/tensor.h>

/* The most bytes of numbers that a file may declare, and the largest file read. */
#define LM__IDX_LIMIT ((size_t)4 << 30)

/* The tensor in a file. New reference; never NULL. */
lm_tensor *lm__idx_read(const char *path);

/* The same for a file in memory, which is only read; `name` begins every message. */
lm_tensor *lm__idx_decode(const char *name, const void *data, size_t size);

#endif
