/* codec/hdf5_read.c: the tree of a file: superblock, object headers, groups.
 *
 * The whole tree is read when a file is opened. Every structure is charged by its size against the size of the file,
 * so that structures which overlap, repeat or go in circles run out of budget instead of time or memory.
 */
#include "codec/hdf5_file.h"

#include "base/alloc.h"
#include "base/status.h"
#include "codec/hdf5_format.h"

#include <stdlib.h>
#include <string.h>

const uint8_t *lm__h5_at(const lm__h5 *h5, uint64_t address, uint64_t size)
{
    if (address > h5->size || size > h5->size - address) return NULL;
    if (h5->view && lm__view_need(h5->view, h5->base + address, size)) return NULL;
    return h5->data + address;
}

lm_status lm__h5_unsupported(const lm__h5 *h5, const char *path, const char *what)
{
    return lm__fail(LM_UNSUPPORTED, "%s: \"%s\": %s; `h5repack -l CONTI -f NONE IN OUT`, or saving again with h5py's "
                    "defaults, makes a file that is read", h5->name, path, what);
}

/* The way from the root to the object being read, for messages; on the stack, as the recursion is. */
typedef struct trail {
    const struct trail *up;
    const char *name;
} trail;

enum { PATH_SHOWN = 200 };

static const char *path_of(const trail *t, char path[PATH_SHOWN])
{
    size_t at = PATH_SHOWN - 1;
    path[at] = 0;
    for (; t->up; t = t->up) {
        size_t length = strlen(t->name);
        if (at < length + 4) {
            memcpy(path + (at -= 3), "...", 3);        /* only the last part of a long path */
            return path + at;
        }
        memcpy(path + (at -= length), t->name, length);
        path[--at] = '/';
    }
    return path[at] ? path + at : "/";
}

/* Of a view: reads what is there of a structure. */
static lm_status need(const lm__h5 *h5, uint64_t at, uint64_t bytes)
{
    if (!h5->view || at >= h5->size) return LM_OK;
    return lm__view_need(h5->view, h5->base + at, bytes < h5->size - at ? bytes : h5->size - at);
}

/* Structures at an address: bounded reading from there, with the signature or what else must stand there checked. */
static lm_status structure(const lm__h5 *h5, uint64_t at, const char *signature, const char *what, lm__bytes *b)
{
    size_t length = strlen(signature);
    LM_TRY(need(h5, at, H5_LONGEST_HEAD));
    const uint8_t *found = lm__h5_at(h5, at, length);
    if (!found || memcmp(found, signature, length))
        return lm__fail(LM_CORRUPT, "%s: expected %s at offset %llu of %zu", h5->name, what, (unsigned long long)at,
                        h5->size);
    *b = lm__bytes_of(h5->data, h5->size);
    lm__bytes_seek(b, at + length);
    return LM_OK;
}

static lm_status charge(lm__h5 *h5, size_t bytes, uint64_t at)
{
    if (bytes > h5->budget)
        return lm__fail(LM_CORRUPT, "%s: HDF5 structures overlap or go in circles, seen at offset %llu", h5->name,
                        (unsigned long long)at);
    h5->budget -= bytes;
    return need(h5, at, bytes);
}

/* --- object headers --------------------------------------------------------------------------------------------- */

/* Adds the messages of one block to the node's, of which there are at most `most`. */
static lm_status read_block(lm__h5 *h5, h5_node *node, uint64_t at, uint64_t size, size_t most)
{
    LM_TRY(need(h5, at, size));
    const uint8_t *data = lm__h5_at(h5, at, size);
    if (!data)
        return lm__fail(LM_CORRUPT, "%s: an object header's block of %llu bytes at offset %llu goes beyond the "
                        "file's end at %zu", h5->name, (unsigned long long)size, (unsigned long long)at, h5->size);
    lm__bytes b = lm__bytes_of(data, (size_t)size);
    while (node->message_count < most && lm__bytes_left(&b) >= H5_MESSAGE_HEAD) {
        h5_message m;
        m.type = lm__bytes_u16le(&b), m.size = lm__bytes_u16le(&b), m.flags = lm__bytes_u8(&b);
        lm__bytes_take(&b, 3);
        m.data = lm__bytes_take(&b, m.size);
        if (b.bad)
            return lm__fail(LM_CORRUPT, "%s: a message of %u bytes goes beyond its object header's block at offset "
                            "%llu", h5->name, m.size, (unsigned long long)at);
        node->messages[node->message_count++] = m;
    }
    return LM_OK;
}

