/* plan/fuse.h: what the fuse pass knows of a graph while it forms groups. */
#ifndef LM_PLAN_FUSE_H
#define LM_PLAN_FUSE_H

#include "base/arena.h"
#include "graph/graph.h"

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

/* Looks for results of one group that another had better compute itself, and copies their nodes: *changed then says
 * that the graph is another, whose groups must be formed anew. */
lm_status lm__fuse_recompute(lm__fuse *f, bool *changed);

#endif
