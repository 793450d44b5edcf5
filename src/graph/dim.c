/* graph/dim.c: the table of dimensions: symbols, arithmetic, decisions, text. */
#include "graph/dim.h"
#include "base/alloc.h"
#include "graph/poly.h"
#include <stdio.h>
#include <string.h>

lm__dims *lm__dims_new(void)
{
    lm__dims *t = lm__calloc(1, sizeof *t);
    if (!t) return NULL;
    atomic_init(&t->references, 1);
    t->arena = lm__arena_new();
    if (t->arena) return t;
    lm__free(t);
    return NULL;
}

lm__dims *lm__dims_retain(lm__dims *t)
{
    if (t) atomic_fetch_add(&t->references, 1);
    return t;
}

void lm__dims_free(lm__dims *t)
{
    if (!t || atomic_fetch_sub(&t->references, 1) != 1) return;
    lm__arena_free(t->arena);
    lm__free(t->atoms);
    lm__free(t->exprs);
    lm__free(t);
}

lm__dims *lm__dims_copy(const lm__dims *from)
{
    lm__dims *t = lm__dims_new();
    if (!t) return NULL;
    for (int i = 0; i < from->natoms; i++) {
        if (lm__grow(&t->atoms, (size_t)i, &t->atoms_capacity, sizeof *t->atoms) != 0) goto failed;
        t->atoms[i] = from->atoms[i];
        if (from->atoms[i].name && !(t->atoms[i].name = lm__arena_strdup(t->arena, from->atoms[i].name))) goto failed;
        t->natoms++;
    }
    t->nsymbols = from->nsymbols;
    for (int i = 0; i < from->nexprs; i++) {
        const lm__expr *e = &from->exprs[i];
        if (lm__grow(&t->exprs, (size_t)i, &t->exprs_capacity, sizeof *t->exprs) != 0) goto failed;
        t->exprs[i] = *e;
        t->exprs[i].term = lm__arena_copy(t->arena, e->term, (size_t)e->n * sizeof *e->term);
        if (!t->exprs[i].term) goto failed;
        t->nexprs++;
    }
    return t;
failed:
    lm__dims_free(t);
    return NULL;
}

int lm__dims_failed(lm__dims *t)
{
    bool failed = t->exhausted;
    t->exhausted = false;
    return failed;
}

static lm__dim out_of_memory(lm__dims *t)
{
    t->exhausted = true;
    return LM__DIM_BAD;
}

lm__dim lm__dim_symbol(lm__dims *t, const char *name)
{
    lm__poly p;
    for (int i = 0; i < t->natoms; i++) {
        if (!t->atoms[i].name || strcmp(t->atoms[i].name, name) != 0) continue;
        lm__poly_atom(&p, i);
        return lm__poly_intern(t, &p);
    }
    if (t->natoms > UINT16_MAX) return LM__DIM_BAD;
    if (lm__grow(&t->atoms, (size_t)t->natoms, &t->atoms_capacity, sizeof *t->atoms) != 0) return out_of_memory(t);
    const char *copy = lm__arena_strdup(t->arena, name);
    if (!copy) return out_of_memory(t);
    t->atoms[t->natoms] = (lm__atom){.name = copy, .symbol = t->nsymbols};
    lm__poly_atom(&p, t->natoms);
    lm__dim d = lm__poly_intern(t, &p);
    if (d == LM__DIM_BAD) return d;
    t->natoms++;
    t->nsymbols++;
    return d;
}

lm__dim lm__dim_add(lm__dims *t, lm__dim a, lm__dim b)
{
    int64_t sum;
    lm__poly p, q;
    if (a >= 0 && b >= 0) return __builtin_add_overflow(a, b, &sum) ? LM__DIM_BAD : sum;
    lm__poly_of(t, a, &p);
    lm__poly_of(t, b, &q);
    lm__poly_add(&p, &q, 1);
    return lm__poly_intern(t, &p);
}

