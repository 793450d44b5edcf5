/* graph/poly.h: the inside of dim.h: polynomials over atoms, and the table that gives them handles. */
#ifndef LM_GRAPH_POLY_H
#define LM_GRAPH_POLY_H

#include "base/arena.h"
#include "graph/dim.h"
#include <stdatomic.h>
#include <stdbool.h>

enum { LM__POLY_TERMS = 32, LM__POLY_DEGREE = 6 };

/* k times a product of atoms, their numbers in ascending order. */
typedef struct lm__term {
    int64_t k;
    int degree;
    uint16_t atom[LM__POLY_DEGREE];
} lm__term;

/* A sum of terms, the highest degree first, then by atoms; no two alike, none with k = 0. */
typedef struct lm__poly {
    int n;
    bool bad;                           /* overflow, too many terms, no memory */
    lm__term term[LM__POLY_TERMS];
} lm__poly;

/* What terms are made of: a symbol, or a floor division that does not come out even. */
typedef struct lm__atom {
    const char *name;                   /* NULL: a division */
    int symbol;                         /* its number among the symbols, -1: a division */
    lm__dim num, den;
} lm__atom;

typedef struct lm__expr {
    uint64_t hash;
    int n;
    lm__term *term;
} lm__expr;

/* Expression i has the handle -2 - i. */
struct lm__dims {
    atomic_int references;
    lm__arena *arena;
    lm__atom *atoms;
    int natoms, nsymbols;
    size_t atoms_capacity;
    lm__expr *exprs;
    int nexprs;
    size_t exprs_capacity;
    bool exhausted;                     /* memory ran out: said by lm__dims_failed */
};

void lm__poly_const(lm__poly *p, int64_t value);
void lm__poly_atom(lm__poly *p, int atom);
void lm__poly_of(const lm__dims *table, lm__dim d, lm__poly *p);     /* bad for what is no dimension */
void lm__poly_add(lm__poly *p, const lm__poly *q, int64_t factor);   /* p += factor * q */
void lm__poly_mul(const lm__poly *p, const lm__poly *q, lm__poly *out);

/* p / q as a polynomial where it comes out even; false: it does not. */
bool lm__poly_exact(const lm__poly *p, const lm__poly *q, lm__poly *out);
/* floor(p / q), with what cannot be divided as a division atom. */
void lm__poly_div(lm__dims *table, const lm__poly *p, const lm__poly *q, lm__poly *out);

/* The handle of a polynomial; LM__DIM_BAD for a bad or negative constant one, or when memory is out. */
lm__dim lm__poly_intern(lm__dims *table, const lm__poly *p);

#endif
