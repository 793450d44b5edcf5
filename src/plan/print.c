/* plan/print.c: listings of plans, for people. */
#include "ops/matmul_map.h"
#include "plan/control.h"
#include "plan/internal.h"
#include "tensor/tensor.h"
#include <stdio.h>
#include <string.h>

const char *lm__step_op(const lm__step *s)
{
    if (s->kernel == &lm__copy_kernel) return "copy";
    if (strcmp(s->node->op->name, "map") != 0) return s->node->op->name;
    const lm__map *map = (const lm__map *)s->node->attr;
    return map->steps == 1 ? map->step[0].op : "map";
}

enum { WIDTH = 100, INDENT = 8 };

/* A listing being written: one step's lines, none wider than WIDTH where words are not. */
typedef struct listing {
    lm__text *text;
    size_t line;            /* where its last line begins */
} listing;

static void put_word(listing *l, const char *word)
{
    if (l->text->size - l->line + 1 + strlen(word) > WIDTH) {
        lm__text_printf(l->text, "\n");
        l->line = l->text->size;
        lm__text_printf(l->text, "%*s", INDENT, "");
    }
    lm__text_printf(l->text, " %s", word);
}

/* "arena+1024", "input 0", "variable dense/kernel". */
static void place_text(const lm__plan *p, int b, char *text, size_t bytes)
{
    const lm__buffer *buffer = &p->buffers[lm__plan_root(p, b)];
    switch (buffer->space) {
    case LM__SPACE_ARENA: snprintf(text, bytes, "arena+%zu", buffer->offset); break;
    case LM__SPACE_INPUT: snprintf(text, bytes, "input %d", buffer->index); break;
    case LM__SPACE_OUTPUT: snprintf(text, bytes, "output %d", buffer->index); break;
    case LM__SPACE_VARIABLE: snprintf(text, bytes, "variable %s", p->variables[buffer->index]->name); break;
    case LM__SPACE_CONSTANT: snprintf(text, bytes, "constant"); break;
    case LM__SPACE_KEPT: snprintf(text, bytes, "kept+%zu", buffer->offset); break;
    }
}

/* "float32(32, 10)@arena+1024" */
static void put_operand(listing *l, const lm__plan *p, const lm__desc *d, int buffer)
{
    char shape[160], place[300] = "", word[512];
    place_text(p, buffer, place, sizeof place);
    lm__shape_text(d->rank, d->dims, shape, sizeof shape);
    snprintf(word, sizeof word, "%s%s@%s", lm_dtype_name(d->dtype), shape, place);
    put_word(l, word);
}

static void put_map(listing *l, const lm__map *map)
{
    char word[80];
    for (int i = 0; i < map->steps; i++) {
        snprintf(word, sizeof word, "%s%s%s", i ? "" : "{", map->step[i].op, i + 1 < map->steps ? "" : "}");
        put_word(l, word);
    }
    if (map->sums) {
        snprintf(word, sizeof word, "%d %s", map->sums, map->sums == 1 ? "sum" : "sums");
        put_word(l, word);
    }
    if (map->guard >= 0) put_word(l, "guarded");
}

static void print_step(const lm__plan *p, int i, lm__text *text)
{
    const lm__step *s = &p->steps[i];
    listing l = {text, text->size};
    char scope[300];
    int first;
    lm__text_printf(text, "%4d  %-18s %-7s", i, lm__step_op(s), s->kernel->name);
    for (int k = 0; k < s->problem.nin; k++) put_operand(&l, p, &s->problem.in[k], s->in[k]);
    put_word(&l, " ->");
    for (int k = 0; k < s->problem.nout; k++)
        if (s->out[k] >= 0) put_operand(&l, p, &s->problem.out[k], s->out[k]);
    const lm__map *map = s->kernel == &lm__copy_kernel ? NULL : lm__map_of(s->node->op, s->node->attr, &first);
    if (map) put_map(&l, map);
    snprintf(scope, sizeof scope, " [%s]", s->node->scope ? s->node->scope : "");
    if (s->node->scope && *s->node->scope) put_word(&l, scope);
    lm__text_printf(text, "\n");
}

static void print_memory(const lm__plan *p, lm__text *text)
{
    lm__text_printf(text, "memory:       bytes      offset   first   last\n");
    for (int i = 0; i < p->nbuffers; i++) {
        const lm__buffer *b = &p->buffers[i];
        if (b->space != LM__SPACE_ARENA || b->same >= 0) continue;
        lm__text_printf(text, "%19zu %11zu %7d %6d  %s%s%s\n", b->bytes, b->offset, b->first, b->last,
                        b->node ? b->node->op->name : "", b->node && *b->what ? ", " : "", b->what);
    }
    for (int i = 0; i < p->npacks; i++)
        lm__text_printf(text, "%19zu %11zu  packed input %d of step %d\n", p->packs[i].bytes, p->packs[i].offset,
                        p->packs[i].input, p->packs[i].step);
}

char *lm__plan_step_text(const lm__plan *plan, int i, char *text, size_t bytes)
{
    const lm__step *s = &plan->steps[i];
    const char *scope = s->node->scope ? s->node->scope : "";
    snprintf(text, bytes, "%s (%s)%s%s%s", lm__step_op(s), s->kernel->name, *scope ? " [" : "", scope,
             *scope ? "]" : "");
    return text;
}

void lm__plan_print(const lm__plan *plan, bool memory, lm__text *text)
{
    lm__text_printf(text, "plan: %d steps, %d threads, %s\n", plan->nsteps, plan->threads, lm__isa_name(plan->isa));
    for (int i = 0; i < plan->nsteps; i++) print_step(plan, i, text);
    if (memory) print_memory(plan, text);
    for (int i = 0; i < plan->nsteps; i++) {
        const lm__plan *bodies[2];
        int n = lm__control_bodies(&plan->steps[i], bodies);
        for (int b = 0; b < n; b++) {
            lm__text_printf(text, "body %d of step %d: ", b, i);
            lm__plan_print(bodies[b], memory, text);
        }
    }
    lm__text_printf(text, "total: %zu bytes (arena %zu, packed weights %zu, constants %zu, bodies' %zu)\n",
                    lm__plan_bytes(plan), plan->arena_bytes, plan->packed_bytes, plan->constant_bytes,
                    plan->child_bytes);
}