/* All messages of the header at an address; further blocks are followed in the order in which they are met. */
static lm_status read_header(lm__h5 *h5, const trail *way, uint64_t at, h5_node *node)
{
    char path[PATH_SHOWN];
    LM_TRY(need(h5, at, H5_HEADER_HEAD));
    const uint8_t *head = lm__h5_at(h5, at, H5_HEADER_HEAD);
    if (head && !memcmp(head, "OHDR", 4))
        return lm__h5_unsupported(h5, path_of(way, path), "an object header of version 2");
    if (!head || head[0] != 1)
        return lm__fail(LM_CORRUPT, "%s: \"%s\": expected an object header at offset %llu of %zu", h5->name,
                        path_of(way, path), (unsigned long long)at, h5->size);
    lm__bytes b = lm__bytes_of(head, H5_HEADER_HEAD);
    lm__bytes_take(&b, 2);
    size_t most = lm__bytes_u16le(&b);
    lm__bytes_take(&b, 4);
    uint32_t bytes = lm__bytes_u32le(&b);
    LM_TRY(charge(h5, H5_HEADER_HEAD + most * H5_MESSAGE_HEAD, at));
    node->messages = lm__arena_alloc(h5->arena, most * sizeof *node->messages + 1);
    if (!node->messages) return lm__no_memory(most * sizeof *node->messages);
    LM_TRY(read_block(h5, node, at + H5_HEADER_HEAD, bytes, most));
    for (size_t i = 0; i < node->message_count; i++) {
        const h5_message *m = &node->messages[i];
        if (m->type != H5_MESSAGE_CONTINUATION) continue;
        lm__bytes c = lm__bytes_of(m->data, m->size);
        uint64_t block = lm__bytes_u64le(&c), size = lm__bytes_u64le(&c);
        if (c.bad)
            return lm__fail(LM_CORRUPT, "%s: \"%s\": a continuation of %u bytes", h5->name, path_of(way, path),
                            m->size);
        LM_TRY(read_block(h5, node, block, size, most));
    }
    if (node->message_count == most) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: \"%s\": its object header at offset %llu holds %zu of %zu messages", h5->name,
                    path_of(way, path), (unsigned long long)at, node->message_count, most);
}

static const h5_message *message(const h5_node *node, int type)
{
    for (size_t i = 0; i < node->message_count; i++)
        if (node->messages[i].type == type) return &node->messages[i];
    return NULL;
}

/* --- groups ----------------------------------------------------------------------------------------------------- */

/* A group being read: entries are gathered from all over its B-tree before its children are. */
typedef struct group_reader {
    lm__h5 *h5;
    const trail *way;
    lm__bytes names;                /* the local heap's data */
    h5_node *children;
    uint64_t *headers;              /* where each child's header is; H5_NOWHERE for links */
    size_t count, capacity, header_capacity;
} group_reader;

static lm_status read_heap(group_reader *g, uint64_t at)
{
    char path[PATH_SHOWN];
    lm__bytes b;
    LM_TRY(structure(g->h5, at, "HEAP", "a group's local heap (HEAP)", &b));
    LM_TRY(charge(g->h5, H5_HEAP_HEAD, at));
    lm__bytes_take(&b, 4);
    uint64_t size = lm__bytes_u64le(&b);
    lm__bytes_take(&b, 8);
    uint64_t data = lm__bytes_u64le(&b);
    LM_TRY(need(g->h5, data, size));
    if (b.bad || !lm__h5_at(g->h5, data, size))
        return lm__fail(LM_CORRUPT, "%s: \"%s\": the local heap at offset %llu goes beyond the file", g->h5->name,
                        path_of(g->way, path), (unsigned long long)at);
    g->names = lm__bytes_of(lm__h5_at(g->h5, data, size), (size_t)size);
    return LM_OK;
}

static lm_status read_name(group_reader *g, uint64_t at, const char **out)
{
    char path[PATH_SHOWN];
    lm__bytes b = g->names;
    lm__bytes_seek(&b, at);
    size_t left = lm__bytes_left(&b), most = left < LM__H5_MAX_NAME + 1 ? left : LM__H5_MAX_NAME + 1;
    const char *name = (const char *)b.data + b.at;
    const char *end = most ? memchr(name, 0, most) : NULL;
    if (!end || end == name || memchr(name, '/', (size_t)(end - name)))
        return lm__fail(LM_CORRUPT, "%s: \"%s\": a member's name at %llu in its heap is empty, holds a '/' or has "
                        "no end "
                        "within %d bytes", g->h5->name, path_of(g->way,
                                                                path), (unsigned long long)at, LM__H5_MAX_NAME);
    LM_TRY(charge(g->h5, (size_t)(end - name) + 1, at));
    *out = lm__arena_strdup(g->h5->arena, name);
    return *out ? LM_OK : lm__no_memory((unsigned long long)(end - name));
}

