/* graph/poly.c: arithmetic on polynomials. */
#include "graph/poly.h"
#include "base/alloc.h"
#include <string.h>

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t gcd(int64_t a, int64_t b)
{
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a < 0 ? -a : a;
}

/* Graded lexicographic order: < 0 if a's atoms come before b's. It is kept by multiplication, as long division needs.
 * */
static int compare(const lm__term *a, const lm__term *b)
{
    if (a->degree != b->degree) return b->degree - a->degree;
    for (int i = 0; i < a->degree; i++)
        if (a->atom[i] != b->atom[i]) return a->atom[i] < b->atom[i] ? -1 : 1;
    return 0;
}

static void add_term(lm__poly *p, const lm__term *t)
{
    int i = 0;
    if (p->bad || t->k == 0) return;
    while (i < p->n && compare(&p->term[i], t) < 0) i++;
    if (i < p->n && compare(&p->term[i], t) == 0) {
        if (__builtin_add_overflow(p->term[i].k, t->k, &p->term[i].k)) p->bad = true;
        if (p->term[i].k != 0) return;
        p->n--;
        memmove(&p->term[i], &p->term[i + 1], (size_t)(p->n - i) * sizeof *p->term);
        return;
    }
    if (p->n == LM__POLY_TERMS) {
        p->bad = true;
        return;
    }
    memmove(&p->term[i + 1], &p->term[i], (size_t)(p->n - i) * sizeof *p->term);
    p->term[i] = *t;
    p->n++;
}

static bool mul_term(const lm__term *a, const lm__term *b, lm__term *out)
{
    int i = 0, j = 0, n = a->degree + b->degree;
    memset(out, 0, sizeof *out);
    if (n > LM__POLY_DEGREE || __builtin_mul_overflow(a->k, b->k, &out->k)) return false;
    out->degree = n;
    for (int k = 0; k < n; k++) {
        bool left = j == b->degree || (i < a->degree && a->atom[i] <= b->atom[j]);
        out->atom[k] = left ? a->atom[i++] : b->atom[j++];
    }
    return true;
}

/* a / b if b's atoms are among a's and its number divides a's. */
static bool div_term(const lm__term *a, const lm__term *b, lm__term *out)
{
    int j = 0;
    memset(out, 0, sizeof *out);
    if (a->k % b->k != 0 || a->degree < b->degree) return false;
    for (int i = 0; i < a->degree; i++) {
        if (j < b->degree && a->atom[i] == b->atom[j]) j++;
        else if (out->degree < LM__POLY_DEGREE) out->atom[out->degree++] = a->atom[i];
    }
    out->k = a->k / b->k;
    return j == b->degree;
}

void lm__poly_const(lm__poly *p, int64_t value)
{
    p->n = 0;
    p->bad = false;
    lm__term t = {.k = value};
    add_term(p, &t);
}

void lm__poly_atom(lm__poly *p, int atom)
{
    p->n = 0;
    p->bad = false;
    lm__term t = {.k = 1, .degree = 1, .atom = {(uint16_t)atom}};
    add_term(p, &t);
}

void lm__poly_of(const lm__dims *table, lm__dim d, lm__poly *p)
{
    int64_t i = -2 - d;
    if (d >= 0) {
        lm__poly_const(p, d);
        return;
    }
    p->n = 0;
    p->bad = d == LM__DIM_BAD || !table || i < 0 || i >= table->nexprs;
    if (p->bad) return;
    p->n = table->exprs[i].n;
    memcpy(p->term, table->exprs[i].term, (size_t)p->n * sizeof *p->term);
}

void lm__poly_add(lm__poly *p, const lm__poly *q, int64_t factor)
{
    p->bad |= q->bad;
    for (int i = 0; i < q->n && !p->bad; i++) {
        lm__term t = q->term[i];
        if (__builtin_mul_overflow(t.k, factor, &t.k)) p->bad = true;
        else add_term(p, &t);
    }
}

void lm__poly_mul(const lm__poly *p, const lm__poly *q, lm__poly *out)
{
    out->n = 0;
    out->bad = p->bad || q->bad;
    for (int i = 0; i < p->n && !out->bad; i++) {
        for (int j = 0; j < q->n && !out->bad; j++) {
            lm__term t;
            if (mul_term(&p->term[i], &q->term[j], &t)) add_term(out, &t);
            else out->bad = true;
        }
    }
}

static bool is_const(const lm__poly *p, int64_t *value)
{
    if (p->bad || p->n > 1 || (p->n == 1 && p->term[0].degree > 0)) return false;
    *value = p->n ? p->term[0].k : 0;
    return true;
}

bool lm__poly_exact(const lm__poly *p, const lm__poly *q, lm__poly *out)
{
    lm__poly rest = *p;
    out->n = 0;
    out->bad = p->bad || q->bad;
    if (out->bad || q->n == 0) return false;
    while (rest.n > 0) {
        lm__term t;
        if (!div_term(&rest.term[0], &q->term[0], &t)) return false;
        lm__poly one = {.n = 1, .term = {t}}, product;
        add_term(out, &t);
        lm__poly_mul(q, &one, &product);
        lm__poly_add(&rest, &product, -1);
        if (rest.bad || out->bad) return false;
    }
    return true;
}

/* Moves from `rest` to `quotient` what the single term q divides; of a constant, for a constant q, its floor. */
static void take_even(lm__poly *rest, const lm__term *q, lm__poly *quotient)
{
    lm__poly left = {.n = 0};
    for (int i = 0; i < rest->n; i++) {
        lm__term t;
        if (div_term(&rest->term[i], q, &t)) {
            add_term(quotient, &t);
        } else if (rest->term[i].degree == 0 && q->degree == 0) {
            lm__term whole = {.k = floor_div(rest->term[i].k, q->k)}, part = {.k = rest->term[i].k - whole.k * q->k};
            add_term(quotient, &whole);
            add_term(&left, &part);
        } else {
            add_term(&left, &rest->term[i]);
        }
    }
    *rest = left;
}

