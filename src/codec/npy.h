/* codec/npy.h: NumPy's arrays: .npy files (versions 1 to 3), and .npz archives of them.
 *
 * Read: every dtype of ours in either byte order, int16, uint16 and uint32 widened (codec/element.h), C and Fortran
 * order (the latter is transposed), members of .npz stored or deflated. Refused with LM_UNSUPPORTED: object arrays
 * (they hold Python code), structures, text, dates, complex numbers, uint64. LM_CORRUPT: whatever is no such file, is
 * cut off, or does not hold exactly the numbers that its header declares; memory is taken only once that is known.
 * Written: what numpy.save writes, byte for byte. bfloat16, which NumPy does not have, is refused: cast it to
 * float32.
 */
#ifndef LM_CODEC_NPY_H
#define LM_CODEC_NPY_H

#include "codec/sink.h"
#include "codec/zip.h"

#include <lamina/tensor.h>

/* The longest header of an array, and the largest file. */
#define LM__NPY_MAX_HEADER ((size_t)1 << 16)
#define LM__NPY_LIMIT ((size_t)64 << 30)

/* --- .npy ------------------------------------------------------------------------------------------------------- */

/* The array in a file, or in a file's bytes, which are only read; `name` begins every message. New reference,
 * poisoned on error; never NULL. */
lm_tensor *lm__npy_read(const char *path);
lm_tensor *lm__npy_decode(const char *name, const void *data, size_t size);

/* Writes an array: how many bytes it takes, through a sink, and to a file of its own, atomically. LM_UNSUPPORTED for
 * bfloat16; the error of a poisoned tensor. */
lm_status lm__npy_size(const lm_tensor *tensor, uint64_t *bytes);
lm_status lm__npy_write(const lm_tensor *tensor, const lm__sink *sink);
lm_status lm__npy_save(const char *path, const lm_tensor *tensor);

/* --- .npz ------------------------------------------------------------------------------------------------------- */

/* An archive: a file, or its bytes, which are borrowed until it is closed. Any number of threads may read an open
 * one. */
typedef struct lm__npz lm__npz;
lm_status lm__npz_open(const char *path, lm__npz **out);
lm_status lm__npz_over(const char *name, const void *data, size_t size, lm__npz **out);
void lm__npz_close(lm__npz *npz);                       /* NULL does nothing */

/* Its arrays, in the order of the archive; names without ".npy", borrowed. Members that are no arrays are left
 * out. */
size_t lm__npz_count(const lm__npz *npz);
const char *lm__npz_name(const lm__npz *npz, size_t array);
int lm__npz_has(const lm__npz *npz, const char *name);

/* The array of that name. New reference, poisoned on error (LM_NOT_FOUND names the nearest); never NULL. */
lm_tensor *lm__npz_read(const lm__npz *npz, const char *name);

/* Adds an array to an archive being written (codec/zip.h creates and commits it). */
lm_status lm__npz_add(lm__zip_writer *writer, const char *name, const lm_tensor *tensor);

#endif
