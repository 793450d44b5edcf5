// kernels/onednn/guard.cc: every call of oneDNN, with its exceptions caught.
extern "C" {
#include "base/alloc.h"
#include "base/cpu.h"
#include "base/status.h"
}
#include "kernels/onednn/onednn.h"

#if __has_include(<oneapi/dnnl/dnnl.h>)
#include <oneapi/dnnl/dnnl.h>
#endif

#if defined(DNNL_VERSION_MAJOR) && DNNL_VERSION_MAJOR == 2

#include <cstdio>
#include <dlfcn.h>
#include <mutex>
#include <new>

namespace {

#define FUNCTIONS(X)                                                                                                \
    X(dnnl_version) X(dnnl_set_max_cpu_isa) X(dnnl_engine_create) X(dnnl_stream_create) X(dnnl_stream_destroy)      \
    X(dnnl_memory_desc_init_by_strides) X(dnnl_memory_desc_get_size) X(dnnl_memory_desc_equal)                      \
    X(dnnl_memory_create) X(dnnl_memory_destroy) X(dnnl_memory_set_data_handle)                                     \
    X(dnnl_primitive_attr_create) X(dnnl_primitive_attr_destroy) X(dnnl_primitive_attr_set_scratchpad_mode)         \
    X(dnnl_primitive_desc_create) X(dnnl_primitive_desc_destroy) X(dnnl_primitive_desc_query_md)                    \
    X(dnnl_primitive_create) X(dnnl_primitive_destroy) X(dnnl_primitive_execute) X(dnnl_matmul_desc_init)           \
    X(dnnl_dilated_convolution_forward_desc_init) X(dnnl_dilated_convolution_backward_data_desc_init)               \
    X(dnnl_dilated_convolution_backward_weights_desc_init) X(dnnl_reorder_primitive_desc_create)

struct functions {
#define FIELD(name) decltype(&::name) name;
    FUNCTIONS(FIELD)
#undef FIELD
    int (*omp_get_max_threads)();
    void (*omp_set_num_threads)(int);
    dnnl_engine_t engine;
};

functions lib;

/* For the calling thread, oneDNN is to see one thread; what it was comes back. */
class one_thread {
    int before;

public:
    one_thread() : before(lib.omp_get_max_threads())
    {
        if (before != 1) lib.omp_set_num_threads(1);
    }
    ~one_thread()
    {
        if (before != 1) lib.omp_set_num_threads(before);
    }
    one_thread(const one_thread &) = delete;
    one_thread &operator=(const one_thread &) = delete;
};

lm_status status_of(dnnl_status_t status)
{
    switch (status) {
    case dnnl_success: return LM_OK;
    case dnnl_out_of_memory: return lm__no_memory(0);
    case dnnl_invalid_arguments:
    case dnnl_unimplemented: return LM_UNSUPPORTED;
    default: return lm__fail(LM_INTERNAL, "oneDNN gave status %d", static_cast<int>(status));
    }
}

template <typename body> lm_status guarded(body f)
{
    try {
        one_thread here;
        return f();
    } catch (const std::bad_alloc &) {
        return lm__no_memory(0);
    } catch (...) {
        return lm__fail(LM_INTERNAL, "oneDNN threw an exception");
    }
}

#define DNN(call)                                                                                                   \
    do {                                                                                                            \
        dnnl_status_t dnn_status = (call);                                                                          \
        if (dnn_status != dnnl_success) return status_of(dnn_status);                                               \
    } while (0)

bool find_functions()
{
    void *handle = dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
    if (!handle) return false;
#define FIND(name)                                                                                                  \
    lib.name = reinterpret_cast<decltype(lib.name)>(dlsym(handle, #name));                                          \
    if (!lib.name) return false;
    FUNCTIONS(FIND)
#undef FIND
    // The OpenMP that libdnnl is bound to: one that the program brought goes before libdnnl's own.
    void *const scope[] = {RTLD_DEFAULT, handle};
    for (void *where : scope) {
        lib.omp_get_max_threads = reinterpret_cast<int (*)()>(dlsym(where, "omp_get_max_threads"));
        lib.omp_set_num_threads = reinterpret_cast<void (*)(int)>(dlsym(where, "omp_set_num_threads"));
        if (lib.omp_get_max_threads && lib.omp_set_num_threads) return true;
    }
    return false;
}

dnnl_cpu_isa_t cap(lm__isa isa)
{
    return isa == LM__ISA_BASELINE ? dnnl_cpu_isa_sse41
           : isa == LM__ISA_V3     ? dnnl_cpu_isa_avx2
           : isa == LM__ISA_V4     ? dnnl_cpu_isa_avx512_core_bf16
                                   : dnnl_cpu_isa_all;
}

bool open_library()
{
    if (!find_functions()) return false;
    lm_status status = guarded([] {
        if (lib.dnnl_version()->major != 2) return LM_UNSUPPORTED;
        DNN(lib.dnnl_set_max_cpu_isa(cap(lm__isa_level())));
        DNN(lib.dnnl_engine_create(&lib.engine, dnnl_cpu, 0));
        return LM_OK;
    });
    return status == LM_OK;
}

struct desc_owner {
    dnnl_primitive_desc_t desc = nullptr;
    dnnl_primitive_attr_t attr = nullptr;
    ~desc_owner()
    {
        if (desc) lib.dnnl_primitive_desc_destroy(desc);
        if (attr) lib.dnnl_primitive_attr_destroy(attr);
    }
};

} // namespace

enum { ARGUMENTS = 4 };                 // a, b, c, scratch

struct lm__dnn {
    dnnl_primitive_t primitive;
    int id[ARGUMENTS];                  // id 0: this argument is not used
    dnnl_memory_desc_t desc[ARGUMENTS];
    dnnl_memory_desc_t user_kernel;     // of a convolution: as our kernels are laid out
    dnnl_memory_desc_t own_kernel;
};

struct lm__dnn_call {
    const lm__dnn *of;
    dnnl_stream_t stream;
    dnnl_memory_t memory[ARGUMENTS];
};

bool lm__dnn_usable(lm__isa isa)
{
    static std::once_flag once;
    static bool usable;
    if (isa != lm__isa_level()) return false;
    try {
        std::call_once(once, [] { usable = open_library(); });
    } catch (...) {
        return false;
    }
    return usable;
}

const char *lm__dnn_version()
{
    static std::once_flag once;
    static char text[32];
    if (!lm__dnn_usable(lm__isa_level())) return nullptr;
    try {
        std::call_once(once, [] {
            const dnnl_version_t *v = lib.dnnl_version();
            std::snprintf(text, sizeof text, "%d.%d.%d", v->major, v->minor, v->patch);
        });
    } catch (...) {
        return nullptr;
    }
    return text;
}

namespace {

lm_status make_attr(desc_owner &d)
{
    DNN(lib.dnnl_primitive_attr_create(&d.attr));
    DNN(lib.dnnl_primitive_attr_set_scratchpad_mode(d.attr, dnnl_scratchpad_mode_user));
    return LM_OK;
}

const dnnl_memory_desc_t *query(const desc_owner &d, dnnl_query_t what)
{
    return lib.dnnl_primitive_desc_query_md(d.desc, what, 0);
}

/* The primitive of a descriptor, whose arguments stand in `made` already. */
lm_status finish(const desc_owner &d, lm__dnn *made)
{
    const dnnl_memory_desc_t *scratch = query(d, dnnl_query_scratchpad_md);
    if (scratch && lib.dnnl_memory_desc_get_size(scratch) > 0) {
        made->id[3] = DNNL_ARG_SCRATCHPAD;
        made->desc[3] = *scratch;
    }
    DNN(lib.dnnl_primitive_create(&made->primitive, d.desc));
    return LM_OK;
}

template <typename body> lm_status make(lm__dnn **out, body f)
{
    *out = nullptr;
    lm__dnn *made = static_cast<lm__dnn *>(lm__calloc(1, sizeof *made));
    if (!made) return lm__no_memory(sizeof *made);
    lm_status status = guarded([&] { return f(made); });
    if (status == LM_OK) *out = made;
    else lm__dnn_free(made);
    return status;
}

dnnl_data_type_t type_of(bool bf16) { return bf16 ? dnnl_bf16 : dnnl_f32; }

lm_status matrix(dnnl_memory_desc_t *desc, bool bf16, int64_t rows, int64_t columns, const int64_t *strides)
{
    const dnnl_dims_t dims = {rows, columns}, steps = {strides[0], strides[1]};
    DNN(lib.dnnl_memory_desc_init_by_strides(desc, 2, dims, type_of(bf16), steps));
    return LM_OK;
}

lm_status images(dnnl_memory_desc_t *desc, bool bf16, int64_t n, int64_t h, int64_t w, int64_t c)
{
    const dnnl_dims_t dims = {n, c, h, w}, steps = {h * w * c, 1, w * c, c};
    DNN(lib.dnnl_memory_desc_init_by_strides(desc, 4, dims, type_of(bf16), steps));
    return LM_OK;
}

/* Our kernels are (height, width, channels of a group, filters). */
lm_status kernels(dnnl_memory_desc_t *desc, bool bf16, const lm__dnn_conv *d)
{
    int64_t share = d->channels / d->groups, mine = d->filters / d->groups, cell = share * d->filters;
    if (d->groups == 1) {
        const dnnl_dims_t dims = {mine, share, d->kernel_height, d->kernel_width};
        const dnnl_dims_t steps = {1, d->filters, d->kernel_width * cell, cell};
        DNN(lib.dnnl_memory_desc_init_by_strides(desc, 4, dims, type_of(bf16), steps));
    } else {
        const dnnl_dims_t dims = {d->groups, mine, share, d->kernel_height, d->kernel_width};
        const dnnl_dims_t steps = {mine, 1, d->filters, d->kernel_width * cell, cell};
        DNN(lib.dnnl_memory_desc_init_by_strides(desc, 5, dims, type_of(bf16), steps));
    }
    return LM_OK;
}

lm_status conv_desc(lm__dnn_way way, const lm__dnn_conv *d, const lm__dnn *made, desc_owner &owner)
{
    dnnl_memory_desc_t any = made->user_kernel;
    any.format_kind = dnnl_format_kind_any;
    const dnnl_dims_t strides = {d->stride_y, d->stride_x}, dilation = {d->dilation_y - 1, d->dilation_x - 1};
    const dnnl_dims_t before = {d->top, d->left};
    const dnnl_dims_t after = {d->bottom, d->right};
    dnnl_convolution_desc_t c;
    const dnnl_memory_desc_t *image = &made->desc[0], *result = &made->desc[2];
    if (way == LM__DNN_FORWARD)
        DNN(lib.dnnl_dilated_convolution_forward_desc_init(&c, dnnl_forward_training, dnnl_convolution_direct, image,
                                                           &any, nullptr, result, strides, dilation, before, after));
    else if (way == LM__DNN_BACKWARD_INPUT)
        DNN(lib.dnnl_dilated_convolution_backward_data_desc_init(&c, dnnl_convolution_direct, image, &any, result,
                                                                 strides, dilation, before, after));
    else
        DNN(lib.dnnl_dilated_convolution_backward_weights_desc_init(&c, dnnl_convolution_direct, image, &any, nullptr,
                                                                    result, strides, dilation, before, after));
    dnnl_primitive_desc_t hint = nullptr;
    desc_owner forward;
    if (way != LM__DNN_FORWARD) {
        dnnl_convolution_desc_t f;
        dnnl_memory_desc_t in = *image, kernel = any, out = *result;
        in.data_type = kernel.data_type = out.data_type = type_of(d->bf16);
        LM_TRY(make_attr(forward));
        DNN(lib.dnnl_dilated_convolution_forward_desc_init(&f, dnnl_forward_training, dnnl_convolution_direct, &in,
                                                           &kernel, nullptr, &out, strides, dilation, before, after));
        DNN(lib.dnnl_primitive_desc_create(&forward.desc, &f, forward.attr, lib.engine, nullptr));
        hint = forward.desc;
    }
    DNN(lib.dnnl_primitive_desc_create(&owner.desc, &c, owner.attr, lib.engine, hint));
    return LM_OK;
}

} // namespace

lm_status lm__dnn_product_new(const lm__dnn_product *p, lm__dnn **out)
{
    return make(out, [&](lm__dnn *made) {
        desc_owner d;
        dnnl_matmul_desc_t desc;
        LM_TRY(make_attr(d));
        LM_TRY(matrix(&made->desc[0], p->bf16, p->m, p->k, p->a));
        LM_TRY(matrix(&made->desc[1], p->bf16, p->k, p->n, p->b));
        LM_TRY(matrix(&made->desc[2], false, p->m, p->n, p->c));
        made->id[0] = DNNL_ARG_SRC, made->id[1] = DNNL_ARG_WEIGHTS, made->id[2] = DNNL_ARG_DST;
        DNN(lib.dnnl_matmul_desc_init(&desc, &made->desc[0], &made->desc[1], nullptr, &made->desc[2]));
        DNN(lib.dnnl_primitive_desc_create(&d.desc, &desc, d.attr, lib.engine, nullptr));
        return finish(d, made);
    });
}

lm_status lm__dnn_conv_new(lm__dnn_way way, const lm__dnn_conv *dims, lm__dnn **out)
{
    static const int ids[][3] = {{DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST},
                                 {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST},
                                 {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST}};
    return make(out, [&](lm__dnn *made) {
        desc_owner d;
        LM_TRY(make_attr(d));
        LM_TRY(images(&made->desc[0], dims->bf16 && way != LM__DNN_BACKWARD_INPUT, dims->batch, dims->height,
                      dims->width, dims->channels));
        LM_TRY(images(&made->desc[2], dims->bf16 && way != LM__DNN_FORWARD, dims->batch, dims->out_height,
                      dims->out_width, dims->filters));
        LM_TRY(kernels(&made->user_kernel, dims->bf16 && way != LM__DNN_BACKWARD_KERNEL, dims));
        for (int i = 0; i < 3; i++) made->id[i] = ids[way][i];
        LM_TRY(conv_desc(way, dims, made, d));
        const dnnl_memory_desc_t *kernel =
            query(d, way == LM__DNN_BACKWARD_KERNEL ? dnnl_query_diff_weights_md : dnnl_query_weights_md);
        if (!kernel) return LM_UNSUPPORTED;
        made->own_kernel = made->desc[1] = *kernel;
        return finish(d, made);
    });
}

size_t lm__dnn_kernel_bytes(const lm__dnn *conv)
{
    return lib.dnnl_memory_desc_get_size(&conv->own_kernel);
}

bool lm__dnn_same_kernel(const lm__dnn *a, const lm__dnn *b)
{
    return lib.dnnl_memory_desc_equal(&a->own_kernel, &b->own_kernel) != 0;
}

lm_status lm__dnn_reorder_new(const lm__dnn *conv, bool back, lm__dnn **out)
{
    return make(out, [&](lm__dnn *made) {
        desc_owner d;
        LM_TRY(make_attr(d));
        made->desc[0] = back ? conv->own_kernel : conv->user_kernel;
        made->desc[2] = back ? conv->user_kernel : conv->own_kernel;
        made->id[0] = DNNL_ARG_FROM, made->id[2] = DNNL_ARG_TO;
        DNN(lib.dnnl_reorder_primitive_desc_create(&d.desc, &made->desc[0], lib.engine, &made->desc[2], lib.engine,
                                                   d.attr));
        return finish(d, made);
    });
}

size_t lm__dnn_scratch(const lm__dnn *primitive)
{
    return primitive->id[3] ? lib.dnnl_memory_desc_get_size(&primitive->desc[3]) : 0;
}

void lm__dnn_free(lm__dnn *primitive)
{
    if (!primitive) return;
    if (primitive->primitive) lib.dnnl_primitive_destroy(primitive->primitive);
    lm__free(primitive);
}

lm_status lm__dnn_open(const lm__dnn *primitive, lm__dnn_call **out)
{
    *out = nullptr;
    lm__dnn_call *call = static_cast<lm__dnn_call *>(lm__calloc(1, sizeof *call));
    if (!call) return lm__no_memory(sizeof *call);
    call->of = primitive;
    lm_status status = guarded([&] {
        DNN(lib.dnnl_stream_create(&call->stream, lib.engine, dnnl_stream_default_flags));
        for (int i = 0; i < ARGUMENTS; i++)
            if (primitive->id[i])
                DNN(lib.dnnl_memory_create(&call->memory[i], &primitive->desc[i], lib.engine, DNNL_MEMORY_NONE));
        return LM_OK;
    });
    if (status == LM_OK) *out = call;
    else lm__dnn_close(call);
    return status;
}

void lm__dnn_close(lm__dnn_call *call)
{
    if (!call) return;
    for (int i = 0; i < ARGUMENTS; i++)
        if (call->memory[i]) lib.dnnl_memory_destroy(call->memory[i]);
    if (call->stream) lib.dnnl_stream_destroy(call->stream);
    lm__free(call);
}

lm_status lm__dnn_run(lm__dnn_call *call, const void *a, const void *b, const void *c, void *scratch)
{
    const void *data[ARGUMENTS] = {a, b, c, scratch};
    dnnl_exec_arg_t arguments[ARGUMENTS];
    return guarded([&] {
        int count = 0;
        for (int i = 0; i < ARGUMENTS; i++) {
            if (!call->of->id[i]) continue;
            DNN(lib.dnnl_memory_set_data_handle(call->memory[i], const_cast<void *>(data[i])));
            arguments[count].arg = call->of->id[i];
            arguments[count++].memory = call->memory[i];
        }
        DNN(lib.dnnl_primitive_execute(call->of->primitive, call->stream, count, arguments));
        return LM_OK;
    });
}

#else // no oneDNN 2.x to build against: never usable, and nothing else is called

bool lm__dnn_usable(lm__isa) { return false; }
const char *lm__dnn_version() { return nullptr; }
lm_status lm__dnn_product_new(const lm__dnn_product *, lm__dnn **) { return LM_UNSUPPORTED; }
lm_status lm__dnn_conv_new(lm__dnn_way, const lm__dnn_conv *, lm__dnn **) { return LM_UNSUPPORTED; }
size_t lm__dnn_kernel_bytes(const lm__dnn *) { return 0; }
bool lm__dnn_same_kernel(const lm__dnn *, const lm__dnn *) { return false; }
lm_status lm__dnn_reorder_new(const lm__dnn *, bool, lm__dnn **) { return LM_UNSUPPORTED; }
size_t lm__dnn_scratch(const lm__dnn *) { return 0; }
void lm__dnn_free(lm__dnn *) {}
lm_status lm__dnn_open(const lm__dnn *, lm__dnn_call **) { return LM_UNSUPPORTED; }
void lm__dnn_close(lm__dnn_call *) {}
lm_status lm__dnn_run(lm__dnn_call *, const void *, const void *, const void *, void *) { return LM_UNSUPPORTED; }

#endif
