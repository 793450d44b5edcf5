/* nn/config_find.c: classes by name. */
#include "nn/config.h"

#include <stdio.h>
#include <string.h>

/* Whatever the locale. */
static int is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static int is_lower(char c) { return c >= 'a' && c <= 'z'; }
static char to_lower(char c) { return is_upper(c) ? (char)(c - 'A' + 'a') : c; }

int lm__listed(const char *list, const char *word)
{
    size_t length = strlen(word);
    for (const char *at = list; at && *at;) {
        size_t n = strcspn(at, "|");
        if (n == length && !memcmp(at, word, n)) return 1;
        at = at[n] ? at + n + 1 : NULL;
    }
    return 0;
}

void lm__snake_case(const char *name, char *out, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; name[i] && n + 2 < bytes; i++) {
        char c = name[i], next = name[i + 1];
        int word = i > 0 && is_upper(c) && (is_lower(next) || is_lower(name[i - 1]));
        if (word) out[n++] = '_';
        out[n++] = to_lower(c);
    }
    out[n] = 0;
}

/* "RMSprop" -> "rmsprop", how Keras names optimizers. */
static void lower_case(const char *name, char *out, size_t bytes)
{
    size_t n = 0;
    for (; name[n] && n + 1 < bytes; n++) out[n] = to_lower(name[n]);
    out[n] = 0;
}

static int is_called(const lm__class *class, const char *name)
{
    char snake[64], lower[64];
    lm__snake_case(class->name, snake, sizeof snake);
    lower_case(class->name, lower, sizeof lower);
    return !strcmp(class->name, name) || !strcmp(snake, name) || !strcmp(lower, name) ||
           lm__listed(class->aliases, name);
}

void lm__class_usual_name(const lm__class *class, char *out, size_t bytes)
{
    if (!strcmp(class->module, "keras.layers")) snprintf(out, bytes, "%s", class->name);
    else if (!strcmp(class->module, "keras.optimizers")) lower_case(class->name, out, bytes);
    else lm__snake_case(class->name, out, bytes);
}

/* Names that might have been meant; those that do not fit in are left out. */
typedef struct candidates {
    const char *name[513];
    char text[16384];
    int n;
    size_t used;
} candidates;

static void add(candidates *c, const char *name, size_t length)
{
    if (c->n == 512 || c->used + length + 1 > sizeof c->text) return;
    char *copy = c->text + c->used;
    memcpy(copy, name, length);
    copy[length] = 0;
    c->used += length + 1;
    c->name[c->n++] = copy;
    c->name[c->n] = NULL;
}

static void add_class(candidates *c, const lm__class *class, int capital)
{
    char other[64];
    if (capital) {
        add(c, class->name, strlen(class->name));
        return;
    }
    int optimizer = !strcmp(class->module, "keras.optimizers");
    (optimizer ? lower_case : lm__snake_case)(class->name, other, sizeof other);
    add(c, other, strlen(other));
    for (const char *at = class->aliases; at && *at;) {
        size_t n = strcspn(at, "|");
        add(c, at, n);
        at = at[n] ? at + n + 1 : NULL;
    }
}

/* Answers in the way of writing that was asked in. */
static void unknown(const lm__class *const *list, const char *name, const char *what)
{
    candidates c = {.n = 0};
    int capital = is_upper(name[0]);
    for (const lm__class *const *class = list; *class; class++) add_class(&c, *class, capital);
    const char *near = lm__nearest(name, c.name);
    if (near) {
        lm__fail(LM_NOT_FOUND, "unknown %s \"%.80s\" (did you mean \"%s\"?)", what, name, near);
        return;
    }
    char all[640] = "";
    size_t used = 0;
    for (const lm__class *const *class = list; *class && used + 64 < sizeof all; class++)
        used += (size_t)snprintf(all + used, sizeof all - used, "%s%s", used ? ", " : "", (*class)->name);
    lm__fail(LM_NOT_FOUND, "unknown %s \"%.80s\"; there are %s", what, name, all);
}

const lm__class *lm__class_find(const lm__class *const *list, const char *name, const char *what)
{
    for (const lm__class *const *class = list; *class; class++)
        if (is_called(*class, name)) return *class;
    unknown(list, name, what);
    return NULL;
}
