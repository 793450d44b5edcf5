/* ops/lstm_backward.c: the gradient of lstm's sums before the gates' functions; made by lstm's gradient only.
 *
 * From the last step to the first: dh = dy + dz' recurrentᵀ, dc = dc' f' + dh o (1 - tanh(c)²), where ' is the step
 * behind; dz = dc g i (1 - i), dc c_before f (1 - f), dc i (1 - g²), dh tanh(c) o (1 - o). */
#include "kernels/lstm.h"
#include "ops/recurrent.h"

static lm_status infer(lm__infer *f)
{
    const lm__shape *recurrent = &f->in[0]->shape, *gates = &f->in[1]->shape;
    for (int i = 0; i < f->nin; i++) {
        LM_TRY(lm__need_float(f, i));
        LM_TRY(lm__need_same(f, 0, i));
    }
    LM_TRY(lm__need_rank(f, 0, 2, "(units, 4 units)"));
    LM_TRY(lm__need_rank(f, 1, 3, "(batch, steps, 4 units)"));
    LM_TRY(lm__need_equal(f, gates->dim[2], recurrent->dim[1], "the gates and the recurrent kernel's columns"));
    lm__shape states = *gates, sum = {.rank = 1, .dim = {recurrent->dim[1]}};
    states.dim[2] = recurrent->dim[0];
    LM_TRY(lm__need_shape(f, 2, &states, "the cells"));
    LM_TRY(lm__need_shape(f, 3, &states, "the gradient"));
    lm__result(f, 1, f->in[0]->dtype, &sum);
    return lm__result(f, 0, f->in[0]->dtype, gates);
}

typedef void backward_fn(const void *recurrent, const void *gates, const void *cells, const void *dy, void *dz,
                         void *sum, size_t batch, size_t steps, size_t units, void *work);
LM_REFS_FLOATS(backward_fn, lstm_backward)

static lm_status prepare(const lm__problem *p, lm__needs *needs, void **state)
{
    *state = NULL;
    needs->shared = 6 * (size_t)lm__lstm_backward_dims_of(p).units * lm_dtype_size(p->in[0].dtype);
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const lm__lstm_dims d = lm__lstm_backward_dims_of(run->problem);
    refs[run->problem->in[0].dtype](run->in[0], run->in[1], run->in[2], run->in[3], run->out[0], run->out[1],
                                    (size_t)d.batch, (size_t)d.steps, (size_t)d.units, run->shared);
    return LM_OK;
}

static double flops(const lm__problem *p)
{
    const lm__lstm_dims d = lm__lstm_backward_dims_of(p);
    return 2.0 * (double)d.batch * (double)d.steps * (double)d.units * (double)(LM__LSTM_GATES * d.units);
}

static int products(const lm__problem *p, lm__inner_product *out)
{
    const lm__lstm_dims d = lm__lstm_backward_dims_of(p);
    out[0] = (lm__inner_product){.batches = 1, .m = d.batch, .n = d.units, .k = LM__LSTM_GATES * d.units,
                                 .transpose_b = true, .times = d.steps};
    return 1;
}

static const lm__sample samples[] = {
    {.nin = 4,
     .in = {{.rank = 2, .dims = {3, 12}}, {.rank = 3, .dims = {2, 3, 12}}, {.rank = 3, .dims = {2, 3, 3}},
            {.rank = 3, .dims = {2, 3, 3}}}},
    {0},
};

const lm__op lm__op_lstm_backward = {
    .name = "lstm_backward",
    .kind = LM__OP_PLAIN,
    .min_inputs = 4,
    .max_inputs = 4,
    .outputs = 2,
    .flags = LM__OP_ONCE,
    .infer = infer,
    .reference = {.op = "lstm_backward", .name = "ref", .prepare = prepare, .run = run},
    .samples = samples,
    .flops = flops,
    .products = products,
};

lm_value *lm__lstm_backward(lm_value *recurrent, lm_value *gates, lm_value *cells, lm_value *dy, lm_value **sum)
{
    lm_value *dz = lm__apply(NULL, &lm__op_lstm_backward, NULL, 4, (lm_value *[]){recurrent, gates, cells, dy});
    *sum = lm__bad(dz) ? dz : &dz->node->out[1];
    return dz;
}
