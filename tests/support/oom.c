/* tests/support/oom.c: an allocator for lm_set_allocator that fails on demand. */
#include "support/oom.h"

#include "support/check.h"

#include <lamina/runtime.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_ulong count, fail_at;
static atomic_int failed;

static void *allocate(void *user, size_t bytes, size_t alignment)
{
    (void)user;
    if (atomic_fetch_add(&count, 1) + 1 == atomic_load(&fail_at)) {
        atomic_store(&failed, 1);
        return NULL;
    }
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

static void release(void *user, void *pointer, size_t bytes)
{
    (void)user, (void)bytes;
    free(pointer);
}

void oom_fail_nth(unsigned long n)
{
    atomic_store(&count, 0);
    atomic_store(&failed, 0);
    atomic_store(&fail_at, n);
    lm_set_allocator(&(lm_allocator){allocate, release, NULL});
}

int oom_failed(void)
{
    return atomic_load(&failed);
}

unsigned long oom_allocations(void)
{
    return atomic_load(&count);
}

void oom_off(void)
{
    lm_set_allocator(NULL);
}

static void fail_one(oom_body *body, void *user, unsigned long n)
{
    size_t before = lm_memory().live;
    oom_fail_nth(n);
    lm_status status = body(user);
    int happened = oom_failed();
    oom_off();
    size_t after = lm_memory().live;
    if (!happened) fail_msg("allocation %lu did not happen again: the work is not the same each time", n);
    if (status != LM_NO_MEMORY)
        fail_msg("with allocation %lu failed: \"%s\" instead of LM_NO_MEMORY (%s)", n, lm_status_text(status),
                 lm_last_error());
    if (after != before)
        fail_msg("with allocation %lu failed: %zu bytes held before, %zu after", n, before, after);
}

void oom_some(oom_body *body, void *user, unsigned long most)
{
    lm_status warm = body(user);        /* what is made once in a process is made here */
    size_t before = lm_memory().live;
    oom_fail_nth(0);
    lm_status status = warm == LM_OK ? body(user) : warm;
    unsigned long total = oom_allocations();
    oom_off();
    if (status != LM_OK) fail_msg("without failures: \"%s\" (%s)", lm_status_text(status), lm_last_error());
    if (lm_memory().live != before)
        fail_msg("without failures: %zu bytes before, %zu after", before, lm_memory().live);
    if (!total) fail_msg("the work makes no allocation: nothing is tested");
    unsigned long runs = total < most ? total : most;
    for (unsigned long i = 0; i < runs; i++) fail_one(body, user, 1 + i * total / runs);
}

void oom_each(oom_body *body, void *user)
{
    oom_some(body, user, 1000000);
}
