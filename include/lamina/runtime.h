/* lamina/runtime.h: what belongs to the process: memory, threads, processor, version. */
#ifndef LAMINA_RUNTIME_H
#define LAMINA_RUNTIME_H

#include <lamina/status.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LAMINA_VERSION "0.1.0"

/* The version of the library that runs (LAMINA_VERSION is that of the header). */
const char *lm_version(void);

/* The allocator behind every allocation of Lamina's own. `allocate` returns `bytes` bytes at an address that is
 * a multiple of `alignment` (a power of two, at least 16), or NULL; `release` takes back what `allocate` gave.
 * Both may be called from any thread. What linked libraries allocate by themselves is listed in docs/limits.md. */
typedef struct lm_allocator {
    void *(*allocate)(void *user, size_t bytes, size_t alignment);
    void (*release)(void *user, void *pointer, size_t bytes);
    void *user;
} lm_allocator;

/* Replaces the allocator; NULL brings the C library's back. Only while no Lamina object exists. */
void lm_set_allocator(const lm_allocator *allocator);

/* Counts since the process began; `live` and `peak` are bytes held now and at most. Any thread. */
typedef struct lm_memory_stats {
    uint64_t allocations, releases;
    size_t live, peak;
} lm_memory_stats;
lm_memory_stats lm_memory(void);

/* Threads of the compute team. 0 = default: LAMINA_THREADS, else the CPUs of the process's affinity mask. Results
 * are the same bytes for every number. LM_BUSY while a model or a function is running. */
lm_status lm_set_threads(int threads);
int lm_threads(void);

/* Choice by measurement. Plans made from now on time, for each product and convolution, the kernels that can do it,
 * on made-up data, and take another one than they would have if it is faster by 5 % every time. What won is kept in
 * the file, by processor, instruction level, number of threads, version of Lamina, and problem; what is in it is not
 * measured again. Another choice is another order of sums: results may differ from those without it in their last
 * bits, and are the same bytes for the same file. Nothing is read without this call.
 * The file is made if there is none, and replaced as a whole when something was learnt. LM_CORRUPT for a file that
 * is none of these, LM_IO for one that cannot be read or made: the setting stays as it was. NULL ends it, and says if
 * what was learnt could not be kept (LM_IO). Any thread. */
lm_status lm_set_tuning(const char *path);

/* The instruction level in use: "baseline", "v3" (AVX2), "v4" (AVX-512), "amx" or "neon": the best the processor
 * has, capped by LAMINA_ISA. */
const char *lm_isa(void);

/* The version of oneDNN that large products and convolutions are done with, as "2.6.3"; "none" where there is none
 * that can be used. Opens the library if nothing has yet. Any thread. */
const char *lm_onednn_version(void);

#ifdef __cplusplus
}
#endif
#endif
