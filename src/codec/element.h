/* codec/element.h: how files store numbers, and which dtype of ours each becomes.
 *
 * What Lamina has no dtype for is widened where that loses nothing (16-bit integers become int32, uint32 becomes
 * int64) and refused otherwise (uint64, complex, 80-bit floats).
 */
#ifndef LM_CODEC_ELEMENT_H
#define LM_CODEC_ELEMENT_H

#include <lamina/tensor.h>

typedef struct lm__element {
    char kind;          /* NumPy's letter: 'f' float, 'i' signed, 'u' unsigned, 'b' bool; 'V': a bfloat16's bits */
    uint8_t bytes;      /* of one number in the file */
    uint8_t big_endian;
    lm_dtype dtype;     /* what it becomes           */
} lm__element;

/* Fills *out; 0 if no dtype of ours holds such a number, else 1. */
int lm__element_of(char kind, size_t bytes, int big_endian, lm__element *out);

/* The letter under which files know one of our dtypes; never fails. */
char lm__element_kind(lm_dtype dtype);

/* Converts `count` numbers; `from` may be unaligned. `to` has count * lm_dtype_size(e->dtype) bytes, and may be
 * `from` itself where the file's numbers are as wide as ours. Bools become 0 or 1 whatever the file holds. */
void lm__element_decode(const lm__element *e, void *to, const void *from, size_t count);

#endif
