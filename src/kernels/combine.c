/* kernels/combine.c: puts one row in the place of several steps of a map, where the level has one. */
#include "kernels/map.h"
#include "kernels/simd/level.h"
#include <string.h>

typedef struct match {
    const lm__map *map;
    lm__isa isa;
    int argument[LM__MAP_MAX_ARGS];     /* register that argument i of the pattern is; -1: not met yet */
    int inside[LM__MAP_MAX_STEPS], n;   /* the steps that the pattern covers, the root first */
} match;

static int maker(const lm__map *map, int reg)
{
    for (int s = map->steps - 1; s >= 0; s--)
        if (map->step[s].out == reg) return s;
    return -1;
}

static int uses(const lm__map *map, int reg)
{
    int n = 0;
    for (int s = 0; s < map->steps; s++)
        for (int i = 0; i < map->step[s].nin; i++) n += map->step[s].in[i] == reg;
    for (int r = 0; r < map->results; r++) n += map->result[r] == reg;
    for (int r = 0; r < map->sums; r++) n += map->sum[r] == reg;
    return n;
}

static bool is_number(const lm__map *map, int reg)
{
    if (reg >= map->operands || map->operand[reg].dtype != LM_F32) return false;
    for (int d = 0; d < map->rank; d++)
        if (map->dims[d] != 1 && map->operand[reg].stride[d] != 0) return false;
    return true;
}

static bool is_of(const lm__map *map, int reg, lm_dtype dtype)
{
    int s = maker(map, reg);
    return (s >= 0 ? map->step[s].dtype : map->operand[reg].dtype) == dtype;
}

static const char *look(match *m, const char *pattern, int reg);

/* The step's arguments, in their order or exchanged. */
static const char *look_at_arguments(match *m, const char *pattern, const lm__map_step *step, bool exchanged)
{
    for (int i = 0; i < step->nin; i++) {
        pattern = look(m, pattern, step->in[exchanged ? 1 - i : i]);
        if (!pattern || *pattern != (i + 1 < step->nin ? ',' : ')')) return NULL;
        pattern++;
    }
    return pattern;
}

/* Whether the register is what the pattern says: what follows in the pattern, or NULL. */
static const char *look(match *m, const char *pattern, int reg)
{
    bool number = *pattern == '$', truth = *pattern == '#';
    if (number || truth) pattern++;
    if (*pattern >= '0' && *pattern <= '9') {
        int *argument = &m->argument[*pattern - '0'];
        if (number ? !is_number(m->map, reg) : !is_of(m->map, reg, truth ? LM_BOOL : LM_F32)) return NULL;
        if (*argument >= 0 && *argument != reg) return NULL;
        *argument = reg;
        return pattern + 1;
    }
    size_t length = strcspn(pattern, "(");
    int s = maker(m->map, reg);
    if (s < 0) return NULL;
    const lm__map_step *step = &m->map->step[s];
    if (strncmp(step->op, pattern, length) != 0 || step->op[length] != '\0') return NULL;
    if (m->n > 0 && uses(m->map, reg) != 1) return NULL;
    if (step->row != lm__simd_row(step->op, LM_F32, step->dtype, m->isa)) return NULL;
    m->inside[m->n++] = s;
    const match before = *m;
    const char *rest = look_at_arguments(m, pattern + length + 1, step, false);
    if (rest || step->nin != 2 || (strcmp(step->op, "add") != 0 && strcmp(step->op, "multiply") != 0)) return rest;
    *m = before;
    return look_at_arguments(m, pattern + length + 1, step, true);
}

static void take_out(lm__map *map, const match *m)
{
    bool gone[LM__MAP_MAX_STEPS] = {false};
    int n = 0;
    for (int i = 1; i < m->n; i++) gone[m->inside[i]] = true;
    for (int s = 0; s < map->steps; s++)
        if (!gone[s]) map->step[n++] = map->step[s];
    map->steps = n;
}

/* Puts the first chain that ends in step s into its place; whether there was one. */
static bool combine_at(lm__map *map, int s, const lm__simd_chain *chains, lm__isa isa)
{
    for (const lm__simd_chain *chain = chains; chain->pattern; chain++) {
        match m = {.map = map, .isa = isa};
        for (int i = 0; i < LM__MAP_MAX_ARGS; i++) m.argument[i] = -1;
        const char *rest = look(&m, chain->pattern, map->step[s].out);
        if (!rest || *rest || m.inside[0] != s) continue;
        lm__map_step *step = &map->step[s];
        step->row = chain->row;
        step->op = chain->pattern;
        step->nin = chain->arguments;
        for (int i = 0; i < chain->arguments; i++) step->in[i] = m.argument[i];
        take_out(map, &m);
        return true;
    }
    return false;
}

void lm__map_combine(lm__map *map, lm__isa isa)
{
    const lm__simd_chain *chains = lm__simd_at(isa)->chains;
    for (int s = map->steps - 1; s >= 0; s--) {
        int before = map->steps;
        if (combine_at(map, s, chains, isa)) s -= before - map->steps;
    }
}
