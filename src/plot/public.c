/* plot/public.c: the public face of pictures: each function checks its handles, then makes one internal call. */
#include "base/object.h"
#include "base/status.h"
#include "plot/plot.h"
#include "tensor/tensor.h"
#include "train/model.h"

#include <string.h>

/* A copy of an argument struct: its first `size` bytes, the rest 0. NULL: the defaults, which are all 0. */
static lm_status take_args(const void *args, void *all, size_t bytes)
{
    size_t size = bytes;
    if (args) memcpy(&size, args, sizeof size); /* every such struct begins with it */
    if (size < sizeof size)
        return lm__fail(LM_INVALID, ".size of the arguments is %zu; it must be the size of their struct", size);
    memset(all, 0, bytes);
    if (args) memcpy(all, args, size < bytes ? size : bytes);
    return LM_OK;
}

lm_status lm_plot_history_with(const lm_history *history, const char *path, const lm_plot_args *args)
{
    lm_plot_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    if (!lm__object_is(history, &lm__history_type)) LM_TRY(lm__object_check(history, &lm__history_type, "history"));
    return lm__plot_history(history, path, &all);
}

lm_status lm_plot_model_with(const lm_model *model, const char *path, const lm_plot_args *args)
{
    lm_plot_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    return lm__plot_model(model, path, &all);
}

lm_status lm_plot_network_with(const lm_model *model, const char *path, const lm_plot_args *args)
{
    lm_plot_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    return lm__plot_network(model, path, &all);
}

lm_status lm_plot_filters_with(const lm_model *model, const char *path, const lm_plot_filters_args *args)
{
    lm_plot_filters_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    return lm__plot_filters(model, path, &all);
}

lm_status lm_plot_activations_with(const lm_model *model, lm_tensor *x, const char *path,
                                   const lm_plot_activations_args *args)
{
    lm_plot_activations_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    LM_TRY(lm__object_check(model, &lm__model_type, "model"));
    LM_TRY(lm__object_check(x, &lm__tensor_type, "x"));
    return lm__plot_activations(model, x, path, &all);
}

lm_status lm_plot_images_with(const lm_tensor *images, const char *path, const lm_plot_images_args *args)
{
    lm_plot_images_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    return lm__plot_images(images, path, &all);
}

lm_status lm_plot_confusion_with(const lm_tensor *labels, const lm_tensor *predictions, const char *path,
                                 const lm_plot_confusion_args *args)
{
    lm_plot_confusion_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    return lm__plot_confusion(labels, predictions, path, &all);
}

lm_tensor *lm_confusion_matrix(const lm_tensor *labels, const lm_tensor *predictions, int classes)
{
    lm_tensor *matrix;
    return lm__confusion_matrix(labels, predictions, classes, &matrix) ? lm__object_poison(&lm__tensor_type) : matrix;
}

lm_status lm_plot_lines_with(const char *path, const lm_plot_lines_args *args)
{
    lm_plot_lines_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    return lm__plot_lines(path, &all);
}

lm_status lm_plot_points_with(const lm_tensor *points, const char *path, const lm_plot_points_args *args)
{
    lm_plot_points_args all;
    LM_TRY(take_args(args, &all, sizeof all));
    return lm__plot_points(points, path, &all);
}