/* floor((g P + r) / (g c)) = floor((P + floor(r / g)) / c). */
static void cancel(lm__poly *p, int64_t *c)
{
    int64_t g = *c;
    for (int i = 0; i < p->n; i++)
        if (p->term[i].degree > 0) g = gcd(g, p->term[i].k);
    if (g == 1) return;
    lm__poly out = {.n = 0};
    for (int i = 0; i < p->n; i++) {
        lm__term t = p->term[i];
        t.k = floor_div(t.k, g);
        add_term(&out, &t);
    }
    *p = out;
    *c /= g;
}

/* If p is floor(x / a) + r: p becomes x + r a and c becomes c a, with the same floor(p / c). */
static bool unnest(const lm__dims *table, lm__poly *p, int64_t *c)
{
    int64_t r = 0, scale;
    if (p->n == 0 || p->n > 2 || p->term[0].degree != 1 || p->term[0].k != 1) return false;
    if (p->n == 2) {
        if (p->term[1].degree != 0) return false;
        r = p->term[1].k;
    }
    const lm__atom *atom = &table->atoms[p->term[0].atom[0]];
    if (atom->name || !lm__dim_known(atom->den)) return false;
    if (__builtin_mul_overflow(*c, atom->den, &scale) || __builtin_mul_overflow(r, atom->den, &r)) return false;
    lm__poly add;
    lm__poly_of(table, atom->num, p);
    lm__poly_const(&add, r);
    lm__poly_add(p, &add, 1);
    *c = scale;
    return true;
}

static uint64_t hash_of(const lm__poly *p)
{
    uint64_t h = 1469598103934665603u;
    for (int i = 0; i < p->n; i++) {
        h = (h ^ (uint64_t)p->term[i].k) * 1099511628211u;
        for (int j = 0; j < p->term[i].degree; j++) h = (h ^ (p->term[i].atom[j] + 1u)) * 1099511628211u;
        h = (h ^ 0xffff) * 1099511628211u;
    }
    return h;
}

static bool same(const lm__expr *e, const lm__poly *p)
{
    if (e->n != p->n) return false;
    for (int i = 0; i < p->n; i++)
        if (e->term[i].k != p->term[i].k || compare(&e->term[i], &p->term[i]) != 0) return false;
    return true;
}

/* The handle of a polynomial; a negative constant has one too, for it may be a numerator. */
static lm__dim intern(lm__dims *table, const lm__poly *p)
{
    int64_t value;
    if (p->bad) return LM__DIM_BAD;
    if (is_const(p, &value) && value >= 0) return value;
    uint64_t hash = hash_of(p);
    for (int i = 0; i < table->nexprs; i++)
        if (table->exprs[i].hash == hash && same(&table->exprs[i], p)) return -2 - i;
    int grown = lm__grow(&table->exprs, (size_t)table->nexprs, &table->exprs_capacity, sizeof *table->exprs);
    lm__term *terms = grown == 0 ? lm__arena_copy(table->arena, p->term, (size_t)p->n * sizeof *terms) : NULL;
    if (!terms) {
        table->exhausted = true;
        return LM__DIM_BAD;
    }
    table->exprs[table->nexprs] = (lm__expr){hash, p->n, terms};
    return -2 - table->nexprs++;
}

lm__dim lm__poly_intern(lm__dims *table, const lm__poly *p)
{
    int64_t value;
    if (is_const(p, &value)) return value >= 0 ? value : LM__DIM_BAD;
    return intern(table, p);
}

/* The number of the atom floor(num / den), or -1. */
static int division(lm__dims *table, lm__dim num, lm__dim den)
{
    if (num == LM__DIM_BAD || den == LM__DIM_BAD) return -1;
    for (int i = 0; i < table->natoms; i++)
        if (!table->atoms[i].name && table->atoms[i].num == num && table->atoms[i].den == den) return i;
    if (table->natoms > UINT16_MAX) return -1;
    if (lm__grow(&table->atoms, (size_t)table->natoms, &table->atoms_capacity, sizeof *table->atoms) != 0) {
        table->exhausted = true;
        return -1;
    }
    table->atoms[table->natoms] = (lm__atom){.symbol = -1, .num = num, .den = den};
    return table->natoms++;
}

void lm__poly_div(lm__dims *table, const lm__poly *p, const lm__poly *q, lm__poly *out)
{
    int64_t c = 0, value;
    lm__poly rest = *p, divisor = *q, atom;
    bool fixed = is_const(q, &c);
    out->n = 0;
    out->bad = p->bad || q->bad || (fixed && c <= 0);
    if (out->bad) return;
    if (!fixed && q->n > 1 && lm__poly_exact(p, q, out)) return;
    out->n = 0;
    if (q->n == 1) take_even(&rest, &q->term[0], out);
    if (rest.n == 0 || (fixed && is_const(&rest, &value))) return;
    if (fixed) {
        cancel(&rest, &c);
        lm__poly_const(&divisor, c);
        if (unnest(table, &rest, &c)) {
            lm__poly_const(&divisor, c);
            lm__poly_div(table, &rest, &divisor, &atom);
            lm__poly_add(out, &atom, 1);
            return;
        }
    }
    int number = division(table, intern(table, &rest), intern(table, &divisor));
    if (number < 0) {
        out->bad = true;
        return;
    }
    lm__poly_atom(&atom, number);
    lm__poly_add(out, &atom, 1);
}
