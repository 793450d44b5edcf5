/* api/function.c: the public face of functions (lamina/graph.h). */
#include "plan/function.h"

lm_function *lm_function_new(const lm_function_args *args)
{
    if (args && args->size == sizeof *args) return lm__function_of(args);
    lm__fail(LM_INVALID, "lm_function_new: the arguments are NULL or of another version of the library");
    return lm__object_poison(&lm__function_type);
}

lm_status lm_function_run(lm_function *function, lm_tensor *const *inputs, lm_tensor **outputs)
{
    return lm__function_run(function, inputs, outputs);
}
