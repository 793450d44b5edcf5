/* nn/seed.c: see seed.h. */
#include "nn/seed.h"

#include "base/status.h"
#include <lamina/ops.h>

lm_variable *lm__seed_generator(const char *name, uint64_t seed)
{
    int64_t two = 2, start[2] = {(int64_t)seed, 0};
    return lm__variable_over(name, lm_tensor_copy_of(LM_I64, 1, &two, start), false);
}

lm_value *lm__seed_next(lm_graph *graph, lm_variable *generator)
{
    int64_t two = 2, one[2] = {0, 1};
    lm_value *key = lm__graph_read(graph, generator);
    if (lm__bad(key)) return key;
    lm_tensor *t = lm_tensor_copy_of(LM_I64, 1, &two, one);
    lm_status status = lm__graph_assign(graph, generator, lm_op_add(key, lm__graph_constant(graph, t)));
    lm_free(t);
    return status == LM_OK ? key : lm__graph_fail(graph, 0, NULL);
}
