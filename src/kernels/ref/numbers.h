/* kernels/ref/numbers.h: builds LM_REF_FILE for float, double, and the four integer types; see ref.h. */
#include "kernels/ref/floats.h"
#define FN(f) f
#define A int64_t
#define W uint64_t
#define REF_REAL 0
#define T uint8_t
#define SUFFIX u8
#include LM_REF_FILE
#undef T
#undef SUFFIX
#define T int8_t
#define SUFFIX i8
#include LM_REF_FILE
#undef T
#undef SUFFIX
#define T int32_t
#define SUFFIX i32
#include LM_REF_FILE
#undef T
#undef SUFFIX
#define T int64_t
#define SUFFIX i64
#include LM_REF_FILE
#undef T
#undef SUFFIX
#undef A
#undef W
#undef REF_REAL
#undef FN
