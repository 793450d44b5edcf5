/* kernels/move.c: lays the loops of a move out well, and cuts it over the team. */
#include "kernels/move.h"
#include "base/team.h"

enum { CHUNK = 65536 };                 /* elements of a job */

typedef void move_fn(const void *in, void *out, int rank, const int64_t *dims, const int64_t *from,
                     const int64_t *to);
move_fn lm__ref_move_w1, lm__ref_move_w2, lm__ref_move_w4, lm__ref_move_w8;

void lm__move_dense(int rank, const int64_t *dims, int64_t *strides)
{
    int64_t stride = 1;
    for (int d = rank - 1; d >= 0; d--) {
        strides[d] = stride;
        stride *= dims[d];
    }
}

/* Takes loop `d` out and puts it in again at place `at`. */
static void shift(lm__move *m, int d, int at)
{
    int64_t dim = m->dims[d], from = m->from[d], to = m->to[d];
    int step = at > d ? 1 : -1;
    for (; d != at; d += step) {
        m->dims[d] = m->dims[d + step];
        m->from[d] = m->from[d + step];
        m->to[d] = m->to[d + step];
    }
    m->dims[at] = dim;
    m->from[at] = from;
    m->to[at] = to;
}

/* Loops over one element go away, neighbours that run on in both arrays are joined. */
static void join(lm__move *m)
{
    int n = 0;
    for (int d = 0; d < m->rank; d++) {
        if (m->dims[d] == 1) continue;
        if (n > 0 && m->from[n - 1] == m->from[d] * m->dims[d] && m->to[n - 1] == m->to[d] * m->dims[d]) {
            m->dims[n - 1] *= m->dims[d];
        } else {
            m->dims[n] = m->dims[d];
            n++;
        }
        m->from[n - 1] = m->from[d];
        m->to[n - 1] = m->to[d];
    }
    m->rank = n;
}

static int64_t distance(int64_t stride)
{
    return stride < 0 ? -stride : stride;
}

/* The results are written in order; where the innermost loop does not read in order, the one that does comes next
 * to it, and the kernel works on the two in blocks. */
static void arrange(lm__move *m)
{
    int near = m->rank - 1;
    for (int d = 0; d < m->rank; d++)
        if (m->from[d] != 0 && (m->from[near] == 0 || distance(m->from[d]) < distance(m->from[near]))) near = d;
    if (m->rank > 2 && near < m->rank - 2) shift(m, near, m->rank - 2);
}

typedef struct work {
    const lm__move *move;
    move_fn *fn;
    const char *in;
    char *out;
    size_t width;
    int64_t rows;                       /* of the outermost loop, a job */
} work;

static void do_job(void *argument, size_t job, int thread)
{
    const work *w = argument;
    const lm__move *m = w->move;
    int64_t dims[LM__MOVE_RANK], begin = (int64_t)job * w->rows, rest = m->rank ? m->dims[0] - begin : 1;
    (void)thread;
    for (int d = 0; d < m->rank; d++) dims[d] = m->dims[d];
    if (m->rank) dims[0] = rest < w->rows ? rest : w->rows;
    int64_t from = m->rank ? begin * m->from[0] : 0, to = m->rank ? begin * m->to[0] : 0;
    w->fn(w->in + from * (int64_t)w->width, w->out + to * (int64_t)w->width, m->rank, dims, m->from, m->to);
}

void lm__move_run(const lm__move *move, size_t width, const void *in, void *out)
{
    lm__move m = *move;
    int64_t total = 1, outer = 0;
    for (int d = 0; d < m.rank; d++) total *= m.dims[d];
    if (total == 0) return;
    join(&m);
    arrange(&m);
    if (m.rank) outer = m.dims[0];
    work w = {.move = &m, .width = width};
    w.fn = width == 1   ? lm__ref_move_w1
           : width == 2 ? lm__ref_move_w2
           : width == 4 ? lm__ref_move_w4
                        : lm__ref_move_w8;
    w.in = (const char *)in + m.from_at * (int64_t)width;
    w.out = (char *)out + m.to_at * (int64_t)width;
    int64_t row = outer ? total / outer : 1;
    w.rows = row >= CHUNK ? 1 : CHUNK / row;
    lm__parallel(outer ? (size_t)((outer + w.rows - 1) / w.rows) : 1, do_job, &w);
}
