/* kernels/ref/all.h: builds LM_REF_FILE for float, double, integers and bool (one byte, 0 or 1); see ref.h. */
#include "kernels/ref/numbers.h"
#define FN(f) f
#define T uint8_t
#define A int64_t
#define SUFFIX bool
#include LM_REF_FILE
#undef T
#undef A
#undef SUFFIX
#undef FN
