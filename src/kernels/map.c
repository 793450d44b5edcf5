/* kernels/map.c: runs a chain of row functions over an index space, block by block.
 *
 * The space is cut into chunks (jobs of the team) and those into blocks whose registers stay in the first-level
 * cache. Both cuts depend on the map alone, so the vector bodies and tails of the rows fall on the same elements for
 * any team. */
#include "base/team.h"
#include "kernels/map_sums.h"
#include <string.h>

enum {
    CHUNK = 16384,                      /* elements of a job */
    WORTH = 32768,                      /* below so many element steps waking the team costs more than it saves */
    CACHE = 24 << 10,                   /* bytes of the first-level cache for a block of everything */
    LEAST_BLOCK = 256,                  /* shorter ones spend their time on calls */
    PREFETCH = 1 << 16,                 /* elements from which the next block is asked for: smaller maps are cached */
    SLOTS = LM__MAP_MAX_OPERANDS + LM__MAP_MAX_STEPS,
    REGISTERS = LM__MAP_MAX_OPERANDS + LM__MAP_MAX_STEPS,
    MEMORY = -1,                        /* instead of a slot: in the operand's or the result's own memory */
};

/* How an operand's elements lie along the flat index. */
typedef enum layout { DENSE, PERIODIC, STRIDED } layout;

/* What one run decides before its first block. */
typedef struct job {
    const lm__map *map;
    const void *const *in;
    void *const *out;
    char *scratch;
    size_t scratch_stride, slot_bytes;
    size_t total, block, chunk, chunks;
    int slots;
    size_t sums_at, width;              /* of sums: where in the scratch, and elements of a row of them; 0: no sums */
    float *shared;
    layout operand[LM__MAP_MAX_OPERANDS];
    size_t period[LM__MAP_MAX_OPERANDS];
    int operand_slot[LM__MAP_MAX_OPERANDS];
    int step_slot[LM__MAP_MAX_STEPS];   /* where the step's result goes, or MEMORY */
    int step_result[LM__MAP_MAX_STEPS]; /* the output it is written to directly, if MEMORY */
    bool copied[LM__MAP_MAX_OPERANDS];  /* output is copied from its register after the steps */
} job;

static size_t space(const lm__map *map)
{
    size_t total = 1;
    for (int d = 0; d < map->rank; d++) total *= (size_t)map->dims[d];
    return total;
}

/* Dense: the flat index is the offset. Periodic: dense over the last dimensions, repeated over those before (period
 * 1: one number everywhere). Everything else is gathered. */
static layout classify(const lm__map *map, const lm__map_operand *operand, size_t *period)
{
    int64_t expect = 1;
    int d = map->rank - 1;
    for (; d >= 0; d--) {
        if (map->dims[d] == 1) continue;
        if (operand->stride[d] != expect) break;
        expect *= map->dims[d];
    }
    *period = (size_t)expect;
    if (d < 0) return DENSE;
    for (; d >= 0; d--)
        if (map->dims[d] != 1 && operand->stride[d] != 0) return STRIDED;
    return PERIODIC;
}

/* The last step that reads each register's present value matters for reusing its slot: `steps` if a result is taken
 * from it at the end. */
static int last_use(const lm__map *map, int reg, int from)
{
    int last = from;
    for (int s = from + 1; s < map->steps; s++) {
        const lm__map_step *step = &map->step[s];
        for (int i = 0; i < step->nin; i++)
            if (step->in[i] == reg) last = s;
        if (step->out == reg) return last;
    }
    for (int r = 0; r < map->results; r++)
        if (map->result[r] == reg) return map->steps;
    for (int r = 0; r < map->sums; r++)
        if (map->sum[r] == reg) return map->steps;
    return last;
}

/* Gives every operand that is not dense and every step a slot of one block, reusing those whose value is dead; steps
 * with direct[s] need none. Returns how many slots there are. */
