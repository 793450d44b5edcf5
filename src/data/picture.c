/* data/picture.c: size and channels of pictures. */
#include "data/picture.h"

#include "base/alloc.h"
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

enum { CHANNELS = 3 };

/* --- size ------------------------------------------------------------------------------------------------------- */

/* Which source pixels, from `first` on, one of `count` new ones is made of; weights as needed from weight_of. */
typedef struct span {
    int64_t first, last;            /* both included */
    double begin, end;              /* smaller: the stretch covered; larger: `begin` is how much of `last` */
    int smaller;
} span;

static span span_of(int64_t index, int64_t count, int64_t from)
{
    double scale = (double)from / (double)count;
    span s = {.smaller = from >= count};
    if (s.smaller) {
        s.begin = (double)index * scale, s.end = (double)(index + 1) * scale;
        s.first = (int64_t)s.begin;
        s.last = (int64_t)ceil(s.end) - 1;
    } else {
        double centre = ((double)index + 0.5) * scale - 0.5;
        centre = centre < 0 ? 0 : centre;
        s.first = (int64_t)centre;
        s.last = s.first + 1;
        s.begin = centre - (double)s.first;
    }
    if (s.last > from - 1) s.last = from - 1;
    if (s.first > s.last) s.first = s.last;
    return s;
}

static float weight_of(const span *s, int64_t i)
{
    if (!s->smaller) return (float)(s->first == s->last ? 1 : i == s->first ? 1 - s->begin : s->begin);
    double low = i > s->begin ? (double)i : s->begin, high = i + 1 < s->end ? (double)(i + 1) : s->end;
    return (float)((high - low) / (s->end - s->begin));
}

/* Adds a source row, resized to w pixels, `weight` times to `sum`. */
static void add_row(const uint8_t *row, const span *spans, int64_t w, int64_t channels, float weight, float *sum)
{
    for (int64_t x = 0; x < w; x++) {
        float pixel[CHANNELS] = {0};
        for (int64_t i = spans[x].first; i <= spans[x].last; i++) {
            float part = weight_of(&spans[x], i);
            for (int64_t c = 0; c < channels; c++) pixel[c] += part * (float)row[i * channels + c];
        }
        for (int64_t c = 0; c < channels; c++) sum[x * channels + c] += weight * pixel[c];
    }
}

static uint8_t to_byte(float value)
{
    return value <= 0 ? 0 : value >= 255 ? 255 : (uint8_t)(value + 0.5f);
}

static void resize_rows(const lm_tensor *from, int64_t h, int64_t w, const span *spans, float *sum, uint8_t *to)
{
    int64_t channels = from->rank == 3 ? from->dims[2] : 1, row = from->dims[1] * channels, n = w * channels;
    for (int64_t y = 0; y < h; y++) {
        span s = span_of(y, h, from->dims[0]);
        memset(sum, 0, (size_t)n * sizeof *sum);
        for (int64_t i = s.first; i <= s.last; i++)
            add_row((const uint8_t *)from->data + i * row, spans, w, channels, weight_of(&s, i), sum);
        for (int64_t i = 0; i < n; i++) to[y * n + i] = to_byte(sum[i]);
    }
}

lm_status lm__picture_resize_into(const lm_tensor *picture, int64_t h, int64_t w, uint8_t *to)
{
    int64_t channels = picture->rank == 3 ? picture->dims[2] : 1;
    if (h == picture->dims[0] && w == picture->dims[1]) {
        memcpy(to, picture->data, picture->size);
        return LM_OK;
    }
    size_t bytes = (size_t)w * (sizeof(span) + (size_t)channels * sizeof(float));
    span *spans = lm__alloc(bytes);
    if (!spans) return lm__no_memory(bytes);
    for (int64_t x = 0; x < w; x++) spans[x] = span_of(x, w, picture->dims[1]);
    resize_rows(picture, h, w, spans, (float *)(spans + w), to);
    lm__free(spans);
    return LM_OK;
}

lm_tensor *lm__picture_resize(const lm_tensor *picture, int64_t h, int64_t w)
{
    lm_status status = LM_OK;
    if (h < 1 || w < 1 || lm__mul_size((size_t)h, (size_t)w) > LM__PICTURE_MAX_PIXELS)
        status = lm__fail(LM_INVALID, "a picture cannot be made %lld x %lld pixels: each side has at least 1, and "
                          "both together at most %zu million", (long long)w, (long long)h,
                          LM__PICTURE_MAX_PIXELS / 1000000);
    if (status) return lm__object_poison(&lm__tensor_type);
    lm_tensor *t = lm__tensor_raw(LM_U8, 3, (int64_t[]){h, w, picture->rank == 3 ? picture->dims[2] : 1});
    if (lm_failed(t) || !lm__picture_resize_into(picture, h, w, t->data)) return t;
    lm_free(t);
    return lm__object_poison(&lm__tensor_type);
}

/* --- channels --------------------------------------------------------------------------------------------------- */

lm_tensor *lm__picture_channels(lm_tensor *picture, int channels)
{
    int has = picture->rank == 3 ? (int)picture->dims[2] : 1;
    if (has == channels && picture->rank == 3) return lm_retain(picture);
    lm_tensor *t = lm__tensor_raw(LM_U8, 3, (int64_t[]){picture->dims[0], picture->dims[1], channels});
    if (lm_failed(t)) return t;
    size_t pixels = (size_t)picture->dims[0] * (size_t)picture->dims[1];
    const uint8_t *from = picture->data;
    uint8_t *to = t->data;
    for (size_t i = 0; i < pixels; i++, from += has, to += channels) {
        int grey = has == 1 ? from[0] : (299 * from[0] + 587 * from[1] + 114 * from[2] + 500) / 1000;
        if (has == channels) memcpy(to, from, (size_t)has);
        else memset(to, grey, (size_t)channels);
    }
    return t;
}
