/* ops/lstm.c: a layer of long short-term memory over all steps (Hochreiter and Schmidhuber, Neural Computation 1997;
 * with forget gates).
 *
 * z = x kernel + h recurrent + bias;   i, f, o = sigmoid(z_i, z_f, z_o);   g = tanh(z_g);   c = f c + i g;   h = o
 * tanh(c)
 *
 * With dz from lstm_backward:   dx = dz kernelᵀ,   dkernel = xᵀ dz,   drecurrent = h_beforeᵀ dz,   dbias = Σ dz. */
#include "kernels/lstm.h"
#include "ops/recurrent.h"

#ifdef LM_HEADER
/* Long short-term memory: x (batch, steps, inputs), kernel (inputs, 4 units), recurrent (units, 4 units), bias (4
 * units) or NULL, gates in Keras's order: input, forget, candidate, output. From states of zero; the result is the
 * state h after each step, (batch, steps, units). All of one float type. Differentiable once. */
lm_value *lm_op_lstm(lm_value *x, lm_value *kernel, lm_value *recurrent, lm_value *bias);
#endif

static lm_status check_weights(const lm__infer *f, lm__dim *units)
{
    const lm__shape *x = &f->in[0]->shape, *kernel = &f->in[1]->shape, *recurrent = &f->in[2]->shape;
    *units = recurrent->dim[0];
    lm__dim columns = lm__dim_mul(f->dims, *units, LM__LSTM_GATES);
    LM_TRY(lm__need_equal(f, x->dim[2], kernel->dim[0], "the inputs and the kernel's rows"));
    LM_TRY(lm__need_equal(f, recurrent->dim[1], columns, "the recurrent kernel's columns and 4 times its rows"));
    LM_TRY(lm__need_equal(f, kernel->dim[1], columns, "the kernel's columns and 4 times the units"));
    if (f->nin == 3) return LM_OK;
    LM_TRY(lm__need_same(f, 0, 3));
    LM_TRY(lm__need_rank(f, 3, 1, "(4 units)"));
    return lm__need_equal(f, f->in[3]->shape.dim[0], columns, "the bias and 4 times the units");
}

static lm_status infer(lm__infer *f)
{
    lm__dim units;
    LM_TRY(lm__need_float(f, 0));
    LM_TRY(lm__need_same(f, 0, 1));
    LM_TRY(lm__need_same(f, 0, 2));
    LM_TRY(lm__need_rank(f, 0, 3, "(batch, steps, inputs)"));
    LM_TRY(lm__need_rank(f, 1, 2, "(inputs, 4 units)"));
    LM_TRY(lm__need_rank(f, 2, 2, "(units, 4 units)"));
    LM_TRY(check_weights(f, &units));
    lm__shape states = f->in[0]->shape, gates = states;
    lm_dtype dtype = f->in[0]->dtype;
    states.dim[2] = units;
    gates.dim[2] = f->in[2]->shape.dim[1];
    lm__result(f, LM__LSTM_AFTER_GATES, dtype, &gates);
    lm__result(f, LM__LSTM_CELLS, dtype, &states);
    lm__result(f, LM__LSTM_BEFORE, dtype, &states);
    return lm__result(f, LM__LSTM_STATES, dtype, &states);
}

/* (batch, steps, n) as rows. */
static lm_value *rows_of(lm_value *x)
{
    if (lm__bad(x)) return x;
    lm__shape lead = {.rank = 2, .dim = {x->shape.dim[0], x->shape.dim[1]}};
    lm__shape flat = {.rank = 2, .dim = {lm__shape_product(lm__dims_of(x), &lead), x->shape.dim[2]}};
    return lm__reshape_to(x, &flat);
}

