/* kernels/ref/all.h: builds LM_REF_FILE for float, double, integers and bool; see ref.h. */
#include "kernels/ref/numbers.h"

#include "kernels/ref/bool.h"
