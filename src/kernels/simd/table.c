/* kernels/simd/table.c: the functions of one level; and, once, which level serves which processor. */
#include "kernels/simd/level.h"
#include "kernels/simd/vec.h"

#include <string.h>

void LM_SIMD(gemm)(const lm__gemm *g, void *scratch);
void LM_SIMD(add_up)(float *y, size_t n, const float *x, size_t stride, size_t rows);
void LM_SIMD(transpose)(const float *from, int64_t ld, int64_t rows, int64_t columns, float *to, int64_t ldt);
void LM_SIMD(conv)(const lm__conv *v, float *panel);
void LM_SIMD(bias_act)(float *y, int64_t ld, int64_t rows, int64_t n, const float *bias, int act);
void LM_SIMD(conv_kernel)(const lm__conv *v);
void LM_SIMD(conv_pool)(const lm__conv_pool *t);
void LM_SIMD(winograd_image)(const lm__winograd_tiles *t, const float *image, float *v, float *strip);
void LM_SIMD(winograd_gradient)(const lm__winograd_tiles *t, const float *dy, float *m);
void LM_SIMD(winograd_result)(const lm__winograd_tiles *t, const float *m, const float *bias, bool relu, float *y);
void LM_SIMD(winograd_kernel)(const lm__winograd_kernel *d, const float *k, float *u);
void LM_SIMD(winograd_kernel_gradient)(const lm__winograd_kernel *d, const float *u, int64_t slice, int64_t slices,
                                       float *dk);
void LM_SIMD(winograd_product)(const lm__winograd_product *p);
void LM_SIMD(winograd_outer)(const lm__winograd_product *p, int64_t first, int64_t end, bool add);
void LM_SIMD(max_pool_row)(const lm__pool_row *w);
bool LM_SIMD(unpool_row)(const lm__unpool_row *w);
void LM_SIMD(reduce_columns)(int kind, const float *x, int64_t rows, int64_t stride, int64_t n, const float *center,
                             float *y);
void LM_SIMD(reduce_rows)(int kind, const float *x, int64_t rows, int64_t n, const float *center, float *y);
void LM_SIMD(softmax_rows)(const float *x, int64_t rows, int64_t n, float *y);
void LM_SIMD(log_softmax_rows)(const float *x, int64_t rows, int64_t n, float *y);
void LM_SIMD(layer_norm)(const lm__layer_norm_work *w);
void LM_SIMD(layer_norm_backward)(const lm__layer_norm_work *w);
void LM_SIMD(bernoulli)(const uint32_t counter[4], const uint32_t key[2], uint32_t limit, size_t blocks,
                        uint8_t *out);
void LM_SIMD(lstm_pack)(const float *kernel, const float *recurrent, const float *bias, int64_t inputs, int64_t units,
                        int64_t block, float *to);
void LM_SIMD(lstm)(const lm__lstm_part *p, float *scratch);
void LM_SIMD(lstm_backward_pack)(const float *recurrent, int64_t units, int64_t padded, int64_t panel, float *to);
void LM_SIMD(lstm_backward)(const lm__lstm_back *p, float *scratch);
void LM_SIMD(attention_weights)(const lm__attention_block *b);
void LM_SIMD(attention_slopes)(const lm__attention_block *b);
extern const lm__simd_row_entry LM_SIMD(rows_plain)[], LM_SIMD(rows_math)[];
extern const lm__simd_chain LM_SIMD(chains)[];

const lm__simd LM_SIMD(simd) = {
    .width = VW,
    .tile_rows = TILE_ROWS,
    .tile_columns = 2 * VW,
    .gemm_scratch = LM__GEMM_SCRATCH(VW),
    .gemm = LM_SIMD(gemm),
    .add_up = LM_SIMD(add_up),
    .transpose = LM_SIMD(transpose),
    .conv = LM_SIMD(conv),
    .bias_act = LM_SIMD(bias_act),
    .conv_kernel = LM_SIMD(conv_kernel),
    .conv_pool = LM_SIMD(conv_pool),
    .winograd = {.group = TILE_ROWS,
                 .image = LM_SIMD(winograd_image),
                 .gradient = LM_SIMD(winograd_gradient),
                 .result = LM_SIMD(winograd_result),
                 .kernel = LM_SIMD(winograd_kernel),
                 .kernel_gradient = LM_SIMD(winograd_kernel_gradient),
                 .product = LM_SIMD(winograd_product),
                 .outer = LM_SIMD(winograd_outer)},
    .max_pool_row = LM_SIMD(max_pool_row),
    .unpool_row = LM_SIMD(unpool_row),
    .reduce_columns = LM_SIMD(reduce_columns),
    .reduce_rows = LM_SIMD(reduce_rows),
    .softmax_rows = LM_SIMD(softmax_rows),
    .log_softmax_rows = LM_SIMD(log_softmax_rows),
    .layer_norm = LM_SIMD(layer_norm),
    .layer_norm_backward = LM_SIMD(layer_norm_backward),
    .attention_weights = LM_SIMD(attention_weights),
    .attention_slopes = LM_SIMD(attention_slopes),
    .bernoulli = LM_SIMD(bernoulli),
    .lstm_pack = LM_SIMD(lstm_pack),
    .lstm = LM_SIMD(lstm),
    .lstm_backward_pack = LM_SIMD(lstm_backward_pack),
    .lstm_backward = LM_SIMD(lstm_backward),
    .chains = LM_SIMD(chains),
    .rows = {LM_SIMD(rows_plain), LM_SIMD(rows_math)},
};

#if defined(LM_LEVEL_baseline)
const lm__simd *lm__simd_at(lm__isa isa)
{
#if defined(__x86_64__)
    extern const lm__simd lm__simd_v3, lm__simd_v4;
    if (isa == LM__ISA_V3) return &lm__simd_v3;
    if (isa == LM__ISA_V4 || isa == LM__ISA_AMX) return &lm__simd_v4;
#endif
    (void)isa;
    return &lm__simd_baseline;
}

lm__row_fn *lm__simd_row(const char *op, lm_dtype dtype, lm_dtype result, lm__isa isa)
{
    const lm__simd *level = lm__simd_at(isa);
    for (int t = 0; t < 2; t++)
        for (const lm__simd_row_entry *entry = level->rows[t]; entry->op; entry++)
            if (entry->dtype == dtype && strcmp(entry->op, op) == 0 &&
                (entry->result == result || strcmp(op, "cast") != 0))
                return entry->row;
    return NULL;
}
#endif
