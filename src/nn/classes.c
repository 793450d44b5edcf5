/* nn/classes.c: see classes.h. */
#include "nn/classes.h"

#include "nn/match.h"
#include "ops/support.h"

#include <math.h>

/* classes[…, 1] == 0 … count-1: true at the class. */
static lm_value *one_hot(lm_value *scores, lm_value *classes)
{
    lm_graph *graph = scores->node->graph;
    int64_t count = scores->shape.dim[scores->shape.rank - 1];
    if (!lm__dim_known(count)) {
        lm__fail(LM_UNSUPPORTED, "the number of classes, the last dimension of the predictions, must be known");
        return lm__graph_fail(graph, 1, &scores);
    }
    lm_tensor *numbers = lm_tensor_new(LM_I64, 1, &count);
    for (int64_t i = 0; !lm_failed(numbers) && i < count; i++) ((int64_t *)numbers->data)[i] = i;
    lm_value *constant = lm_constant(graph, numbers);
    lm_free(numbers);
    return lm_op_equal(lm__add_last(classes), constant);
}

lm_value *lm__pick_class(lm_value *scores, lm_value *classes)
{
    if (lm__bad(scores) || lm__bad(classes)) return lm__bad(scores) ? scores : classes;
    lm_value *hot = one_hot(scores, classes);
    lm_value *picked = lm_op_sum(lm_op_where(hot, scores, lm__like(scores, 0)), -1);
    if (lm__bad(picked)) return picked;
    int64_t count = scores->shape.dim[scores->shape.rank - 1];
    lm_value *valid = lm_op_logical_and(lm_op_greater_equal(classes, lm__like(classes, 0)),
                                        lm_op_less(classes, lm__like(classes, (double)count)));
    return lm_op_where(valid, picked, lm__like(picked, NAN));
}

lm_value *lm__in_top_k(lm_value *classes, lm_value *scores, int64_t k)
{
    if (lm__bad(scores) || lm__bad(classes)) return lm__bad(scores) ? scores : classes;
    lm_value *own = lm__pick_class(scores, classes);
    if (lm__bad(own)) return own;
    lm_value *greater = lm_op_cast(lm_op_greater(scores, lm__add_last(own)), scores->dtype);
    lm_value *above = lm_op_sum(greater, -1), *limit = lm__like(above, (double)k);
    return lm_op_logical_and(lm_op_equal(own, own), lm_op_less(above, limit));
}
