/* plan/fuse.h: what the fuse pass knows of a graph while it forms groups. */
#ifndef LM_PLAN_FUSE_H
#define LM_PLAN_FUSE_H

#include "base/arena.h"
#include "graph/graph.h"

static const int64_t LM__FUSE_STEP = 1 << 20;    /* between the times of neighbouring nodes: room for groups */

typedef struct lm__fuse {
    lm_graph *graph;
    lm__arena *arena;
    bool fast;
    int n;
    lm__node **node;                    /* in order; node->mark is its index */
    int *unit;                          /* the unit a node belongs to: the index of one of its members */
    int64_t *time;                      /* of a unit */
    int *size;                          /* of a unit */
    int *next;                          /* a unit's members, a ring */
    int *sums;                          /* how many of a unit's members are sums of others */
    int64_t *keep;                      /* elements of each of these sums; of a sum that no map takes over: 0 */
    int *user_start, *user;             /* users of node i: user[user_start[i]] up to user[user_start[i + 1]] */
    bool *is_output;
} lm__fuse;

static inline bool lm__fuse_is_map(const lm__fuse *f, int i) { return f->node[i]->op->kind == LM__OP_MAP; }

/* A sum that may become part of a map. */
static inline bool lm__fuse_is_sum(const lm__fuse *f, int i)
{
    return f->node[i]->op->kind != LM__OP_MAP && f->keep[i] > 0;
}

/* What a unit, or two taken together, has around it. */
typedef struct lm__fuse_near {
    int64_t after, before;              /* the times of its latest input and its earliest user */
    int operands, results;
    lm_value *operand[LM__MAP_MAX_OPERANDS];
} lm__fuse_near;

/* Adds the surroundings of unit a, where unit b counts as inside; false: beyond what a map can hold. */
bool lm__fuse_around(const lm__fuse *f, int a, int b, lm__fuse_near *w);

/* Whether all uses of the unit's values outside it are stores, and of which guard (NULL: none). */
bool lm__fuse_only_stored(const lm__fuse *f, int a, lm_value **guard);

typedef struct lm__fuse_place {
    int64_t time;
    int unit;
} lm__fuse_place;

/* The units in the order of their times; NULL: out of memory. */
lm__fuse_place *lm__fuse_order(lm__fuse *f, int *units);

/* When units are made: moves those that store behind the readers of what they overwrite and behind their guards, and
 * everything as far forward as is good. */
lm_status lm__fuse_settle(lm__fuse *f);

/* Looks for results of one group that another had better compute itself, and copies their nodes: *changed then says
 * that the graph is another, whose groups must be formed anew. */
lm_status lm__fuse_recompute(lm__fuse *f, bool *changed);

#endif
