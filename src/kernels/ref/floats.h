/* kernels/ref/floats.h: builds LM_REF_FILE for float and double; see ref.h. */
#include "kernels/ref/ref.h"
#define T float
#define A float
#define W float
#define REF_REAL 1
#define SUFFIX f32
#define FN(name) name##f
#include LM_REF_FILE
#undef T
#undef A
#undef W
#undef REF_REAL
#undef SUFFIX
#undef FN
#define T double
#define A double
#define W double
#define REF_REAL 1
#define SUFFIX f64
#define FN(f) f
#include LM_REF_FILE
#undef T
#undef A
#undef W
#undef REF_REAL
#undef SUFFIX
#undef FN
