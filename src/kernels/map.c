/* kernels/map.c: runs a chain of row functions over an index space, block by block.
 *
 * The space is cut into chunks (jobs of the team) and those into blocks whose registers stay in the first-level
 * cache. Both cuts depend on the map alone, so the vector bodies and tails of the rows fall on the same elements for
 * any team. */
#include "kernels/map_job.h"
#include "base/team.h"
#include "kernels/map_sums.h"
#include <string.h>

enum {
    CHUNK = 16384,                      /* elements of a job */
    WORTH = 32768,                      /* below so many element steps waking the team costs more than it saves */
    CACHE = 24 << 10,                   /* bytes of the first-level cache for a block of everything */
    LEAST_BLOCK = 256,                  /* shorter ones spend their time on calls */
    SLOTS = LM__MAP_MAX_OPERANDS + LM__MAP_MAX_STEPS,
    REGISTERS = LM__MAP_MAX_OPERANDS + LM__MAP_MAX_STEPS,
    MEMORY = -1,                        /* instead of a slot: in the operand's or the result's own memory */
};

static size_t space(const lm__map *map)
{
    size_t total = 1;
    for (int d = 0; d < map->rank; d++) total *= (size_t)map->dims[d];
    return total;
}

/* Dense: the flat index is the offset. Periodic: dense over the last dimensions, repeated over those before (period
 * 1: one number everywhere). Everything else is gathered. */
