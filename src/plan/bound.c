/* plan/bound.c: measures the bound of a computation: products by themselves, and bytes over bandwidth. */
#include "plan/bound.h"
#include "base/alloc.h"
#include "graph/control.h"
#include "kernels/matmul.h"
#include "kernels/reduce.h"
#include "plan/control.h"
#include "plan/internal.h"
#include <string.h>

enum { ROUNDS = 3 };                    /* apart from each other in time: a moment may be a bad one */
static const double budget = 0.01;      /* seconds for a kernel on a product in a round */

static bool is_named(const lm__step *s, const char *name) { return !strcmp(s->problem.op, name); }

static bool is_product(const lm__step *s)
{
    return s->node->op->flops && s->kernel != &lm__copy_kernel && s->node->op->flops(&s->problem) > 0;
}

/* How often a control op runs its body. */
static double times_run(const lm__step *s)
{
    return is_named(s, "scan") ? (double)((const lm__scan_attr *)s->node->attr)->length.dim[0] : 1;
}

/* --- products, each problem measured once ----------------------------------------------------------------------- */

typedef struct known_product {
    struct known_product *next;
    const lm__op *op;
    lm__problem problem;                /* descriptors and attributes belong to a plan, or are these: */
    lm__desc array[3];
    lm__matmul attr;
    double seconds;
} known_product;

struct lm__product_times {
    known_product *known;
};

lm_status lm__product_times_new(lm__product_times **out)
{
    *out = lm__calloc(1, sizeof **out);
    return *out ? LM_OK : lm__no_memory(sizeof **out);
}

void lm__product_times_free(lm__product_times *t)
{
    while (t && t->known) {
        known_product *k = t->known;
        t->known = k->next;
        lm__free(k);
    }
    lm__free(t);
}

static bool same_arrays(int n, const lm__desc *a, const lm__desc *b)
{
    for (int i = 0; i < n; i++)
        if (a[i].dtype != b[i].dtype || a[i].rank != b[i].rank ||
            memcmp(a[i].dims, b[i].dims, (size_t)a[i].rank * sizeof *a[i].dims))
            return false;
    return true;
}

static bool same_problem(const lm__op *op, const lm__problem *a, const lm__problem *b)
{
    return a->nin == b->nin && a->nout == b->nout && a->in_stable == b->in_stable && a->out_used == b->out_used &&
           same_arrays(a->nin, a->in, b->in) && same_arrays(a->nout, a->out, b->out) &&
           lm__attr_equal(op, a->attr, b->attr);
}

static lm_status time_once(const lm__op *op, const lm__problem *problem, double *seconds)
{
    lm__alone *alone;
    LM_TRY(lm__alone_new(problem, &alone));
    lm_status status = lm__alone_best(alone, &op->reference, budget, seconds);
    lm__alone_free(alone);
    return status;
}

static lm_status time_again(lm__product_times *t)
{
    for (known_product *k = t->known; k; k = k->next) {
        double seconds;
        LM_TRY(time_once(k->op, &k->problem, &seconds));
        if (seconds < k->seconds) k->seconds = seconds;
    }
    return LM_OK;
}

static const known_product *find_product(const lm__product_times *t, const lm__op *op, const lm__problem *problem)
{
    const known_product *k = t->known;
    while (k && (k->op != op || !same_problem(op, &k->problem, problem))) k = k->next;
    return k;
}

/* `own`: the descriptors are the caller's, and must be copied; the op is matmul then. */
static lm_status time_problem(lm__product_times *t, const lm__op *op, const lm__problem *problem, bool own,
                              double *seconds)
{
    const known_product *found = find_product(t, op, problem);
    if (found) {
        *seconds = found->seconds;
        return LM_OK;
    }
    LM_TRY(time_once(op, problem, seconds));
    known_product *k = lm__calloc(1, sizeof *k);
    if (!k) return lm__no_memory(sizeof *k);
    *k = (known_product){.next = t->known, .op = op, .problem = *problem, .seconds = *seconds};
    if (own) {
        for (int i = 0; i < 3; i++) k->array[i] = i < 2 ? problem->in[i] : problem->out[0];
        k->attr = *(const lm__matmul *)problem->attr;
        k->problem.in = k->array, k->problem.out = k->array + 2, k->problem.attr = &k->attr;
    }
    t->known = k;
    return LM_OK;
}

