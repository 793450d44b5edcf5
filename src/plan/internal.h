/* plan/internal.h: what the planner's files share: the plan's steps and buffers, and the stages that make them.
 *
 *   clone, bind symbols -> passes (graph to graph) -> lower (nodes to steps, values to buffers) -> choose kernels
 *   -> place buffers -> wire (pointer slots). After that nothing is left to decide. */
#ifndef LM_PLAN_INTERNAL_H
#define LM_PLAN_INTERNAL_H

#include "base/alloc.h"
#include "base/arena.h"
#include "plan/plan.h"

/* Where a buffer's bytes are. */
typedef enum lm__space {
    LM__SPACE_ARENA,                    /* in the context's arena, at `offset`                    */
    LM__SPACE_INPUT,                    /* the caller's input `index`                             */
    LM__SPACE_OUTPUT,                   /* the caller's output `index`                            */
    LM__SPACE_VARIABLE,                 /* the tensor of the plan's variable `index`              */
    LM__SPACE_CONSTANT,                 /* `data`                                                 */
    LM__SPACE_KEPT,                     /* in the context's own memory, at `offset`: from run to run */
} lm__space;

typedef struct lm__buffer {
    lm__space space;
    int device;                         /* memory it lives in; 0: the host */
    int index;
    const void *data;
    size_t bytes, offset;
    int first, last;                    /* the steps that write it first and read it last; last -1: nobody reads it */
    int same;                           /* shares the memory of this buffer (results over inputs), or -1 */
    const lm__node *node;               /* what made it; NULL: scratch */
    const char *what;                   /* "scratch", "shared", "" */
} lm__buffer;

/* One entry: a kernel on buffers. Queue 0 is the CPU team; entries of one queue run in order. */
typedef struct lm__step {
    const lm__node *node;
    const lm__kernel *kernel;
    lm__problem problem;
    lm__needs needs;
    void *state;                        /* from kernel->prepare */
    int *in, *out;                      /* buffers; -1: an output nobody wants */
    int scratch, shared;                /* buffers, or -1 */
    int slot;                           /* first pointer slot: inputs, outputs, packed copies */
    bool once;                          /* depends on unchanged weights alone: run once a version of them */
    int queue;
    int wait;                           /* entry of another queue that must have ended, or -1 */
} lm__step;

/* A pointer slot that is set at every run. */
typedef struct lm__fixup {
    int slot, buffer;
} lm__fixup;

enum { LM__PACK_KEPT = -2 };

/* A packed copy of a stable input. */
typedef struct lm__pack {
    int step, input, slot;
    int variable;                       /* index; -1: a constant; LM__PACK_KEPT: made by steps that run once */
    size_t offset, bytes;               /* in the context's packed memory */
} lm__pack;

struct lm__plan {
    lm__plan_options options;
    lm_graph *graph;                    /* the plan's own, after the passes */
    lm__arena *arena;
    int threads;
    lm__isa isa;
    lm__step *steps;
    int nsteps;
    size_t steps_capacity;
    lm__buffer *buffers;
    int nbuffers;
    size_t buffers_capacity;
    lm_variable **variables;            /* borrowed: the graph's nodes retain them */
    bool *stored;                       /* whether the plan changes it */
    int nvariables;
    bool stores;                        /* any */
    int slots;
    lm__fixup *fixups;
    int nfixups;
    lm__pack *packs;
    int npacks;
    size_t arena_bytes, constant_bytes, packed_bytes, kept_bytes;
    size_t child_bytes;                 /* constants and packed weights of the bodies of control ops */
    double flops;
};

static inline bool lm__plan_runs(const lm__plan *plan, int pass) { return !(plan->options.passes_off >> pass & 1); }

/* --- stages; each leaves the plan so that lm__plan_free works ------------------------------------------------- */
lm_status lm__plan_lower(lm__plan *plan);
lm_status lm__plan_choose(lm__plan *plan);
lm_status lm__plan_place(lm__plan *plan);
lm_status lm__plan_wire(lm__plan *plan);
void lm__plan_keep(lm__plan *plan);     /* within lower, once it is known what the plan stores */

/* A new entry of the growing array; the index, or -1 when memory is out (recorded). */
int lm__plan_add_buffer(lm__plan *plan, lm__buffer buffer);

/* The buffer whose memory b uses. */
static inline int lm__plan_root(const lm__plan *plan, int b)
{
    while (plan->buffers[b].same >= 0) b = plan->buffers[b].same;
    return b;
}

/* Copies its first input; a second one is a guard (bool): where false nothing is written. */
extern const lm__kernel lm__copy_kernel;

/* A value's type and numbers; LM_INVALID if a dimension is not known. */
lm_status lm__desc_of(const lm_value *value, lm__desc *out);
static inline size_t lm__desc_bytes(const lm__desc *d) { return d->size * lm_dtype_size(d->dtype); }

static inline size_t lm__round64(size_t n) { return (n + 63) & ~(size_t)63; }

/* Whether a fast kernel accepts op on these values, before there is a node; `out`: an array of nout. And the name of
 * the first that does, or NULL. */
bool lm__fast_takes(const lm__op *op, int nin, lm_value *const *in, int nout, const lm_value *out, const void *attr);
const char *lm__fast_name(const lm__op *op, int nin, lm_value *const *in, int nout, const lm_value *out,
                          const void *attr);

/* What a step computes, for messages: "matmul", "copy"; for a chain of one op that op. */
const char *lm__step_op(const lm__step *step);

/* Watch mode: LM_NOT_FINITE if a float output of the step is not finite though its inputs are. */
lm_status lm__watch_step(const lm__step *step, const void *const *in, void *const *out);

#endif
