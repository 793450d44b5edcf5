/* lamina/args.h: keyword arguments in C: lm_dense(.units = 10, .activation = "relu").
 *
 * LM__WITH(type, LM__LIST(defaults), call, ...) makes a `type` named lm__a from the defaults, overridden by what the
 * caller names, and evaluates `call`, which takes &lm__a. Every argument struct begins with `size_t size`. Lists
 * inside end at 0; {3} where two numbers are expected means {3, 3}. Hidden from C++, which lacks designated
 * initialisers of this kind: there, change the struct that X_defaults() returns and call X_new().
 */
#ifndef LAMINA_ARGS_H
#define LAMINA_ARGS_H
#ifndef __cplusplus

#define LM__LIST(...) __VA_ARGS__

#define LM__WITH(type, defaults, call, ...)                                                                      \
    (__extension__({                                                                                             \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Woverride-init\"")                     \
        _Pragma("GCC diagnostic ignored \"-Wshadow\"")                                                          \
        type lm__a = {.size = sizeof(type), defaults, __VA_ARGS__};                                              \
        _Pragma("GCC diagnostic pop") call;                                                                      \
    }))

#endif
#endif