lm__dim lm__dim_sub(lm__dims *t, lm__dim a, lm__dim b)
{
    lm__poly p, q;
    if (a >= 0 && b >= 0) return a >= b ? a - b : LM__DIM_BAD;
    lm__poly_of(t, a, &p);
    lm__poly_of(t, b, &q);
    lm__poly_add(&p, &q, -1);
    return lm__poly_intern(t, &p);
}

lm__dim lm__dim_mul(lm__dims *t, lm__dim a, lm__dim b)
{
    int64_t product;
    lm__poly p, q, r;
    if (a >= 0 && b >= 0) return __builtin_mul_overflow(a, b, &product) ? LM__DIM_BAD : product;
    lm__poly_of(t, a, &p);
    lm__poly_of(t, b, &q);
    lm__poly_mul(&p, &q, &r);
    return lm__poly_intern(t, &r);
}

lm__dim lm__dim_div(lm__dims *t, lm__dim a, lm__dim b)
{
    lm__poly p, q, r;
    if (a >= 0 && b >= 0) return b ? a / b : LM__DIM_BAD;
    lm__poly_of(t, a, &p);
    lm__poly_of(t, b, &q);
    lm__poly_div(t, &p, &q, &r);
    return lm__poly_intern(t, &r);
}

int lm__dim_equal(lm__dims *t, lm__dim a, lm__dim b)
{
    lm__poly p, q;
    if (a >= 0 && b >= 0) return a == b;
    if (a == LM__DIM_BAD || b == LM__DIM_BAD) return -1;
    if (a == b) return 1;
    lm__poly_of(t, a, &p);
    lm__poly_of(t, b, &q);
    lm__poly_add(&p, &q, -1);
    if (p.bad || p.n == 0 || p.term[p.n - 1].degree > 0) return -1;
    /* Symbols are >= 0: terms of one sign with a constant of that sign never add up to 0. */
    for (int i = 0; i < p.n; i++) {
        if ((p.term[i].k < 0) != (p.term[0].k < 0)) return -1;
        for (int j = 0; j < p.term[i].degree; j++)
            if (!t->atoms[p.term[i].atom[j]].name) return -1;
    }
    return 0;
}

int lm__dim_divides(lm__dims *t, lm__dim a, lm__dim b)
{
    lm__poly p, q, r;
    int uneven = 0;
    if (a == LM__DIM_BAD || b == LM__DIM_BAD) return -1;
    if (b == 0) return 0;
    if (a >= 0 && b >= 0) return a % b == 0;
    lm__poly_of(t, a, &p);
    lm__poly_of(t, b, &q);
    if (lm__poly_exact(&p, &q, &r)) return 1;
    if (b < 0) return -1;
    for (int i = 0; i < p.n; i++)
        if (p.term[i].degree > 0) uneven |= p.term[i].k % b != 0;
    return uneven ? -1 : 0;
}

/* --- binding ------------------------------------------------------------------------------------------------ */

static void bind_poly(lm__dims *t, lm__dim d, const int64_t *values, lm__poly *out);

static void bind_atom(lm__dims *t, int number, const int64_t *values, lm__poly *out)
{
    const lm__atom *atom = &t->atoms[number];
    if (atom->name) {
        int64_t value = values[atom->symbol];
        if (value >= 0) lm__poly_const(out, value);
        else lm__poly_atom(out, number);
        return;
    }
    lm__poly num, den;
    lm__dim divisor = atom->den; /* binding may move the array that `atom` points into */
    bind_poly(t, atom->num, values, &num);
    bind_poly(t, divisor, values, &den);
    lm__poly_div(t, &num, &den, out);
}