static int assign_slots(const lm__map *map, const layout *layouts, const bool *direct, int *operand_slot,
                        int *step_slot)
{
    int dies[SLOTS], slots = 0;         /* the step that reads a slot's value last */
    lm_dtype type[SLOTS];
    for (int i = 0; i < map->operands; i++) {
        operand_slot[i] = MEMORY;
        if (layouts[i] == DENSE) continue;
        dies[slots] = map->steps + 1;   /* expanded operands stay for all blocks of a chunk */
        operand_slot[i] = slots++;
    }
    for (int s = 0; s < map->steps; s++) {
        step_slot[s] = MEMORY;
        if (direct && direct[s]) continue;
        /* A row may write over its input, but only where their elements have one size. */
        size_t size = lm_dtype_size(map->step[s].dtype);
        int slot = 0;
        while (slot < slots && (dies[slot] > s || (dies[slot] == s && lm_dtype_size(type[slot]) != size))) slot++;
        if (slot == slots) slots++;
        step_slot[s] = slot;
        type[slot] = map->step[s].dtype;
        dies[slot] = last_use(map, map->step[s].out, s);
    }
    return slots;
}

/* Bytes of one slot: a block of the widest type, with a cache line between slots against 4K aliasing. */
static size_t slot_bytes(const lm__map *map)
{
    size_t widest = 1;
    for (int i = 0; i < map->operands; i++)
        if (lm_dtype_size(map->operand[i].dtype) > widest) widest = lm_dtype_size(map->operand[i].dtype);
    for (int s = 0; s < map->steps; s++)
        if (lm_dtype_size(map->step[s].dtype) > widest) widest = lm_dtype_size(map->step[s].dtype);
    return widest * LM__MAP_BLOCK + 64;
}

/* How the operands lie; returns the longest period that an expansion serves. */
static size_t find_layouts(const lm__map *map, layout *operand, size_t *period)
{
    size_t longest = 1;
    for (int i = 0; i < map->operands; i++) {
        operand[i] = classify(map, &map->operand[i], &period[i]);
        if (operand[i] == PERIODIC && period[i] <= LM__MAP_BLOCK && period[i] > longest) longest = period[i];
    }
    return longest;
}

/* Elements of a block: as many as let the slots and the dense operands' blocks stay in the first-level cache, and
 * whole periods. Periods are products of trailing dimensions: the smaller divide the larger. */
static size_t block_size(const job *j, int slots, size_t period)
{
    size_t arrays = (size_t)slots, widest = (j->slot_bytes - 64) / LM__MAP_BLOCK;
    for (int i = 0; i < j->map->operands; i++) arrays += j->operand[i] == DENSE;
    size_t block = CACHE / (arrays * widest + 1) / 64 * 64;
    if (block < LEAST_BLOCK) block = LEAST_BLOCK;
    if (block < period) block = period;
    if (block > LM__MAP_BLOCK) block = LM__MAP_BLOCK;
    return block / period * period;
}

/* Blocks and chunks; `slots` as the caller knows them. */
static void cut(job *j, int slots, size_t period)
{
    if (j->width) period = j->width;
    j->block = block_size(j, slots, period);
    j->chunk = CHUNK / j->block * j->block;
    j->chunks = (j->total + j->chunk - 1) / j->chunk;
}

/* What does not depend on where things lie in memory. Of a map with sums that includes the cut: their memory is asked
 * for beforehand. */
static void begin(job *j, const lm__map *map)
{
    *j = (job){.map = map, .total = space(map), .slot_bytes = slot_bytes(map)};
    size_t period = find_layouts(map, j->operand, j->period);
    j->slots = assign_slots(map, j->operand, NULL, j->operand_slot, j->step_slot);
    j->sums_at = (size_t)j->slots * j->slot_bytes;
    if (map->sums) j->width = lm__map_sums_width(map, period);
    cut(j, j->slots, period);
}

size_t lm__map_scratch(const lm__map *map)
{
    job j;
    begin(&j, map);
    return j.sums_at + lm__map_sums_scratch(map, j.width);
}

size_t lm__map_shared(const lm__map *map)
{
    job j;
    begin(&j, map);
    return lm__map_sums_shared(map, j.chunks);
}

/* --- one run -------------------------------------------------------------------------------------------------------
 * */

/* Whether step s may write output r at once: not where the output lies over an operand that is read afterwards
 * (in-place updates). */
