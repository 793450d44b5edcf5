/* kernels/map_job.h: a run of a map in pieces, for kernels that make one of its operands themselves: a product whose
 * rows are still in the cache when the map reads them (matmul_map). */
#ifndef LM_KERNELS_MAP_JOB_H
#define LM_KERNELS_MAP_JOB_H

#include "kernels/map.h"

/* How an operand's elements lie along the flat index. */
typedef enum lm__map_layout { LM__MAP_DENSE, LM__MAP_PERIODIC, LM__MAP_STRIDED } lm__map_layout;

/* What one run decides before its first block. */
typedef struct lm__map_job {
    const lm__map *map;
    const void *const *in;
    void *const *out;
    int made;                           /* the operand that the caller makes, dense; -1: none */
    char *scratch;                      /* of a run as a whole, as the next */
    size_t scratch_stride, slot_bytes;
    size_t total, block, chunk, chunks;
    int slots;
    size_t sums_at, width;              /* of sums: where in the scratch, and elements of a row of them; 0: no sums */
    float *shared;
    lm__map_layout operand[LM__MAP_MAX_OPERANDS];
    size_t operand_period[LM__MAP_MAX_OPERANDS];
    int operand_slot[LM__MAP_MAX_OPERANDS];
    int step_slot[LM__MAP_MAX_STEPS];   /* where the step's result goes, or a negative number: to memory */
    int step_result[LM__MAP_MAX_STEPS]; /* the output it is written to directly, if to memory */
    bool copied[LM__MAP_MAX_OPERANDS];  /* output is copied from its register after the steps */
} lm__map_job;

/* Whether the operand has an element for every place of the map, in order. */
bool lm__map_is_dense(const lm__map *map, int operand);

/* Of a map without sums. Inputs and outputs as for lm__map_run; in[made] is not read. False: there is nothing to do
 * (no elements, or the guard is false). */
bool lm__map_begin(lm__map_job *job, const lm__map *map, int made, const void *const *in, void *const *out);

/* Elements [at, at + n) of the flat index; `made`: that part of the operand that the caller makes. `slots`:
 * lm__map_scratch(map) bytes of the thread, which keep what one piece leaves there for the next; `first`: they hold
 * nothing yet. Pieces may be done in any order and at the same time. */
void lm__map_part(const lm__map_job *job, char *slots, size_t at, size_t n, const void *made, bool first);

#endif
