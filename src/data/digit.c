/* data/digit.c: MNIST's own preparation of a drawing (LeCun and others, "The MNIST database": the digit is scaled to
 * fit 20 x 20 pixels with its aspect kept, by an antialiasing filter, and centred by mass in 28 x 28).
 *
 * What they did not have to do: find out whether ink is light or dark, and tell it from paper that is neither even
 * nor white. Paper is what the border shows; what differs from it by more than the border does from itself is ink.
 */
#include "data/picture.h"

#include "base/alloc.h"
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

/* A larger drawing is first made this small; differences from the paper below LEAST are none. */
enum { MOST_SIDE = 1024, LEAST = 16 };

typedef struct drawing {
    int64_t h, w;
    uint8_t *ink;               /* 0 paper … 255 ink */
    int32_t *queue;             /* of one stroke     */
    uint8_t *seen;
} drawing;

/* --- ink and paper ---------------------------------------------------------------------------------------------- */

/* The smallest value that at least `part` of `total` counted ones do not exceed. */
static int quantile(const size_t counts[256], size_t total, double part)
{
    size_t sum = 0;
    for (int v = 0; v < 256; v++) {
        sum += counts[v];
        if (sum && (double)sum >= part * (double)total) return v;
    }
    return 255;
}

/* The paper's grey, and how far the border strays from it: all but 2 % of it. */
static void look_at_border(const uint8_t *grey, int64_t h, int64_t w, int *paper, int *stray)
{
    size_t counts[256] = {0}, away[256] = {0}, total = 0;
    for (int64_t y = 0; y < h; y++) {
        int64_t step = y == 0 || y == h - 1 || w == 1 ? 1 : w - 1;
        for (int64_t x = 0; x < w; x += step) counts[grey[y * w + x]]++, total++;
    }
    *paper = quantile(counts, total, 0.5);
    for (int v = 0; v < 256; v++) away[v > *paper ? v - *paper : *paper - v] += counts[v];
    *stray = quantile(away, total, 0.98);
}

/* Replaces greys by ink, whose strongest comes to 255. */
static lm_status find_ink(uint8_t *grey, int64_t h, int64_t w, int *inverted)
{
    size_t counts[256] = {0}, strong[256] = {0}, n = (size_t)(h * w), inked = 0;
    int paper, stray, low = 255, high = 0;
    look_at_border(grey, h, w, &paper, &stray);
    for (size_t i = 0; i < n; i++) counts[grey[i]]++;
    for (int v = 0; v < 256; v++)
        if (counts[v]) low = v < low ? v : low, high = v;
    *inverted = paper - low > high - paper;
    int most = *inverted ? paper - low : high - paper;
    int noise = stray + (stray + 2) / 4;            /* a quarter more than the border shows */
    if (noise > most / 2) noise = most / 2;         /* what is drawn goes over the border   */
    if (most - noise < LEAST)
        return lm__fail(LM_INVALID, "the picture is blank: nothing stands out from its background");
    for (size_t i = 0; i < n; i++) {
        int ink = (*inverted ? paper - grey[i] : grey[i] - paper) - noise;
        grey[i] = (uint8_t)(ink < 0 ? 0 : ink);
        if (2 * ink > most - noise) strong[ink]++, inked++;
    }
    int full = quantile(strong, inked, 0.9);
    for (size_t i = 0; i < n; i++) grey[i] = (uint8_t)(grey[i] >= full ? 255 : (255 * grey[i] + full / 2) / full);
    return LM_OK;
}

/* --- strokes ---------------------------------------------------------------------------------------------------- */

/* Collects the connected ink around `start` into the queue; gives how many pixels, *mass their sum. */
static size_t stroke(drawing *d, int32_t start, int least, size_t *mass)
{
    size_t count = 1;
    *mass = 0;
    d->queue[0] = start;
    d->seen[start] = 1;
    for (size_t k = 0; k < count; k++) {
        int32_t at = d->queue[k], y = at / (int32_t)d->w, x = at % (int32_t)d->w;
        *mass += d->ink[at];
        for (int32_t dy = -1; dy <= 1; dy++)
            for (int32_t dx = -1; dx <= 1; dx++) {
                if (y + dy < 0 || y + dy >= d->h || x + dx < 0 || x + dx >= d->w) continue;
                int32_t next = at + dy * (int32_t)d->w + dx;
                if (d->seen[next] || d->ink[next] < least) continue;
                d->seen[next] = 1;
                d->queue[count++] = next;
            }
    }
    return count;
}

static void widen(const drawing *d, size_t count, int64_t box[4])
{
    for (size_t k = 0; k < count; k++) {
        int64_t y = d->queue[k] / d->w, x = d->queue[k] % d->w;
        box[0] = y < box[0] ? y : box[0], box[1] = y > box[1] ? y : box[1];
        box[2] = x < box[2] ? x : box[2], box[3] = x > box[3] ? x : box[3];
    }
}