static bool may_write(const job *j, int s, int r)
{
    const lm__map *map = j->map;
    const char *out = (const char *)j->out[r];
    size_t size = lm_dtype_size(map->step[s].dtype);
    for (int i = 0; i < map->operands; i++) {
        const char *in = (const char *)j->in[i];
        size_t in_size = lm_dtype_size(map->operand[i].dtype);
        size_t span = (j->operand[i] == PERIODIC ? j->period[i] : j->total) * in_size;
        if (in >= out + j->total * size || out >= in + span) continue;
        if (j->operand[i] != DENSE || in != out || in_size != size || last_use(map, i, s) > s) return false;
    }
    return true;
}

/* Finds for each output the step that makes it and whether that step writes it directly. */
static void place_results(job *j)
{
    const lm__map *map = j->map;
    bool direct[LM__MAP_MAX_STEPS] = {false};
    for (int r = 0; r < map->results; r++) {
        j->copied[r] = true;
        if (!j->out[r]) continue;
        int s = map->steps - 1;
        while (s >= 0 && map->step[s].out != map->result[r]) s--;
        if (s < 0 || direct[s] || !may_write(j, s, r)) continue;
        direct[s] = true;
        j->step_result[s] = r;
        j->copied[r] = false;
    }
    j->slots = assign_slots(map, j->operand, direct, j->operand_slot, j->step_slot);
}

static void fill(char *to, const char *value, size_t n, size_t size)
{
    switch (size) {
    case 1: memset(to, *(const unsigned char *)value, n); return;
    case 2: for (size_t i = 0; i < n; i++) memcpy(to + i * 2, value, 2); return;
    case 4: {
        uint32_t v;
        memcpy(&v, value, 4);
        for (size_t i = 0; i < n; i++) ((uint32_t *)to)[i] = v;
        return;
    }
    default: {
        uint64_t v;
        memcpy(&v, value, 8);
        for (size_t i = 0; i < n; i++) ((uint64_t *)to)[i] = v;
    }
    }
}

static void copy_strided(char *to, const char *from, int64_t stride, size_t n, size_t size)
{
    if (stride == 1) {
        memcpy(to, from, n * size);
    } else if (stride == 0) {
        fill(to, from, n, size);
    } else if (size == 4) {
        const uint32_t *x = (const uint32_t *)from;
        for (size_t i = 0; i < n; i++) ((uint32_t *)to)[i] = x[(int64_t)i * stride];
    } else {
        for (size_t i = 0; i < n; i++) memcpy(to + i * size, from + (int64_t)i * stride * (int64_t)size, size);
    }
}

/* Elements [at, at + n) of an operand, along the flat index, into `to`. */
static void gather(const lm__map *map, const lm__map_operand *operand, const char *base, char *to, size_t at,
                   size_t n)
{
    int64_t index[LM_MAX_RANK], offset = 0;
    size_t size = lm_dtype_size(operand->dtype), rest = at;
    int last = map->rank - 1;
    for (int d = last; d >= 0; d--) {
        index[d] = (int64_t)(rest % (size_t)map->dims[d]);
        rest /= (size_t)map->dims[d];
        offset += index[d] * operand->stride[d];
    }
    while (n > 0) {
        size_t run = (size_t)(map->dims[last] - index[last]);
        if (run > n) run = n;
        copy_strided(to, base + offset * (int64_t)size, operand->stride[last], run, size);
        to += run * size;
        n -= run;
        offset -= index[last] * operand->stride[last];
        index[last] = 0;
        for (int d = last - 1; d >= 0; d--) {
            offset += operand->stride[d];
            if (++index[d] < map->dims[d]) break;
            offset -= index[d] * operand->stride[d];
            index[d] = 0;
        }
    }
}

/* Where operand i's block [at, at + n) is; `fresh`: the first block of a chunk. */
static const void *operand_block(const job *j, int i, char *slots, size_t at, size_t n, bool fresh)
{
    const lm__map_operand *operand = &j->map->operand[i];
    const char *base = (const char *)j->in[i];
    size_t size = lm_dtype_size(operand->dtype), period = j->period[i];
    if (j->operand[i] == DENSE) return base + at * size;
    char *slot = slots + (size_t)j->operand_slot[i] * j->slot_bytes;
    if (j->operand[i] == PERIODIC) {
        if (at % period + n <= period) return base + at % period * size;
        if (period <= LM__MAP_BLOCK) {  /* blocks begin at a multiple of the period: the expansion serves them all */
            if (!fresh) return slot;
            n = j->block;
            if (period == 1) {
                fill(slot, base, n, size);
                return slot;
            }
            for (size_t k = 0; k < n; k += period) memcpy(slot + k * size, base, period * size);
            return slot;
        }
    }
    gather(j->map, operand, base, slot, at, n);
    return slot;
}

