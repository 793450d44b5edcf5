/* kernels/ref/widths.h: builds LM_REF_FILE for elements of 1, 2, 4 and 8 bytes, for kernels that only copy; see
 * ref.h. */
#include "kernels/ref/ref.h"
#define T uint8_t
#define SUFFIX w1
#include LM_REF_FILE
#undef T
#undef SUFFIX
#define T uint16_t
#define SUFFIX w2
#include LM_REF_FILE
#undef T
#undef SUFFIX
#define T uint32_t
#define SUFFIX w4
#include LM_REF_FILE
#undef T
#undef SUFFIX
#define T uint64_t
#define SUFFIX w8
#include LM_REF_FILE
#undef T
#undef SUFFIX
