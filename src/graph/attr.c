/* graph/attr.c: attributes by their field tables: copy, compare, hash. */
#include "graph/graph.h"
#include <string.h>

static const void *field_of(const void *attr, const lm__attr *field)
{
    return (const char *)attr + field->offset;
}

static const char *name_of(const void *attr, const lm__attr *field)
{
    return *(const char *const *)field_of(attr, field);
}

lm_status lm__attr_copy(lm_graph *graph, const lm__op *op, const void *attr, void **out)
{
    *out = NULL;
    if (op->attr_size == 0) return LM_OK;
    char *copy = lm__arena_copy(graph->arena, attr, op->attr_size);
    if (!copy) return lm__no_memory(op->attr_size);
    for (const lm__attr *f = op->attrs; f && f->name; f++) {
        if (f->kind == LM__ATTR_OBJECT) {
            void *object = *(void **)(copy + f->offset);
            if (object) LM_TRY(lm__graph_keep(graph, object));
        }
        if (f->kind == LM__ATTR_NAME && name_of(attr, f)) {
            char *name = lm__arena_strdup(graph->arena, name_of(attr, f));
            if (!name) return lm__no_memory(strlen(name_of(attr, f)) + 1);
            memcpy(copy + f->offset, &name, sizeof name);
        }
    }
    *out = copy;
    return LM_OK;
}

/* Bytes that decide; 0 for a name, whose text does. A shape counts with its unused dimensions, which are 0. */
static size_t bytes_of(const lm__attr *field)
{
    static const size_t bytes[] = {
        [LM__ATTR_INT] = sizeof(int64_t), [LM__ATTR_FLOAT] = sizeof(double),     [LM__ATTR_BOOL] = sizeof(bool),
        [LM__ATTR_DTYPE] = sizeof(lm_dtype), [LM__ATTR_INTS] = sizeof(int64_t),  [LM__ATTR_OBJECT] = sizeof(void *),
        [LM__ATTR_BYTES] = 1,
    };
    return bytes[field->kind] * (size_t)field->count;
}

static bool same_shape(const lm__shape *a, const lm__shape *b)
{
    return a->rank == b->rank && memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim) == 0;
}

static bool same_name(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

bool lm__attr_equal(const lm__op *op, const void *a, const void *b)
{
    if (op->attr_size == 0 || a == b) return true;
    if (!op->attrs) return memcmp(a, b, op->attr_size) == 0;
    for (const lm__attr *f = op->attrs; f->name; f++) {
        bool same;
        if (f->kind == LM__ATTR_NAME) same = same_name(name_of(a, f), name_of(b, f));
        else if (f->kind == LM__ATTR_SHAPE) same = same_shape(field_of(a, f), field_of(b, f));
        else same = memcmp(field_of(a, f), field_of(b, f), bytes_of(f)) == 0;
        if (!same) return false;
    }
    return true;
}

static uint64_t mix(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++) hash = (hash ^ p[i]) * 1099511628211u;
    return hash;
}

uint64_t lm__attr_hash(const lm__op *op, const void *attr)
{
    uint64_t hash = mix(1469598103934665603u, op->name, strlen(op->name));
    if (op->attr_size == 0) return hash;
    if (!op->attrs) return mix(hash, attr, op->attr_size);
    for (const lm__attr *f = op->attrs; f->name; f++) {
        if (f->kind == LM__ATTR_NAME) {
            const char *name = name_of(attr, f);
            if (name) hash = mix(hash, name, strlen(name));
        } else if (f->kind == LM__ATTR_SHAPE) {
            const lm__shape *s = field_of(attr, f);
            hash = mix(hash, s->dim, (size_t)s->rank * sizeof *s->dim);
        } else {
            hash = mix(hash, field_of(attr, f), bytes_of(f));
        }
    }
    return hash;
}