static lm__map_layout classify(const lm__map *map, const lm__map_operand *operand, size_t *period)
{
    int64_t expect = 1;
    int d = map->rank - 1;
    for (; d >= 0; d--) {
        if (map->dims[d] == 1) continue;
        if (operand->stride[d] != expect) break;
        expect *= map->dims[d];
    }
    *period = (size_t)expect;
    if (d < 0) return LM__MAP_DENSE;
    for (; d >= 0; d--)
        if (map->dims[d] != 1 && operand->stride[d] != 0) return LM__MAP_STRIDED;
    return LM__MAP_PERIODIC;
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
static int assign_slots(const lm__map *map, const lm__map_layout *layouts, const bool *direct, int *operand_slot,
                        int *step_slot)
{
    int dies[SLOTS], slots = 0;         /* the step that reads a slot's value last */
    lm_dtype type[SLOTS];
    for (int i = 0; i < map->operands; i++) {
        operand_slot[i] = MEMORY;
        if (layouts[i] == LM__MAP_DENSE) continue;
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
static size_t find_layouts(const lm__map *map, lm__map_layout *operand, size_t *period)
{
    size_t longest = 1;
    for (int i = 0; i < map->operands; i++) {
        operand[i] = classify(map, &map->operand[i], &period[i]);
        if (operand[i] == LM__MAP_PERIODIC && period[i] <= LM__MAP_BLOCK && period[i] > longest) longest = period[i];
    }
    return longest;
}

/* Elements of a block: as many as let the slots and the dense operands' blocks stay in the first-level cache, and
 * whole periods. Periods are products of trailing dimensions: the smaller divide the larger. */
static size_t block_size(const lm__map_job *j, int slots, size_t period)
{
    size_t arrays = (size_t)slots, widest = (j->slot_bytes - 64) / LM__MAP_BLOCK;
    for (int i = 0; i < j->map->operands; i++) arrays += j->operand[i] == LM__MAP_DENSE;
    size_t block = CACHE / (arrays * widest + 1) / 64 * 64;
    if (block < LEAST_BLOCK) block = LEAST_BLOCK;
    if (block < period) block = period;
    if (block > LM__MAP_BLOCK) block = LM__MAP_BLOCK;
    return block / period * period;
}

/* Blocks and chunks; `slots` as the caller knows them. */
static void cut(lm__map_job *j, int slots, size_t period)
{
    if (j->width) period = j->width;
    j->block = block_size(j, slots, period);
    j->chunk = CHUNK / j->block * j->block;
    j->chunks = (j->total + j->chunk - 1) / j->chunk;
}

/* What does not depend on where things lie in memory. Of a map with sums that includes the cut: their memory is asked
 * for beforehand. */
static void begin(lm__map_job *j, const lm__map *map)
{
    *j = (lm__map_job){.map = map, .made = -1, .total = space(map), .slot_bytes = slot_bytes(map)};
    size_t period = find_layouts(map, j->operand, j->operand_period);
    j->slots = assign_slots(map, j->operand, NULL, j->operand_slot, j->step_slot);
    j->sums_at = (size_t)j->slots * j->slot_bytes;
    if (map->sums) j->width = lm__map_sums_width(map, period);
    cut(j, j->slots, period);
}

size_t lm__map_scratch(const lm__map *map)
{
    lm__map_job j;
    begin(&j, map);
    return j.sums_at + lm__map_sums_scratch(map, j.width);
}

size_t lm__map_shared(const lm__map *map)
{
    lm__map_job j;
    begin(&j, map);
    return lm__map_sums_shared(map, j.chunks);
}

bool lm__map_is_dense(const lm__map *map, int operand)
{
    size_t period;
    return classify(map, &map->operand[operand], &period) == LM__MAP_DENSE;
}

/* --- one run -------------------------------------------------------------------------------------------------------
 * */

/* Whether step s may write output r at once: not where the output lies over an operand that is read afterwards
 * (in-place updates). */
static bool may_write(const lm__map_job *j, int s, int r)
{
    const lm__map *map = j->map;
    const char *out = (const char *)j->out[r];
    size_t size = lm_dtype_size(map->step[s].dtype);
    for (int i = 0; i < map->operands; i++) {
        if (i == j->made) continue;
        const char *in = (const char *)j->in[i];
        size_t in_size = lm_dtype_size(map->operand[i].dtype);
        size_t span = (j->operand[i] == LM__MAP_PERIODIC ? j->operand_period[i] : j->total) * in_size;
        if (in >= out + j->total * size || out >= in + span) continue;
        if (j->operand[i] != LM__MAP_DENSE || in != out || in_size != size || last_use(map, i, s) > s) return false;
    }
    return true;
}

/* Finds for each output the step that makes it and whether that step writes it directly. */
static void place_results(lm__map_job *j)
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

/* What the slots of a thread hold already of operands that are repeated. */
typedef enum holding { NOTHING, NUMBERS, PERIODS } holding;

/* n elements of a period that is repeated, from element `from` of it on. */
static void repeat(const char *base, size_t period, size_t from, char *to, size_t n, size_t size)
{
    size_t have = period - from < n ? period - from : n, more = n - have < period ? n - have : period;
    memcpy(to, base + from * size, have * size);
    memcpy(to + have * size, base, more * size);
    for (have += more; have < n; have += more) {    /* what is there, once more: whole periods of it */
        size_t whole = have / period * period;
        more = n - have < whole ? n - have : whole;
        memcpy(to + have * size, to + (have - whole) * size, more * size);
    }
}

/* Where operand i's block [at, at + n) is. */
static const void *operand_block(const lm__map_job *j, int i, char *slots, size_t at, size_t n, holding held)
{
    const lm__map_operand *operand = &j->map->operand[i];
    const char *base = (const char *)j->in[i];
    size_t size = lm_dtype_size(operand->dtype), period = j->operand_period[i];
    if (j->operand[i] == LM__MAP_DENSE) return base + at * size;
    char *slot = slots + (size_t)j->operand_slot[i] * j->slot_bytes;
    if (j->operand[i] == LM__MAP_PERIODIC) {
        if (period == 1) {
            if (held == NOTHING) fill(slot, base, j->block, size);
            return slot;
        }
        if (at % period + n <= period) return base + at % period * size;
        if (period > LM__MAP_BLOCK || at % period != 0)
            repeat(base, period, at % period, slot, n, size);
        else if (held != PERIODS) /* blocks of a piece begin at multiples of the period: this serves them all */
            repeat(base, period, 0, slot, j->block, size);
        return slot;
    }
    gather(j->map, operand, base, slot, at, n);
    return slot;
}

/* Results that are operands go first: a result made by a step may be meant to lie over them. */
static void copy_results(const lm__map_job *j, const void *const *reg, size_t at, size_t n, bool operands)
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

static void run_block(const lm__map_job *j, char *slots, size_t at, size_t n, const void *made, holding held,
                      float *total)
{
    const lm__map *map = j->map;
    const void *reg[REGISTERS];
    for (int i = 0; i < map->operands; i++) reg[i] = i == j->made ? made : operand_block(j, i, slots, at, n, held);
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

static void run_piece(const lm__map_job *j, char *slots, size_t at, size_t n, const void *made, holding held,
                      float *total)
{
    size_t end = at + n, size = j->made < 0 ? 0 : lm_dtype_size(j->map->operand[j->made].dtype);
    for (; at < end; at += n, made = (const char *)made + n * size, held = PERIODS) {
        n = end - at < j->block ? end - at : j->block;
        run_block(j, slots, at, n, made, held, total);
    }
}

void lm__map_part(const lm__map_job *j, char *slots, size_t at, size_t n, const void *made, bool first)
{
    run_piece(j, slots, at, n, made, first ? NOTHING : NUMBERS, NULL);
}

static void run_chunk(void *argument, size_t index, int thread)
{
    const lm__map_job *j = (const lm__map_job *)argument;
    char *slots = j->scratch ? j->scratch + (size_t)thread * j->scratch_stride : NULL;
    float *total = j->width ? (float *)(void *)(slots + j->sums_at) : NULL;
    size_t at = index * j->chunk, n = at + j->chunk < j->total ? j->chunk : j->total - at;
    if (j->width) lm__map_sums_begin(j->map, j->width, total);
    run_piece(j, slots, at, n, NULL, NOTHING, total);
    if (j->width) lm__map_sums_end(j->map, j->width, total, index, j->chunks, j->shared);
}

bool lm__map_begin(lm__map_job *j, const lm__map *map, int made, const void *const *in, void *const *out)
{
    if (map->guard >= 0 && !*(const unsigned char *)in[map->guard]) return false;
    begin(j, map);
    if (j->total == 0) return false;
    j->in = in, j->out = out, j->made = made;
    place_results(j);
    return true;
}

void lm__map_run(const lm__map *map, const void *const *in, void *const *out, char *scratch, size_t scratch_stride,
                 void *shared)
{
    lm__map_job j;
    if (!lm__map_begin(&j, map, -1, in, out)) return;
    j.scratch = scratch, j.scratch_stride = scratch_stride, j.shared = shared;
    if (j.total * (size_t)(map->steps + 1) >= WORTH) {
        lm__parallel(j.chunks, run_chunk, &j);
    } else {
        for (size_t c = 0; c < j.chunks; c++) run_chunk(&j, c, 0);
    }
    if (map->sums) lm__map_sums_join(map, j.chunks, j.shared, out + map->results);
}
