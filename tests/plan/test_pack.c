/* Packed copies of weights: made once a version, not for weights that the plan itself changes, gone with the pass. */
#include "support/check.h"
#include "graph/special.h"
#include "ops/registry.h"
#include "ops/support.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>

static int packs;                       /* how often pack was called */

/* y = x + 10 w, where 10 w is what packing makes. */
static lm_status infer(lm__infer *f)
{
    f->dtype[0] = f->in[0]->dtype;
    f->shape[0] = f->in[0]->shape;
    return LM_OK;
}

static lm_status prepare(const lm__problem *p, lm__needs *needs, void **state)
{
    (void)state;
    if (p->in_stable >> 1 & 1) needs->pack[1] = p->in[1].size * sizeof(float);
    return LM_OK;
}

static lm_status pack(const lm__problem *p, const void *state, int i, const void *source, void *packed)
{
    (void)state;
    assert_int_equal(i, 1);
    for (size_t k = 0; k < p->in[1].size; k++) ((float *)packed)[k] = 10 * ((const float *)source)[k];
    packs++;
    return LM_OK;
}

static lm_status run(const lm__run *r)
{
    const float *x = r->in[0], *w = r->in[1], *packed = r->packed[1];
    for (size_t k = 0; k < r->problem->in[0].size; k++)
        ((float *)r->out[0])[k] = x[k] + (packed ? packed[k] : 10 * w[k]);
    return LM_OK;
}

static const lm__op add_ten = {
    .name = "add_ten", .min_inputs = 2, .max_inputs = 2, .outputs = 1, .flags = LM__OP_NO_GRADIENT, .infer = infer,
    .reference = {.op = "add_ten", .name = "ref", .prepare = prepare, .pack = pack, .run = run}};

typedef struct fixture {
    lm_tensor *initial;
    lm_variable *w;
    lm_graph *graph;
    lm__plan *plan;
    lm__context *context;
} fixture;

static fixture make(bool constant, bool stored, unsigned off)
{
    fixture f = {.initial = lm_tensor_copy_of(LM_F32, 1, (int64_t[]){3}, (float[]){1, 2, 3})};
    lm__plan_options options = {.passes_off = off};
    f.w = lm_variable_new("w", f.initial, true);
    f.graph = lm_graph_new();
    lm_value *x = lm_placeholder(f.graph, "x", LM_F32, 3);
    lm_value *w = constant ? lm_constant(f.graph, f.initial) : lm_read(f.graph, f.w);
    lm_value *y = lm__apply2(&add_ten, NULL, x, w);
    check_ok(lm__graph_output(f.graph, y));
    if (stored) check_ok(lm_assign(f.graph, f.w, y));
    check_ok(lm__graph_commit(f.graph, NULL));
    check_ok(lm__plan_new(f.graph, NULL, &options, &f.plan));
    check_ok(lm__context_new(f.plan, &f.context));
    packs = 0;
    return f;
}

static void expect(fixture *f, float first, int packed)
{
    float x[3] = {0, 0, 0}, y[3];
    check_ok(lm__context_run(f->context, (const void *[]){x}, (void *[]){y}));
    assert_float_equal(y[0], first, 0);
    assert_int_equal(packs, packed);
}

static void drop(fixture *f)
{
    lm__context_free(f->context);
    lm__plan_free(f->plan);
    lm_free(f->graph), lm_free(f->w), lm_free(f->initial);
}

static void once_a_version(void **state)
{
    (void)state;
    fixture f = make(false, false, 0);
    lm_tensor *other = lm_tensor_copy_of(LM_F32, 1, (int64_t[]){3}, (float[]){7, 8, 9});
    expect(&f, 10, 1);
    expect(&f, 10, 1);
    check_ok(lm_variable_set(f.w, other));
    expect(&f, 70, 2);
    expect(&f, 70, 2);
    lm_free(other);
    drop(&f);
}

static void constants_once(void **state)
{
    (void)state;
    fixture f = make(true, false, 0);
    expect(&f, 10, 1);
    expect(&f, 10, 1);
    drop(&f);
}

static void not_what_the_plan_changes(void **state)
{
    (void)state;
    fixture f = make(false, true, 0);
    expect(&f, 10, 0);
    expect(&f, 100, 0);
    drop(&f);
}

static void not_without_the_pass(void **state)
{
    (void)state;
    fixture f = make(false, false, LM__PASS_BIT(pack));
    expect(&f, 10, 0);
    drop(&f);
}

RUN(cmocka_unit_test(once_a_version), cmocka_unit_test(constants_once), cmocka_unit_test(not_what_the_plan_changes),
    cmocka_unit_test(not_without_the_pass))