/* Results that are operands go first: a result made by a step may be meant to lie over them. */
static void copy_results(const job *j, const void *const *reg, size_t at, size_t n, bool operands)
{
    const lm__map *map = j->map;
    for (int r = 0; r < map->results; r++) {
        if (!j->copied[r] || !j->out[r]) continue;
        int from = map->result[r], s = map->steps - 1;
        while (s >= 0 && map->step[s].out != from) s--;
        if ((s < 0) != operands) continue;
        size_t size = lm_dtype_size(s >= 0 ? map->step[s].dtype : map->operand[from].dtype);
        memmove((char *)j->out[r] + at * size, reg[from], n * size);
    }
}

/* Asks for the next block of the dense operands: a block is about a page, where the processor's own prefetching ends.
 * (Adam's update of 692,224 weights: 20 % less time.) */
static void prefetch(const job *j, size_t at, size_t n)
{
    for (int i = 0; i < j->map->operands; i++) {
        if (j->operand[i] != DENSE) continue;
        size_t size = lm_dtype_size(j->map->operand[i].dtype);
        const char *next = (const char *)j->in[i] + at * size;
        for (size_t k = 0; k < n * size; k += 64) __builtin_prefetch(next + k, 0, 2);
    }
}

static void run_block(const job *j, char *slots, size_t at, size_t n, bool fresh, float *total)
{
    const lm__map *map = j->map;
    const void *reg[REGISTERS];
    for (int i = 0; i < map->operands; i++) reg[i] = operand_block(j, i, slots, at, n, fresh);
    for (int s = 0; s < map->steps; s++) {
        const lm__map_step *step = &map->step[s];
        const void *in[LM__MAP_MAX_ARGS];
        for (int i = 0; i < step->nin; i++) in[i] = reg[step->in[i]];
        char *out = j->step_slot[s] == MEMORY
                        ? (char *)j->out[j->step_result[s]] + at * lm_dtype_size(step->dtype)
                        : slots + (size_t)j->step_slot[s] * j->slot_bytes;
        step->row(n, in, out, step->imm);
        reg[step->out] = out;
    }
    if (j->width) lm__map_sums_add(map, j->width, reg, n, total);
    copy_results(j, reg, at, n, true);
    copy_results(j, reg, at, n, false);
}

static void run_chunk(void *argument, size_t index, int thread)
{
    const job *j = (const job *)argument;
    char *slots = j->scratch ? j->scratch + (size_t)thread * j->scratch_stride : NULL;
    float *total = j->width ? (float *)(void *)(slots + j->sums_at) : NULL;
    size_t at = index * j->chunk, end = at + j->chunk < j->total ? at + j->chunk : j->total;
    if (j->width) lm__map_sums_begin(j->map, j->width, total);
    for (bool fresh = true; at < end; at += j->block, fresh = false) {
        size_t n = end - at < j->block ? end - at : j->block, next = at + n;
        if (j->total >= PREFETCH && next < j->total) prefetch(j, next, j->total - next < n ? j->total - next : n);
        run_block(j, slots, at, n, fresh, total);
    }
    if (j->width) lm__map_sums_end(j->map, j->width, total, index, j->chunks, j->shared);
}

void lm__map_run(const lm__map *map, const void *const *in, void *const *out, char *scratch, size_t scratch_stride,
                 void *shared)
{
    if (map->guard >= 0 && !*(const unsigned char *)in[map->guard]) return;
    job j;
    begin(&j, map);
    if (j.total == 0) return;
    j.in = in, j.out = out, j.scratch = scratch, j.scratch_stride = scratch_stride, j.shared = shared;
    place_results(&j);
    if (j.total * (size_t)(map->steps + 1) >= WORTH) {
        lm__parallel(j.chunks, run_chunk, &j);
    } else {
        for (size_t c = 0; c < j.chunks; c++) run_chunk(&j, c, 0);
    }
    if (map->sums) lm__map_sums_join(map, j.chunks, j.shared, out + map->results);
}