/* The box {top, bottom, left, right} around all strokes but specks: less than a thirtieth of the heaviest. */
static void find_box(drawing *d, int least, int64_t box[4])
{
    size_t heaviest = 0, mass;
    size_t bytes = (size_t)d->h * (size_t)d->w;
    int32_t n = (int32_t)bytes;
    memset(d->seen, 0, bytes);
    for (int32_t i = 0; i < n; i++)
        if (!d->seen[i] && d->ink[i] >= least) {
            stroke(d, i, least, &mass);
            heaviest = mass > heaviest ? mass : heaviest;
        }
    memset(d->seen, 0, bytes);
    box[0] = d->h, box[1] = -1, box[2] = d->w, box[3] = -1;
    for (int32_t i = 0; i < n; i++)
        if (!d->seen[i] && d->ink[i] >= least) {
            size_t count = stroke(d, i, least, &mass);
            if (mass * 30 >= heaviest) widen(d, count, box);
        }
}

/* --- the digit -------------------------------------------------------------------------------------------------- */

static lm_tensor *cut_out(const drawing *d, const int64_t box[4])
{
    int64_t h = box[1] - box[0] + 1, w = box[3] - box[2] + 1;
    lm_tensor *t = lm__tensor_raw(LM_U8, 3, (int64_t[]){h, w, 1});
    for (int64_t y = 0; !lm_failed(t) && y < h; y++)
        memcpy((uint8_t *)t->data + y * w, d->ink + (box[0] + y) * d->w + box[2], (size_t)w);
    return t;
}

/* A thin pen leaves grey once it is small: its strongest becomes 255 again. */
static void strengthen(lm_tensor *t)
{
    uint8_t *v = t->data;
    int most = 1;
    for (size_t i = 0; i < t->size; i++) most = v[i] > most ? v[i] : most;
    for (size_t i = 0; i < t->size; i++) v[i] = (uint8_t)((255 * v[i] + most / 2) / most);
}

/* Where the first pixel goes so that the mass's middle comes to the middle of `side`, within the picture. */
static int64_t offset(const lm_tensor *t, int axis, int64_t side)
{
    double mass = 0, moment = 0;
    const uint8_t *v = t->data;
    for (size_t i = 0; i < t->size; i++) {
        int64_t at = axis ? (int64_t)i % t->dims[1] : (int64_t)i / t->dims[1];
        mass += v[i], moment += (double)at * v[i];
    }
    int64_t first = (int64_t)floor((double)side / 2 - moment / mass + 0.5), last = side - t->dims[axis];
    return first < 0 ? 0 : first > last ? last : first;
}

static lm_tensor *place(const lm_tensor *box, int64_t side)
{
    int64_t longer = box->dims[0] > box->dims[1] ? box->dims[0] : box->dims[1];
    int64_t most = (20 * side + 14) / 28, size[2];
    for (int i = 0; i < 2; i++) {
        size[i] = (2 * most * box->dims[i] + longer) / (2 * longer);
        if (size[i] < 1) size[i] = 1;
    }
    lm_tensor *digit = lm__picture_resize(box, size[0], size[1]);
    lm_tensor *t = lm_failed(digit) ? lm_retain(digit) : lm_tensor_new(LM_U8, 3, (int64_t[]){side, side, 1});
    if (!lm_failed(t)) {
        strengthen(digit);
        int64_t top = offset(digit, 0, side), left = offset(digit, 1, side);
        for (int64_t y = 0; y < size[0]; y++)
            memcpy((uint8_t *)t->data + (top + y) * side + left, (uint8_t *)digit->data + y * size[1],
                   (size_t)size[1]);
    }
    lm_free(digit);
    return t;
}

/* `grey` is overwritten. */
static lm_status prepare(lm_tensor *grey, int64_t side, int *inverted, lm_tensor **out)
{
    drawing d = {grey->dims[0], grey->dims[1], grey->data, NULL, NULL};
    int64_t box[4];
    LM_TRY(find_ink(d.ink, d.h, d.w, inverted));
    size_t bytes = grey->size * (sizeof *d.queue + sizeof *d.seen);
    if (!(d.queue = lm__alloc(bytes))) return lm__no_memory(bytes);
    d.seen = (uint8_t *)(d.queue + grey->size);
    find_box(&d, 64, box);
    lm__free(d.queue);
    lm_tensor *cut = cut_out(&d, box);
    *out = lm_failed(cut) ? lm_retain(cut) : place(cut, side);
    lm_free(cut);
    return lm_status_of(*out);
}

/* A grey copy whose longer side is at most MOST_SIDE. */
static lm_tensor *small_copy(const lm_tensor *picture)
{
    int64_t h = picture->dims[0], w = picture->dims[1], longer = h > w ? h : w;
    if (longer > MOST_SIDE) {
        h = h * MOST_SIDE / longer, w = w * MOST_SIDE / longer;
        h = h ? h : 1, w = w ? w : 1;
    }
    lm_tensor *t = lm__picture_resize(picture, h, w);
    lm_tensor *grey = lm_failed(t) ? lm_retain(t) : lm__picture_channels(t, 1);
    lm_free(t);
    return grey;
}

lm_tensor *lm__picture_digit(const lm_tensor *picture, int64_t side, int *inverted)
{
    lm_tensor *digit = NULL, *grey = small_copy(picture);
    if (lm_failed(grey)) return grey;
    lm_status status = prepare(grey, side, inverted, &digit);
    lm_free(grey);
    if (!status) return digit;
    lm_free(digit);
    return lm__object_poison(&lm__tensor_type);
}
