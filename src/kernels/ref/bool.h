/* kernels/ref/bool.h: builds LM_REF_FILE for bool (one byte, 0 or 1); see ref.h. */
#include "kernels/ref/ref.h"
#define FN(f) f
#define T uint8_t
#define A int64_t
#define W uint64_t
#define REF_REAL 0
#define SUFFIX bool
#include LM_REF_FILE
#undef T
#undef SUFFIX
#undef A
#undef W
#undef REF_REAL
#undef FN
