/* Random graphs: the plan computes what the plain interpreter does, with all passes, with none, and with each left
 * out. */
#include "support/check.h"
#include "support/interpret.h"
#include "support/random_graph.h"
#include "base/alloc.h"
#include "plan/pass.h"
#include "plan/plan.h"
#include <lamina/runtime.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { NODES = 40 };

/* How many graphs: fewer where each takes long. */
static unsigned graphs(void)
{
    return getenv("LAMINA_TEST_VALGRIND") ? 20 : 400;
}

static void run_plan(random_graph *r, unsigned off, float *results)
{
    lm__plan *plan;
    lm__context *context;
    lm__plan_options options = {.passes_off = off};
    random_graph_reset(r);
    check_ok(lm__plan_new(r->graph, NULL, &options, &plan));
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, r->inputs, r->outputs));
    lm__context_free(context);
    lm__plan_free(plan);
    random_graph_results(r, results);
}

static void compare(random_graph *r, unsigned seed, const char *what, unsigned off, const float *want,
                    const float *have)
{
    for (int i = 0; i < RANDOM_RESULTS; i++) {
        if (fabsf(want[i] - have[i]) <= 2e-4f * (1 + fabsf(want[i])) || (isnan(want[i]) && isnan(have[i])) ||
            want[i] == have[i])
            continue;
        lm__plan *plan;
        lm__text text = {0};
        lm__plan_options options = {.passes_off = off};
        check_ok(lm__plan_new(r->graph, NULL, &options, &plan));
        lm__plan_print(plan, true, &text);
        fprintf(stderr, "%s", text.data);
        fail_msg("graph %u, %s: result %d element %d is %g, not %g", seed, what, i / RANDOM_MOST, i % RANDOM_MOST,
                 (double)have[i], (double)want[i]);
    }
}

static void equals_interpreter(void **state)
{
    static const char *const names[] = {
#define LM__PASS(name, text) #name,
        LM__PASS_LIST(LM__PASS)
#undef LM__PASS
    };
    (void)state;
    for (unsigned seed = 0; seed < graphs(); seed++) {
        static random_graph r;
        static float want[RANDOM_RESULTS], have[RANDOM_RESULTS];
        random_graph_make(&r, seed, NODES);
        check_ok(lm__graph_verify(r.graph));
        random_graph_reset(&r);
        check_ok(interpret(r.graph, NULL, r.inputs, r.outputs));
        random_graph_results(&r, want);
        run_plan(&r, 0, have);
        compare(&r, seed, "all passes", 0, want, have);
        run_plan(&r, ~0u, have);
        compare(&r, seed, "no passes", ~0u, want, have);
        for (int p = 0; p < LM__PASS_COUNT; p++) {
            run_plan(&r, 1u << p, have);
            compare(&r, seed, names[p], 1u << p, want, have);
            run_plan(&r, ~(1u << p), have);
            compare(&r, seed, names[p], ~(1u << p), want, have);
        }
        random_graph_free(&r);
    }
}

/* Each pass alone leaves a valid graph that computes the same. */
static lm_status legalise(lm_graph *g) { return lm__pass_legalise(g, false); }
static lm_status epilogue(lm_graph *g) { return lm__pass_epilogue(g, false); }
static lm_status fuse(lm_graph *g) { return lm__pass_fuse(g, false); }
static lm_status maps(lm_graph *g) { return lm__pass_maps(g, false); }

static void each_pass_alone(void **state)
{
    static const struct {
        const char *name;
        lm_status (*run)(lm_graph *g);
    } passes[] = {{"legalise", legalise}, {"simplify", lm__pass_simplify}, {"fold", lm__pass_fold},
                  {"cse", lm__pass_cse},  {"epilogue", epilogue},          {"fuse", fuse},          {"maps", maps}};
    (void)state;
    for (unsigned seed = 500; seed < 500 + graphs() / 4; seed++) {
        static random_graph r;
        static float want[RANDOM_RESULTS], have[RANDOM_RESULTS];
        random_graph_make(&r, seed, NODES);
        random_graph_reset(&r);
        check_ok(interpret(r.graph, NULL, r.inputs, r.outputs));
        random_graph_results(&r, want);
        for (size_t p = 0; p < sizeof passes / sizeof passes[0]; p++) {
            lm_graph *copy;
            check_ok(lm__graph_clone(r.graph, NULL, &copy));
            for (int i = 0; i < copy->nstates; i++) lm_free(copy->states[i].variable);
            copy->nstates = 0;
            check_ok(passes[p].run(copy));
            check_ok(lm__graph_verify(copy));
            random_graph_reset(&r);
            check_ok(interpret(copy, NULL, r.inputs, r.outputs));
            random_graph_results(&r, have);
            compare(&r, seed, passes[p].name, 0, want, have);
            lm_free(copy);
        }
        random_graph_free(&r);
    }
}

/* Placing buffers over each other changes no bit. */
static void reuse_changes_nothing(void **state)
{
    (void)state;
    for (unsigned seed = 1000; seed < 1000 + graphs(); seed++) {
        static random_graph r;
        static float a[RANDOM_RESULTS], b[RANDOM_RESULTS];
        random_graph_make(&r, seed, NODES);
        run_plan(&r, 0, a);
        run_plan(&r, LM__PASS_BIT(reuse), b);
        assert_memory_equal(a, b, sizeof a);
        run_plan(&r, LM__PASS_BIT(inplace), b);
        assert_memory_equal(a, b, sizeof a);
        random_graph_free(&r);
    }
}

RUN(cmocka_unit_test(equals_interpreter), cmocka_unit_test(each_pass_alone),
    cmocka_unit_test(reuse_changes_nothing))
