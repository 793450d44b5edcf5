/* graph/shape.c: shapes of dimensions that may be symbols. */
#include "graph/dim.h"
#include <string.h>

lm__shape lm__shape_of(int rank, const int64_t *dims)
{
    lm__shape s;
    memset(&s, 0, sizeof s);
    s.rank = rank;
    for (int i = 0; i < rank; i++) s.dim[i] = dims[i];
    return s;
}

int lm__shape_equal(lm__dims *table, const lm__shape *a, const lm__shape *b)
{
    int equal = 1;
    if (a->rank != b->rank) return 0;
    for (int i = 0; i < a->rank; i++) {
        int e = lm__dim_equal(table, a->dim[i], b->dim[i]);
        if (e == 0) return 0;
        if (e < 0) equal = -1;
    }
    return equal;
}

lm__dim lm__shape_product(lm__dims *table, const lm__shape *s)
{
    lm__dim product = 1;
    for (int i = 0; i < s->rank; i++) product = lm__dim_mul(table, product, s->dim[i]);
    return product;
}

static lm_status refuse(lm__dims *table, const lm__shape *a, const lm__shape *b, int i, lm__dim x, lm__dim y)
{
    char at[160], bt[160], xt[64], yt[64];
    const char *why = lm__dim_equal(table, x, y) == 0 ? "differ" : "may differ";
    return lm__fail(LM_INVALID,
                    "shapes %s and %s cannot be broadcast together: sizes %s and %s of axis -%d %s, and "
                    "neither is 1",
                    lm__shape_print(table, a, at, sizeof at), lm__shape_print(table, b, bt, sizeof bt),
                    lm__dim_text(table, x, xt, sizeof xt), lm__dim_text(table, y, yt, sizeof yt), i, why);
}

lm_status lm__shape_broadcast(lm__dims *table, const lm__shape *a, const lm__shape *b, lm__shape *out)
{
    lm__shape s;
    memset(&s, 0, sizeof s);
    s.rank = a->rank > b->rank ? a->rank : b->rank;
    for (int i = 1; i <= s.rank; i++) {
        lm__dim x = i <= a->rank ? a->dim[a->rank - i] : 1, y = i <= b->rank ? b->dim[b->rank - i] : 1;
        if (x != 1 && y != 1 && lm__dim_equal(table, x, y) != 1) return refuse(table, a, b, i, x, y);
        s.dim[s.rank - i] = x == 1 ? y : x;
    }
    *out = s;
    return LM_OK;
}