static lm__desc matrices(lm_dtype dtype, int64_t batches, int64_t rows, int64_t columns)
{
    bool one = batches == 1;
    lm__desc d = {.dtype = dtype, .rank = one ? 2 : 3, .size = (size_t)(batches * rows * columns)};
    if (!one) d.dims[0] = batches;
    d.dims[!one] = rows, d.dims[1 + !one] = columns;
    return d;
}

static lm_status time_inner(lm__product_times *t, const lm__step *s, const lm__inner_product *p, double *seconds)
{
    lm_dtype dtype = s->problem.in[0].dtype;
    int64_t m = p->m, n = p->n, k = p->k;
    const lm__matmul attr = {p->transpose_a, p->transpose_b};
    const lm__desc in[2] = {matrices(dtype, p->batches, p->transpose_a ? k : m, p->transpose_a ? m : k),
                            matrices(dtype, p->batches, p->transpose_b ? n : k, p->transpose_b ? k : n)};
    const lm__desc out = matrices(dtype, p->batches, m, n);
    const lm__problem problem = {.op = "matmul", .nin = 2, .nout = 1, .in = in, .out = &out, .attr = &attr,
                                 .out_used = 1, .isa = s->problem.isa};
    LM_TRY(time_problem(t, lm__op_find(s->node->graph->table, "matmul"), &problem, true, seconds));
    *seconds *= (double)p->times * (p->share > 0 ? p->share : 1);
    return LM_OK;
}

/* An op that is several products: these, or itself where it has a kernel that is faster. */
static lm_status time_products(lm__product_times *t, const lm__step *s, double *seconds)
{
    lm__inner_product inner[LM__MAX_INNER];
    int n = s->node->op->products ? s->node->op->products(&s->problem, inner) : 0;
    double sum = 0, one;
    for (int i = 0; i < n; i++) {
        LM_TRY(time_inner(t, s, &inner[i], &one));
        sum += one;
    }
    *seconds = sum;
    if (n && !*lm__fast_kernels(s->problem.op)) return LM_OK;
    LM_TRY(time_problem(t, s->node->op, &s->problem, false, &one));
    if (!n || one < sum) *seconds = one;
    return LM_OK;
}

static lm_status time_all(lm__product_times *t, const lm__plan *plan, double *seconds)
{
    *seconds = 0;
    for (int i = 0; i < plan->nsteps; i++) {
        double one;
        LM_TRY(lm__product_time(t, plan, i, &one));
        *seconds += one;
    }
    return LM_OK;
}

lm_status lm__product_time(lm__product_times *t, const lm__plan *plan, int step, double *seconds)
{
    const lm__step *s = &plan->steps[step];
    const lm__plan *bodies[2];
    int n = lm__control_bodies(s, bodies);
    *seconds = 0;
    if (is_product(s)) return time_products(t, s, seconds);
    for (int b = 0; b < n; b++) {       /* of two that may be taken, the longer one */
        double all;
        LM_TRY(time_all(t, bodies[b], &all));
        if (all * times_run(s) > *seconds) *seconds = all * times_run(s);
    }
    return LM_OK;
}

/* --- bytes ------------------------------------------------------------------------------------------------------ */

/* How an array from outside is read. */
typedef struct reading {
    bool product, other;
    double gathered;                    /* bytes that gathers take of it */
} reading;

static void find_readings(const lm__plan *p, lm__space space, int index, reading *r)
{
    for (int i = 0; i < p->nsteps; i++) {
        const lm__step *s = &p->steps[i];
        const lm__plan *bodies[2];
        int n = lm__control_bodies(s, bodies);
        for (int k = 0; k < s->problem.nin; k++) {
            const lm__buffer *b = &p->buffers[lm__plan_root(p, s->in[k])];
            if (b->space != space || b->index != index) continue;
            if (is_product(s)) r->product = true;
            else if (is_named(s, "gather") && k == 0) r->gathered += (double)lm__desc_bytes(&s->problem.out[0]);
            else if (!n) r->other = true;
            for (int c = 0; c < n; c++)
                find_readings(bodies[c], LM__SPACE_INPUT, is_named(s, "scan") ? k : k - 1, r);
        }
    }
}

