/* base/library.h: shared libraries that are opened when first needed. A program that draws no picture and downloads
 * nothing neither waits for cairo and curl to start, nor needs them to be there.
 *
 * The functions' types come from the library's own header. A user lists the names once:
 *
 *     #define CURL(X) X(curl_easy_init) X(curl_easy_perform)
 *     static struct { CURL(LM__LIBRARY_MEMBER) } curl;
 *     static lm__library library = {
 *         .name = "curl", .use = "downloading", .package = "libcurl4", .functions = &curl,
 *         .files = (const char *const[]){"libcurl.so.4", NULL},
 *         .symbols = (const char *const[]){CURL(LM__LIBRARY_NAME) NULL}, LM__LIBRARY_CLOSED};
 *
 * and calls curl.curl_easy_init() after LM_TRY(lm__library_open(&library)). */
#ifndef LM_BASE_LIBRARY_H
#define LM_BASE_LIBRARY_H

#include <lamina/status.h>
#include <pthread.h>
#include <stdatomic.h>

typedef struct lm__library {
    const char *name;               /* as people call it */
    const char *use;                /* what needs it; begins the message where it is missing: "drawing pictures" */
    const char *package;            /* Debian's, that brings it */
    const char *const *files;       /* names to try, NULL at the end: "libcairo.so.2" */
    const char *const *symbols;     /* NULL at the end */
    void *functions;                /* as many pointers to functions, in the same order */
    pthread_mutex_t lock;
    atomic_int open;
} lm__library;
#define LM__LIBRARY_CLOSED .lock = PTHREAD_MUTEX_INITIALIZER, .open = 0
#define LM__LIBRARY_MEMBER(function) __typeof__(function) *function;
#define LM__LIBRARY_NAME(function) #function,

/* Opens the library and fills in all functions, once; it stays open for good. Any thread, any number of times (then
 * it costs one load). LM_UNSUPPORTED where it is missing or lacks a function: the message names the package. It is
 * looked for again each time, since it may have been installed meanwhile. */
lm_status lm__library_open(lm__library *library);

#endif
