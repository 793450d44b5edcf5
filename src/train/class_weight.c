/* train/class_weight.c: fit's class_weight: each example counts by the factor of its class. */
#include "train/fit.h"

#include <math.h>
#include <string.h>

/* A tensor with room for the largest batch; smaller ones are shown by its first elements. */
lm_status lm__fit_class_weights(lm__fit *f)
{
    const lm_fit_args *a = f->args;
    if (!a->class_weight && !a->classes) return LM_OK;
    if (!a->class_weight || a->classes < 1)
        return lm__fail(LM_INVALID, "class_weight needs both the factors and .classes, how many there are (%d came)",
                        a->classes);
    for (int i = 0; i < a->classes; i++)
        if (!(a->class_weight[i] >= 0) || isinf(a->class_weight[i]))
            return lm__fail(LM_INVALID, "class_weight[%d] = %g, but it must be a finite number of 0 or more", i,
                            a->class_weight[i]);
    lm_dtype dtype;
    int64_t dims[LM_MAX_RANK];
    int at = f->model->ninputs;
    if (lm_data_tensors(f->train) <= at)
        return lm__fail(LM_INVALID, "class_weight needs data with targets, (x, y)");
    int rank = lm_data_shape(f->train, at, &dtype, dims);
    if (rank < 1 || rank > 2)
        return lm__fail(LM_INVALID, "class_weight needs targets that are class numbers or one-hot: shape (batch,), "
                                    "(batch, 1) or (batch, classes), not of rank %d", rank);
    if (dims[rank - 1] > 1 && rank == 2 && dims[1] != a->classes)
        return lm__fail(LM_INVALID, "class_weight has %d factors, but the one-hot targets have %lld classes",
                        a->classes, (long long)dims[1]);
    int64_t rows = lm_data_batch_size(f->train);
    f->class_weights = lm_tensor_new(LM_F32, 1, &rows);
    return lm__object_check(f->class_weights, &lm__tensor_type, "class_weight");
}

/* The class of example i: its number, or the place of its largest target. */
static double class_of(const lm_tensor *y, size_t i)
{
    size_t width = y->rank > 1 ? (size_t)y->dims[1] : 1, best = 0;
    if (width == 1) return nearbyint(lm_tensor_get(y, i));
    for (size_t k = 1; k < width; k++)
        if (lm_tensor_get(y, i * width + k) > lm_tensor_get(y, i * width + best)) best = k;
    return (double)best;
}

lm_status lm__fit_weigh(lm__fit *f, lm_tensor **batch, int *count)
{
    const lm_fit_args *a = f->args;
    lm_tensor *w = f->class_weights;
    int at = f->model->ninputs;
    const lm_tensor *y = *count > at ? batch[at] : NULL, *own = *count > at + 1 ? batch[at + 1] : NULL;
    if (!w || !y) return LM_OK;
    if (own && own->size != (size_t)y->dims[0])
        return lm__fail(LM_INVALID, "class_weight goes with one sample_weight an example; here are %zu for %lld "
                                    "examples", own->size, (long long)y->dims[0]);
    w->dims[0] = y->dims[0], w->size = (size_t)y->dims[0];
    for (size_t i = 0; i < w->size; i++) {
        double class = class_of(y, i);
        if (!(class >= 0 && class < a->classes))
            return lm__fail(LM_INVALID, "y has class %g at [%zu] of the batch, but class_weight has factors for the "
                                        "classes 0 … %d", class, i, a->classes - 1);
        ((float *)w->data)[i] = (float)(a->class_weight[(int)class] * (own ? lm_tensor_get(own, i) : 1));
    }
    batch[at + 1] = w;
    *count = at + 2;
    return LM_OK;
}