static lm_status gradient(lm__vjp *v)
{
    for (int i = 1; i < LM__LSTM_OUTPUTS; i++)
        if (v->grad_out[i]) return lm__fail(LM_UNSUPPORTED, "lstm: only the states have a gradient");
    lm_value *db, *dz = lm__lstm_backward(v->in[2], lm__out(v, LM__LSTM_AFTER_GATES), lm__out(v, LM__LSTM_CELLS),
                                          v->grad_out[0], &db);
    lm_value *rows = rows_of(dz);
    if (v->needs[0]) v->grad_in[0] = lm_op_matmul(dz, v->in[1], .transpose_b = true);
    if (v->needs[1]) v->grad_in[1] = lm_op_matmul(rows_of(v->in[0]), rows, .transpose_a = true);
    if (v->needs[2])
        v->grad_in[2] = lm_op_matmul(rows_of(lm__out(v, LM__LSTM_BEFORE)), rows, .transpose_a = true);
    if (v->node->nin > 3 && v->needs[3]) v->grad_in[3] = db;
    return LM_OK;
}

typedef void lstm_fn(const void *x, const void *kernel, const void *recurrent, const void *bias, void *states,
                     void *gates, void *cells, void *before, size_t batch, size_t steps, size_t inputs, size_t units,
                     void *work);
LM_REFS_FLOATS(lstm_fn, lstm)

static lm_status prepare(const lm__problem *p, lm__needs *needs, void **state)
{
    *state = NULL;
    needs->shared = 6 * (size_t)lm__lstm_dims_of(p).units * lm_dtype_size(p->in[0].dtype);
    return LM_OK;
}

static lm_status run(const lm__run *run)
{
    const lm__lstm_dims d = lm__lstm_dims_of(run->problem);
    refs[run->problem->in[0].dtype](run->in[0], run->in[1], run->in[2], run->problem->nin > 3 ? run->in[3] : NULL,
                                    run->out[LM__LSTM_STATES], run->out[LM__LSTM_AFTER_GATES],
                                    run->out[LM__LSTM_CELLS], run->out[LM__LSTM_BEFORE], (size_t)d.batch,
                                    (size_t)d.steps, (size_t)d.inputs, (size_t)d.units, run->shared);
    return LM_OK;
}

static double flops(const lm__problem *p)
{
    const lm__lstm_dims d = lm__lstm_dims_of(p);
    return 2.0 * (double)(d.batch * d.steps) * (double)(d.inputs + d.units) * (double)(LM__LSTM_GATES * d.units);
}

static int products(const lm__problem *p, lm__inner_product *out)
{
    const lm__lstm_dims d = lm__lstm_dims_of(p);
    int64_t gates = LM__LSTM_GATES * d.units;
    out[0] = (lm__inner_product){.batches = 1, .m = d.batch * d.steps, .n = gates, .k = d.inputs, .times = 1};
    out[1] = (lm__inner_product){.batches = 1, .m = d.batch, .n = gates, .k = d.units, .times = d.steps};
    return 2;
}

static const lm__sample samples[] = {
    {.nin = 4,
     .in = {{.rank = 3, .dims = {2, 3, 4}}, {.rank = 2, .dims = {4, 12}}, {.rank = 2, .dims = {3, 12}},
            {.rank = 1, .dims = {12}}}},
    {.nin = 3,
     .in = {{.rank = 3, .dims = {1, 4, 2}}, {.rank = 2, .dims = {2, 4}}, {.rank = 2, .dims = {1, 4}}}},
    {.nin = 4,
     .in = {{.rank = 3, .dims = {3, 1, 1}}, {.rank = 2, .dims = {1, 8}}, {.rank = 2, .dims = {2, 8}},
            {.rank = 1, .dims = {8}}}},
    {0},
};

const lm__op lm__op_lstm = {
    .name = "lstm",
    .kind = LM__OP_PLAIN,
    .min_inputs = 3,
    .max_inputs = 4,
    .outputs = LM__LSTM_OUTPUTS,
    .flags = LM__OP_ONCE | LM__OP_ASIDE,
    .infer = infer,
    .gradient = gradient,
    .reference = {.op = "lstm", .name = "ref", .prepare = prepare, .run = run},
    .samples = samples,
    .flops = flops,
    .products = products,
};

lm_value *lm_op_lstm(lm_value *x, lm_value *kernel, lm_value *recurrent, lm_value *bias)
{
    lm_value *in[] = {x, kernel, recurrent, bias};
    return lm__apply(NULL, &lm__op_lstm, NULL, bias ? 4 : 3, in);
}
