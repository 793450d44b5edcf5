/* train/image.c: a picture becomes a model's input, as the model's data were prepared. */
#include "train/image.h"

#include <math.h>
#include <string.h>

enum { LEAST_SIDE = 8 };                        /* of a flat input: tables have 4 or 9 columns too */

/* What the model wants: one picture of h x w with so many channels, 0 where it takes any, as a row of `rank`. */
typedef struct wanted {
    int64_t h, w;
    int channels, rank, is_digit, guessed;
    double low, high;
} wanted;

static int64_t known(const lm__shape *shape, int axis)
{
    return lm__dim_known(shape->dim[axis]) ? (int64_t)shape->dim[axis] : 0;
}

static lm_status no_picture(const lm_model *model)
{
    char shape[128];
    lm__shape_print(model->dims, &model->node[0].shape, shape, sizeof shape);
    return lm__fail(LM_INVALID, "the model takes %s, which is no picture's shape: expected (N, height, width, 1 or "
                    "3), (N, height, width), or (N, n) with n a square of %d or more", shape,
                    LEAST_SIDE * LEAST_SIDE);
}

static lm_status look_at_shape(const lm_model *model, wanted *want)
{
    const lm__shape *in = &model->node[0].shape;
    if (model->ninputs > 1)
        return lm__fail(LM_UNSUPPORTED, "the model takes %d inputs; a picture is made ready for models of one",
                        model->ninputs);
    want->rank = in->rank;
    if (in->rank == 3 || in->rank == 4) {
        int64_t channels = in->rank == 4 ? known(in, 3) : 1;
        want->h = known(in, 1), want->w = known(in, 2), want->channels = (int)channels;
        if (channels == 0 || channels == 1 || channels == 3) return LM_OK;
    } else if (in->rank == 2) {
        int64_t side = (int64_t)(sqrt((double)known(in, 1)) + 0.5);
        want->h = want->w = side, want->channels = 1;
        if (side >= LEAST_SIDE && side * side == known(in, 1)) return LM_OK;
    }
    return no_picture(model);
}

/* Models of elsewhere say nothing: a square of 28 with ten answers is MNIST's, and who rescales takes 0 to 255. */
static void look_at_info(const lm_model *model, wanted *want)
{
    const lm_input_info *info = &model->about.input;
    const lm__shape *output = &lm__model_output(model, 0)->shape;
    want->is_digit = !strcmp(info->preparation, "digits");
    want->low = info->low, want->high = info->high;
    if (!*info->preparation && want->h == 28 && want->w == 28 && want->channels == 1 &&
        known(output, output->rank - 1) == 10)
        want->is_digit = want->guessed = 1;
    if (!isnan(want->low) && want->low < want->high) return;
    const char *first = model->nlayers ? model->layer[0]->base.class->name : "";
    want->low = 0, want->high = !strcmp(first, "Rescaling") || !strcmp(first, "Normalization") ? 255 : 1;
}

static lm_tensor *resized(const wanted *want, const lm_tensor *picture, const lm__said *said)
{
    int64_t h = want->h ? want->h : picture->dims[0], w = want->w ? want->w : picture->dims[1];
    int has = picture->rank == 3 ? (int)picture->dims[2] : 1, channels = want->channels ? want->channels : has;
    lm_tensor *sized = lm__picture_resize(picture, h, w);
    if (h != picture->dims[0] || w != picture->dims[1])
        lm__say(said, "scaled from %lld x %lld to %lld x %lld", (long long)picture->dims[1],
                (long long)picture->dims[0], (long long)w, (long long)h);
    if (has != channels) lm__say(said, channels == 1 ? "colours became grey" : "grey became three equal channels");
    lm_tensor *t = lm_failed(sized) ? lm_retain(sized) : lm__picture_channels(sized, channels);
    lm_free(sized);
    return t;
}

static lm_tensor *digit(const wanted *want, const lm_tensor *picture, const lm__said *said)
{
    int inverted = 0;
    lm_tensor *t = lm__picture_digit(picture, want->h, &inverted);
    int box = (int)((20 * want->h + 14) / 28);
    lm__say(said, "%s, cut to its ink, scaled to %d pixels, centred by mass in %lld x %lld%s",
            inverted ? "turned from dark on light to light on dark" : "light on dark as it is", box,
            (long long)want->h, (long long)want->w,
            want->guessed ? " (as MNIST's digits are: the model does not say)" : "");
    return t;
}

/* One row of the model's rank, from 0…255 to its range. */
static lm_tensor *row_of(const wanted *want, const lm_tensor *picture, const lm__said *said)
{
    int64_t dims[4] = {1, picture->dims[0], picture->dims[1], picture->dims[2]};
    if (want->rank == 2) dims[1] = dims[1] * dims[2];
    lm_tensor *t = lm__tensor_raw(LM_F32, want->rank, dims);
    if (lm_failed(t)) return t;
    float *to = t->data, scale = (float)((want->high - want->low) / 255);
    for (size_t i = 0; i < t->size; i++) to[i] = (float)want->low + scale * (float)((uint8_t *)picture->data)[i];
    if (want->low != 0 || want->high != 255) lm__say(said, "pixels from %g to %g", want->low, want->high);
    return t;
}

static lm_status wants(const lm_model *model, wanted *want)
{
    if (!model->built)
        return lm__fail(LM_INVALID, "the model is not built: it does not know the size of its pictures yet");
    LM_TRY(look_at_shape(model, want));
    look_at_info(model, want);
    if (want->is_digit && (want->h != want->w || want->channels > 1)) want->is_digit = 0;
    return LM_OK;
}

lm_tensor *lm__image_prepare(const lm_model *model, const lm_tensor *picture, const lm__said *said)
{
    wanted want = {0};
    if (said->text && said->size) said->text[0] = 0;
    lm__model_look(model);
    lm_status status = wants(model, &want);
    lm__model_looked(model);
    if (status) return lm__object_poison(&lm__tensor_type);
    lm_tensor *shaped = want.is_digit && want.h ? digit(&want, picture, said) : resized(&want, picture, said);
    lm_tensor *row = lm_failed(shaped) ? lm_retain(shaped) : row_of(&want, shaped, said);
    lm_free(shaped);
    if (lm_failed(row) && said->text && said->size) said->text[0] = 0;
    return row;
}