/* Bytes that must be read besides what products read. */
static double must_read(const lm__plan *p, lm__space space, int index, size_t bytes)
{
    reading r = {0};
    find_readings(p, space, index, &r);
    if (r.product) return 0;
    return r.other || r.gathered > (double)bytes ? (double)bytes : r.gathered;
}

static lm_status add_moving(lm__bandwidths *known, double bytes, double set, lm__bound *out)
{
    double rate;
    if (bytes == 0) return LM_OK;
    LM_TRY(lm__bandwidth(known, set, &rate));
    out->moved += bytes;
    out->moving += bytes / rate;
    return LM_OK;
}

/* Variables, inputs and outputs: one set that a step goes through once. */
static lm_status add_outside(const lm__plan *p, lm__bandwidths *known, lm__bound *out)
{
    double bytes = 0, set = 0;
    for (int i = 0; i < p->nvariables; i++) {
        size_t size = lm_tensor_bytes(p->variables[i]->value);
        double moved = must_read(p, LM__SPACE_VARIABLE, i, size) + (p->stored[i] ? (double)size : 0);
        bytes += moved;
        set += moved < (double)size ? moved : (double)size;
    }
    for (int i = 0; i < p->graph->ninputs + p->graph->noutputs; i++) {
        bool input = i < p->graph->ninputs;
        lm__desc d;
        LM_TRY(lm__desc_of(input ? p->graph->inputs[i] : p->graph->outputs[i - p->graph->ninputs], &d));
        double moved = input ? must_read(p, LM__SPACE_INPUT, i, lm__desc_bytes(&d)) : (double)lm__desc_bytes(&d);
        bytes += moved;
        set += moved;
    }
    return add_moving(known, bytes, set, out);
}

/* Bytes of the array that a step normalises over the batch; 0: it does not. */
static double normalised(const lm__step *s)
{
    if (!is_named(s, "moments") || s->problem.in[0].rank < 2) return 0;
    const lm__reduce_attr *a = s->problem.attr;
    for (int i = 0; i < a->naxes; i++)
        if (a->axes[i] == 0) return (double)lm__desc_bytes(&s->problem.in[0]);
    return 0;
}

/* Once its moments are known an array is read again and written; on the way back, after all the others have passed
 * through the caches, two are read and one is written. */
static lm_status add_normalisations(const lm__plan *p, lm__bandwidths *known, lm__bound *out)
{
    double all = 0;
    for (int i = 0; i < p->nsteps; i++) all += normalised(&p->steps[i]);
    for (int i = 0; i < p->nsteps && p->stores; i++) {
        double array = normalised(&p->steps[i]);
        LM_TRY(add_moving(known, 2 * array, 2 * array, out));
        LM_TRY(add_moving(known, 3 * array, all, out));
    }
    return LM_OK;
}

/* A plan of the ops as they are in the graph. */
static lm_status plain_plan(const lm_graph *graph, const int64_t *symbols, lm__plan **out)
{
    unsigned on = LM__PASS_BIT(simplify) | LM__PASS_BIT(fold) | LM__PASS_BIT(cse) | LM__PASS_BIT(pack) |
                  LM__PASS_BIT(fast) | LM__PASS_BIT(reuse);
    return lm__plan_new(graph, symbols, &(lm__plan_options){.passes_off = ~on}, out);
}

lm_status lm__bound_measure(const lm_graph *graph, const int64_t *symbols, lm__bandwidths *known, lm__bound *out)
{
    lm__plan *plan;
    lm__product_times *times = NULL;
    *out = (lm__bound){0};
    LM_TRY(plain_plan(graph, symbols, &plan));
    lm_status status = lm__product_times_new(&times);
    if (status == LM_OK) status = time_all(times, plan, &out->products);
    for (int i = 1; status == LM_OK && i < ROUNDS; i++) status = time_again(times);
    if (status == LM_OK) status = time_all(times, plan, &out->products);
    if (status == LM_OK) status = add_outside(plan, known, out);
    if (status == LM_OK) status = add_normalisations(plan, known, out);
    lm__product_times_free(times);
    lm__plan_free(plan);
    return status;
}