static lm_status read_entry(group_reader *g, lm__bytes *b)
{
    uint64_t name = lm__bytes_u64le(b), header = lm__bytes_u64le(b);
    uint32_t cached = lm__bytes_u32le(b);
    lm__bytes_take(b, H5_ENTRY - 20);
    if (lm__grow(&g->children, g->count, &g->capacity, sizeof *g->children) ||
        lm__grow(&g->headers, g->count, &g->header_capacity, sizeof *g->headers))
        return lm__no_memory(g->count * sizeof *g->children);
    h5_node *child = &g->children[g->count];
    *child = (h5_node){.kind = LM__H5_NOTHING};
    g->headers[g->count++] = cached == H5_CACHED_LINK ? H5_NOWHERE : header;
    return read_name(g, name, &child->name);
}

static lm_status read_symbols(group_reader *g, uint64_t at)
{
    lm__bytes b;
    LM_TRY(structure(g->h5, at, "SNOD\1", "a group's symbol node (SNOD)", &b));
    lm__bytes_take(&b, 1);
    size_t count = lm__bytes_u16le(&b);
    LM_TRY(charge(g->h5, H5_SYMBOLS_HEAD + count * H5_ENTRY, at));
    if (b.bad || count * H5_ENTRY > lm__bytes_left(&b))
        return lm__fail(LM_CORRUPT, "%s: the symbol node at offset %llu goes beyond the file", g->h5->name,
                        (unsigned long long)at);
    for (size_t i = 0; i < count; i++) LM_TRY(read_entry(g, &b));
    return LM_OK;
}

/* A B-tree node and all below it. `level`: what it must be, or -1 for the root. A level more is a factor of 32:
 * recursion is at most 8 deep. */
static lm_status read_tree(group_reader *g, uint64_t at, int level)
{
    lm__bytes b;
    LM_TRY(structure(g->h5, at, "TREE", "a group's B-tree (TREE)", &b));
    uint8_t type = lm__bytes_u8(&b), own_level = lm__bytes_u8(&b);
    size_t count = lm__bytes_u16le(&b);
    lm__bytes_take(&b, 24);                                 /* siblings, and the first key */
    LM_TRY(charge(g->h5, H5_TREE_HEAD + 16 * count, at));
    if (b.bad || type != 0 || own_level > 8 || (level >= 0 && own_level != level) || 16 * count > lm__bytes_left(&b))
        return lm__fail(LM_CORRUPT, "%s: the B-tree at offset %llu has type %u, level %u and %zu children",
                        g->h5->name, (unsigned long long)at, type, own_level, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t child = lm__bytes_u64le(&b);
        lm__bytes_take(&b, 8);
        LM_TRY(own_level ? read_tree(g, child, own_level - 1) : read_symbols(g, child));
    }
    return LM_OK;
}

static int compare_nodes(const void *a, const void *b)
{
    return strcmp(((const h5_node *)a)->name, ((const h5_node *)b)->name);
}

static lm_status read_object(lm__h5 *h5, const trail *way, uint64_t at, int depth, h5_node *node);

/* Gathered children, each with its header read, sorted into the node's own. */
static lm_status adopt(group_reader *g, int depth, h5_node *node)
{
    char path[PATH_SHOWN];
    lm__h5 *h5 = g->h5;
    h5->objects += g->count;
    if (h5->objects > LM__H5_MAX_OBJECTS)
        return lm__fail(LM_CORRUPT, "%s: more than %d objects", h5->name, LM__H5_MAX_OBJECTS);
    for (size_t i = 0; i < g->count; i++) {
        trail way = {g->way, g->children[i].name};
        LM_TRY(read_object(h5, &way, g->headers[i], depth + 1, &g->children[i]));
    }
    node->children = lm__arena_alloc(h5->arena, g->count * sizeof *node->children + 1);
    node->names = lm__arena_alloc(h5->arena, g->count * sizeof *node->names + 1);
    if (!node->children || !node->names) return lm__no_memory(g->count * sizeof *node->children);
    if (!g->count) return LM_OK;
    qsort(g->children, g->count, sizeof *g->children, compare_nodes);
    memcpy(node->children, g->children, g->count * sizeof *g->children);
    node->count = g->count;
    for (size_t i = 0; i < g->count; i++) {
        node->names[i] = node->children[i].name;
        if (i && !strcmp(node->names[i - 1], node->names[i]))
            return lm__fail(LM_CORRUPT, "%s: \"%s\" has two members \"%s\"", h5->name, path_of(g->way, path),
                            node->names[i]);
    }
    return LM_OK;
}

