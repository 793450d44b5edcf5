/* Where buffers are placed: over the memory that was used last. */
#include "support/check.h"
#include "base/alloc.h"
#include "graph/graph.h"
#include "plan/plan.h"
#include <lamina/ops.h>
#include <lamina/runtime.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 512 };

/* Three products die at different times; the fourth goes where the last of them was. */
static void warm_memory(void **state)
{
    (void)state;
    static float x[N * N], y[N * N], sums[3];
    lm_graph *g = lm_graph_new();
    lm_value *xs = lm_placeholder(g, "x", LM_F32, N, N), *made[4];
    for (int i = 0; i < 3; i++) made[i] = lm_op_matmul(xs, lm_placeholder(g, "w", LM_F32, N, N));
    static const int order[] = {0, 2, 1};
    for (int i = 0; i < 3; i++) check_ok(lm__graph_output(g, lm_op_sum(made[order[i]])));
    made[3] = lm_op_matmul(xs, lm_placeholder(g, "w", LM_F32, N, N));
    check_ok(lm__graph_output(g, lm_op_matmul(made[3], made[3])));
    lm__plan *plan;
    lm__text text = {0};
    check_ok(lm__plan_new(g, NULL, NULL, &plan));
    lm__plan_print(plan, false, &text);
    static const char *const steps[] = {"   0  matmul", "   1  matmul", "   2  matmul", "   6  matmul"};
    size_t at[4];
    for (int i = 0; i < 4; i++) {
        const char *step = strstr(text.data, steps[i]), *result = step ? strstr(step, "->") : NULL;
        const char *place = result ? strstr(result, "@arena+") : NULL;
        if (!place) fail_msg("%s", text.data);
        at[i] = strtoul(place + 7, NULL, 10);
    }
    if (at[3] != at[1] || at[1] == at[0] || at[1] == at[2]) fail_msg("%s", text.data);
    lm__context *context;
    for (int i = 0; i < N; i++) x[i * N + i] = 2;
    check_ok(lm__context_new(plan, &context));
    check_ok(lm__context_run(context, (const void *[]){x, x, x, x, x}, (void *[]){&sums[0], &sums[1], &sums[2], y}));
    for (int i = 0; i < 3; i++) assert_float_equal(sums[i], 4 * N, 0);
    for (int i = 0; i < N; i++) assert_float_equal(y[i * N + i], 16, 0);
    lm__context_free(context);
    lm__free(text.data);
    lm__plan_free(plan);
    lm_free(g);
}

RUN(cmocka_unit_test(warm_memory))
