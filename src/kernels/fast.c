/* kernels/fast.c: expands fast.def. */
#include "kernels/kernel.h"
#include <string.h>

#define LM__FAST_1(f, op, a) f(a, op)
#define LM__FAST_2(f, op, a, b) f(a, op) f(b, op)
#define LM__FAST_3(f, op, a, b, c) f(a, op) f(b, op) f(c, op)
#define LM__FAST_4(f, op, a, b, c, d) f(a, op) f(b, op) f(c, op) f(d, op)
#define LM__FAST_5(f, op, a, b, c, d, e) f(a, op) f(b, op) f(c, op) f(d, op) f(e, op)
#define LM__FAST_6(f, op, a, b, c, d, e, g) f(a, op) f(b, op) f(c, op) f(d, op) f(e, op) f(g, op)
#define LM__FAST_PICK(a, b, c, d, e, f, name, ...) name
#define LM__FAST_EACH(f, op, ...)                                                                                \
    LM__FAST_PICK(__VA_ARGS__, LM__FAST_6, LM__FAST_5, LM__FAST_4, LM__FAST_3, LM__FAST_2, LM__FAST_1, )             \
    (f, op, __VA_ARGS__)
#define LM__FAST_DECLARE(implementation, op) extern const lm__kernel lm__##implementation##_##op;
#define LM__FAST_ADDRESS(implementation, op) &lm__##implementation##_##op,

#define LM_FAST(op, ...) LM__FAST_EACH(LM__FAST_DECLARE, op, __VA_ARGS__)
#include "kernels/fast.def"
#undef LM_FAST

#define LM_FAST(op, ...)                                                                                         \
    static const lm__kernel *const list_##op[] = {LM__FAST_EACH(LM__FAST_ADDRESS, op, __VA_ARGS__) NULL};
#include "kernels/fast.def"
#undef LM_FAST

static const struct {
    const char *op;
    const lm__kernel *const *list;
} all[] = {
#define LM_FAST(op, ...) {#op, list_##op},
#include "kernels/fast.def"
#undef LM_FAST
    {NULL, NULL},
};

const lm__kernel *const *lm__fast_kernels(const char *op)
{
    static const lm__kernel *const none[] = {NULL};
    for (int i = 0; all[i].op; i++)
        if (strcmp(all[i].op, op) == 0) return all[i].list;
    return none;
}
