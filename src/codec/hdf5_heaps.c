/* codec/hdf5_heaps.c: global heaps, in which variable-length strings stand.
 *
 * A heap is a list of objects, each with an index. It is gone through once, when its first string is asked for, and
 * then looked up: a list of names asks for thousands. Heaps are charged by their size, so that those which overlap,
 * as only a forged file's do, run out of budget instead of time. */
#include "codec/hdf5_file.h"

#include "base/alloc.h"
#include "base/status.h"
#include "codec/hdf5_format.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct heap_object {
    uint32_t index;
    uint64_t at, bytes;             /* from the heap's beginning */
} heap_object;

typedef struct heap {
    uint64_t at;
    heap_object *objects;           /* sorted by index, those of one index in the file's order */
    size_t count;
} heap;

struct h5_heaps {
    pthread_mutex_t lock;           /* a file is read by any number of threads */
    heap *list;                     /* sorted by address */
    size_t count, capacity;
    size_t budget;                  /* bytes that may still be gone through */
};

lm_status lm__h5_heaps_new(lm__h5 *h5)
{
    h5->heaps = lm__calloc(1, sizeof *h5->heaps);
    if (!h5->heaps) return lm__no_memory(sizeof *h5->heaps);
    pthread_mutex_init(&h5->heaps->lock, NULL);
    h5->heaps->budget = lm__mul_size(h5->size, H5_BUDGET);
    return LM_OK;
}

void lm__h5_heaps_free(h5_heaps *heaps)
{
    if (!heaps) return;
    pthread_mutex_destroy(&heaps->lock);
    lm__free(heaps->list);
    lm__free(heaps);
}

/* The next object; false at the heap's end, or where it is damaged. */
static bool next_object(lm__bytes *b, heap_object *o)
{
    o->index = lm__bytes_u16le(b);
    lm__bytes_take(b, 6);
    o->bytes = lm__bytes_u64le(b);
    o->at = b->at;
    if (b->bad || !o->index || o->bytes > lm__bytes_left(b)) return false;
    lm__bytes_seek(b, b->at + ((o->bytes + 7) & ~(uint64_t)7));
    return true;
}

static int compare_objects(const void *a, const void *b)
{
    const heap_object *x = a, *y = b;
    if (x->index != y->index) return x->index < y->index ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Indices are of 16 bits, which bounds the number of objects. */
static lm_status list_objects(const lm__h5 *h5, lm__bytes b, heap *out)
{
    heap_object o;
    lm__bytes again = b;
    size_t count = 0;
    bool sorted = true;
    while (count < UINT16_MAX && next_object(&b, &o)) count++;
    out->objects = lm__arena_alloc(h5->arena, count * sizeof *out->objects + 1);
    if (!out->objects) return lm__no_memory(count * sizeof *out->objects);
    for (size_t i = 0; i < count && next_object(&again, &out->objects[i]); i++) {
        sorted = sorted && (!i || out->objects[i - 1].index < out->objects[i].index);
        out->count++;
    }
    if (!sorted) qsort(out->objects, out->count, sizeof *out->objects, compare_objects);
    return LM_OK;
}

/* What is no heap has no objects. */
static lm_status read_heap(const lm__h5 *h5, uint64_t at, heap *out)
{
    h5_heaps *heaps = h5->heaps;
    *out = (heap){.at = at};
    const uint8_t *head = lm__h5_at(h5, at, H5_COLLECTION_HEAD);
    if (!head || memcmp(head, "GCOL\1", 5)) return LM_OK;
    lm__bytes b = lm__bytes_of(head, H5_COLLECTION_HEAD);
    lm__bytes_seek(&b, 8);
    uint64_t bytes = lm__bytes_u64le(&b);
    if (!lm__h5_at(h5, at, bytes)) return LM_OK;
    uint64_t price = bytes < H5_COLLECTION_LEAST ? H5_COLLECTION_LEAST : bytes;
    if (price > heaps->budget)
        return lm__fail(LM_CORRUPT, "%s: global heaps overlap, seen at offset %llu", h5->name,
                        (unsigned long long)at);
    heaps->budget -= price;
    b = lm__bytes_of(head, (size_t)bytes);
    lm__bytes_seek(&b, H5_COLLECTION_HEAD);
    return list_objects(h5, b, out);
}

/* The heap at an address, read if it was not before; those that are none are not kept. */
static lm_status find_heap(const lm__h5 *h5, uint64_t at, heap *out)
{
    h5_heaps *heaps = h5->heaps;
    size_t low = 0, high = heaps->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (heaps->list[middle].at < at) low = middle + 1;
        else high = middle;
    }
    if (low < heaps->count && heaps->list[low].at == at) {
        *out = heaps->list[low];
        return LM_OK;
    }
    LM_TRY(read_heap(h5, at, out));
    if (!out->count) return LM_OK;
    if (lm__grow(&heaps->list, heaps->count, &heaps->capacity, sizeof *heaps->list))
        return lm__no_memory(heaps->count * sizeof *heaps->list);
    memmove(heaps->list + low + 1, heaps->list + low, (heaps->count - low) * sizeof *heaps->list);
    heaps->list[low] = *out;
    heaps->count++;
    return LM_OK;
}

lm_status lm__h5_heap_object(const lm__h5 *h5, uint64_t at, uint32_t index, uint32_t length, const uint8_t **out)
{
    heap h;
    *out = NULL;
    pthread_mutex_lock(&h5->heaps->lock);
    lm_status status = find_heap(h5, at, &h);
    pthread_mutex_unlock(&h5->heaps->lock);
    if (status) return status;
    size_t low = 0, high = h.count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (h.objects[middle].index < index) low = middle + 1;
        else high = middle;
    }
    if (low < h.count && h.objects[low].index == index && h.objects[low].bytes >= length)
        *out = h5->data + at + h.objects[low].at;
    return LM_OK;
}