static void bind_poly(lm__dims *t, lm__dim d, const int64_t *values, lm__poly *out)
{
    lm__poly p;
    lm__poly_of(t, d, &p);
    lm__poly_const(out, 0);
    out->bad = p.bad;
    for (int i = 0; i < p.n && !out->bad; i++) {
        lm__poly product, factor, next;
        lm__poly_const(&product, p.term[i].k);
        for (int j = 0; j < p.term[i].degree; j++) {
            bind_atom(t, p.term[i].atom[j], values, &factor);
            lm__poly_mul(&product, &factor, &next);
            product = next;
        }
        lm__poly_add(out, &product, 1);
    }
}

lm__dim lm__dim_bind(lm__dims *t, lm__dim d, const int64_t *values)
{
    lm__poly p;
    if (d >= 0 || !values) return d;
    bind_poly(t, d, values, &p);
    return lm__poly_intern(t, &p);
}

int lm__dim_symbol_count(const lm__dims *t)
{
    return t->nsymbols;
}

int lm__dim_symbol_index(const lm__dims *t, lm__dim d)
{
    lm__poly p;
    lm__poly_of(t, d, &p);
    if (p.bad || p.n != 1 || p.term[0].degree != 1 || p.term[0].k != 1) return -1;
    return t->atoms[p.term[0].atom[0]].symbol;
}

/* --- text --------------------------------------------------------------------------------------------------- */

typedef struct writer {
    char *text;
    size_t bytes, at;
} writer;

static void put(writer *w, const char *text)
{
    while (*text && w->at + 1 < w->bytes) w->text[w->at++] = *text++;
    w->text[w->at] = 0;
}

static void put_number(writer *w, int64_t value)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    put(w, digits);
}

static void put_dim(writer *w, const lm__dims *t, lm__dim d, bool factor);

static void put_atom(writer *w, const lm__dims *t, int number, bool factor)
{
    const lm__atom *atom = &t->atoms[number];
    if (atom->name) {
        put(w, atom->name);
        return;
    }
    if (factor) put(w, "(");
    put_dim(w, t, atom->num, true);
    put(w, "//");
    put_dim(w, t, atom->den, true);
    if (factor) put(w, ")");
}

/* `factor`: in brackets unless it is one thing. */
static void put_dim(writer *w, const lm__dims *t, lm__dim d, bool factor)
{
    lm__poly p;
    lm__poly_of(t, d, &p);
    if (p.bad) {
        put(w, d == LM_ANY ? "None" : "?");
        return;
    }
    if (p.n == 0) put(w, "0");
    bool brackets = factor && (p.n > 1 || (p.n == 1 && p.term[0].degree > 0 && lm__dim_symbol_index(t, d) < 0));
    if (brackets) put(w, "(");
    for (int i = 0; i < p.n; i++) {
        const lm__term *term = &p.term[i];
        int64_t k = term->k;
        if (i > 0) put(w, k < 0 ? " - " : " + ");
        if (i > 0 && k < 0) k = -k;
        if (term->degree == 0 || k != 1) {
            if (k == -1 && term->degree > 0) put(w, "-");
            else put_number(w, k);
            if (term->degree > 0 && k != -1) put(w, "*");
        }
        for (int j = 0; j < term->degree; j++) {
            if (j) put(w, "*");
            put_atom(w, t, term->atom[j], term->degree > 1 || k != 1);
        }
    }
    if (brackets) put(w, ")");
}

char *lm__dim_text(const lm__dims *t, lm__dim d, char *text, size_t bytes)
{
    writer w = {text, bytes, 0};
    if (bytes) text[0] = 0;
    if (bytes) put_dim(&w, t, d, false);
    return text;
}

char *lm__shape_print(const lm__dims *t, const lm__shape *s, char *text, size_t bytes)
{
    writer w = {text, bytes, 0};
    if (!bytes) return text;
    put(&w, "(");
    for (int i = 0; i < s->rank; i++) {
        if (i) put(&w, ", ");
        put_dim(&w, t, s->dim[i], false);
    }
    put(&w, s->rank == 1 ? ",)" : ")");
    return text;
}
