/* api/runtime.c: what runtime.h says about libraries that lie above base. */
#include <lamina/runtime.h>

#include "kernels/onednn/onednn.h"

const char *lm_onednn_version(void)
{
    const char *version = lm__dnn_version();
    return version ? version : "none";
}