static lm_status read_group(lm__h5 *h5, const trail *way, const h5_message *symbols, int depth, h5_node *node)
{
    lm_status status;
    char path[PATH_SHOWN];
    group_reader g = {.h5 = h5, .way = way};
    lm__bytes b = lm__bytes_of(symbols->data, symbols->size);
    uint64_t tree = lm__bytes_u64le(&b), heap = lm__bytes_u64le(&b);
    if (b.bad)
        return lm__fail(LM_CORRUPT, "%s: \"%s\": a symbol table message of %u bytes", h5->name, path_of(way, path),
                        symbols->size);
    if (depth >= LM__H5_MAX_DEPTH)
        return lm__fail(LM_CORRUPT, "%s: groups more than %d deep at \"%s\"", h5->name, LM__H5_MAX_DEPTH,
                        path_of(way, path));
    LM_GO(out, read_heap(&g, heap));
    LM_GO(out, read_tree(&g, tree, -1));
    LM_GO(out, adopt(&g, depth, node));
out:
    lm__free(g.children);
    lm__free(g.headers);
    return status;
}

/* The object whose header is at an address, with all below it. Recursion: LM__H5_MAX_DEPTH. */
static lm_status read_object(lm__h5 *h5, const trail *way, uint64_t at, int depth, h5_node *node)
{
    if (at == H5_NOWHERE) {
        node->kind = LM__H5_OTHER, node->other = "a symbolic link";
        return LM_OK;
    }
    LM_TRY(read_header(h5, way, at, node));
    LM_TRY(lm__h5_index_attributes(h5, node));
    const h5_message *symbols = message(node, H5_MESSAGE_SYMBOLS);
    if (symbols) {
        node->kind = LM__H5_GROUP;
        return read_group(h5, way, symbols, depth, node);
    }
    char path[PATH_SHOWN];
    if (message(node, H5_MESSAGE_LINK_INFO) || message(node, H5_MESSAGE_LINK))
        return lm__h5_unsupported(h5, path_of(way, path), "a group of the newer kind, without a symbol table");
    node->kind = message(node, H5_MESSAGE_LAYOUT) ? LM__H5_DATASET : LM__H5_OTHER;
    if (node->kind == LM__H5_OTHER) node->other = "neither a group nor a dataset";
    return LM_OK;
}

/* --- the file --------------------------------------------------------------------------------------------------- */

static lm_status read_superblock(lm__h5 *h5)
{
    lm__bytes b;
    LM_TRY(need(h5, 0, H5_LONGEST_HEAD));
    const uint8_t *block = lm__h5_at(h5, 0, 8);
    for (uint64_t at = 512; block && memcmp(block, H5_SIGNATURE, 8); at *= 2)
        block = at ? lm__h5_at(h5, at, 8) : NULL;
    if (block == h5->data) block = NULL;
    if (block)
        return lm__fail(LM_UNSUPPORTED, "%s: a user block of %zu bytes stands before the HDF5 data; `h5unjam` "
                        "removes it", h5->name, (size_t)(block - h5->data));
    LM_TRY(structure(h5, 0, H5_SIGNATURE, "an HDF5 file's signature", &b));
    uint8_t version = lm__bytes_u8(&b);
    if (version > 1) return lm__h5_unsupported(h5, "/", "a superblock of version 2 or later");
    lm__bytes_take(&b, 4);
    uint8_t address_bytes = lm__bytes_u8(&b), size_bytes = lm__bytes_u8(&b);
    if (!b.bad && (address_bytes != 8 || size_bytes != 8))
        return lm__h5_unsupported(h5, "/", "addresses or sizes that are not of 8 bytes");
    lm__bytes_take(&b, version == 1 ? 13 : 9);              /* sizes of trees: version 1 has one more */
    uint64_t base = lm__bytes_u64le(&b);
    lm__bytes_take(&b, 8);
    uint64_t end = lm__bytes_u64le(&b);
    lm__bytes_take(&b, 16);                                 /* driver, and the name of the root: none */
    uint64_t root = lm__bytes_u64le(&b);
    if (b.bad || end > h5->size)
        return lm__fail(LM_CORRUPT, "%s: truncated: the HDF5 superblock declares %llu bytes, the file has %zu",
                        h5->name, (unsigned long long)end, h5->size);
    if (base) return lm__fail(LM_CORRUPT, "%s: the HDF5 data is said to begin at %llu", h5->name,
                              (unsigned long long)base);
    LM_TRY(read_object(h5, &(trail){NULL, ""}, root, 0, &h5->root));
    if (h5->root.kind == LM__H5_GROUP) return LM_OK;
    return lm__fail(LM_CORRUPT, "%s: the root object at offset %llu is no group", h5->name, (unsigned long long)root);
}

static lm_status open_file(const lm__h5 *file, lm__h5 **out)
{
    lm_status status;
    size_t size = file->size;
    *out = NULL;
    lm__h5 *h5 = lm__alloc(sizeof *h5);
    if (!h5) return lm__no_memory(sizeof *h5);
    *h5 = *file;
    h5->budget = lm__mul_size(size, H5_BUDGET);
    h5->arena = lm__arena_new();
    if (!h5->arena) LM_GO(failed, lm__no_memory(sizeof *h5));
    LM_GO(failed, lm__h5_heaps_new(h5));
    LM_GO(failed, read_superblock(h5));
    *out = h5;
    return LM_OK;
failed:
    lm__h5_close(h5);
    return status;
}

lm_status lm__h5_open(const char *name, const void *data, size_t size, lm__h5 **out)
{
    return open_file(&(lm__h5){.name = name, .data = data, .size = size}, out);
}

lm_status lm__h5_open_view(const char *name, const lm__view *view, size_t base, size_t size, lm__h5 **out)
{
    const uint8_t *data = lm__view_data(view) + base;
    return open_file(&(lm__h5){.name = name, .data = data, .size = size, .view = view, .base = base}, out);
}

void lm__h5_close(lm__h5 *h5)
{
    if (!h5) return;
    lm__h5_heaps_free(h5->heaps);
    lm__arena_free(h5->arena);
    lm__free(h5);
}

/* --- looking ---------------------------------------------------------------------------------------------------- */

static const h5_node *child_of(const h5_node *node, const char *name, size_t length)
{
    size_t low = 0, high = node->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const h5_node *child = &node->children[middle];
        int order = strncmp(name, child->name, length);
        if (!order && child->name[length]) order = -1;
        if (!order) return child;
        if (order < 0) high = middle;
        else low = middle + 1;
    }
    return NULL;
}

/* As far along a path as it goes; *name: the part that is not there, or the path's end. */
static const h5_node *follow(const lm__h5 *h5, const char *path, const char **name)
{
    const h5_node *node = &h5->root;
    for (*name = path + (*path == '/'); **name;) {
        size_t length = strcspn(*name, "/");
        const h5_node *child = child_of(node, *name, length);
        if (!child) break;
        node = child;
        *name += length + ((*name)[length] == '/');
    }
    return node;
}

lm_status lm__h5_walk(const lm__h5 *h5, const char *path, const h5_node **out)
{
    const char *name;
    const h5_node *node = follow(h5, path, &name);
    if (!*name) {
        *out = node;
        return LM_OK;
    }
    char part[64];
    size_t length = strcspn(name, "/"), shown = length < sizeof part ? length : sizeof part - 1;
    memcpy(part, name, shown);
    part[shown] = 0;
    const char *names[33] = {0};                            /* a few dozen are enough for a hint */
    for (size_t i = 0; i < node->count && i < 32; i++) names[i] = node->names[i];
    const char *near = lm__nearest(part, names);
    return lm__fail(LM_NOT_FOUND, "%s: no \"%s\": there is no \"%s\" in it%s%s%s", h5->name, path, part,
                    near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

lm__h5_kind lm__h5_kind_of(const lm__h5 *h5, const char *path)
{
    const char *name;
    const h5_node *node = follow(h5, path, &name);
    return *name ? LM__H5_NOTHING : node->kind;
}

lm_status lm__h5_list(const lm__h5 *h5, const char *path, const char *const **names, size_t *count)
{
    const h5_node *node;
    *names = NULL, *count = 0;
    LM_TRY(lm__h5_walk(h5, path, &node));
    if (node->kind != LM__H5_GROUP) return lm__fail(LM_INVALID, "%s: \"%s\" is not a group", h5->name, path);
    *names = node->names, *count = node->count;
    return LM_OK;
}
