/* base/library.c: see library.h. */
#include "base/library.h"

#include "base/status.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static lm_status missing(const lm__library *library, const char *why)
{
    return lm__fail(LM_UNSUPPORTED, "%s needs the library %s, which cannot be opened (%s); install it, as in: "
                    "apt-get install %s", library->use, library->name, why, library->package);
}

/* All or nothing. */
static lm_status find_functions(const lm__library *library, void *handle, const char *file)
{
    char why[160];
    for (int pass = 0; pass < 2; pass++)
        for (int i = 0; library->symbols[i]; i++) {
            void *function = dlsym(handle, library->symbols[i]);
            if (!function) {
                snprintf(why, sizeof why, "%s has no function %s: another version is needed", file,
                         library->symbols[i]);
                return missing(library, why);
            }
            if (pass) memcpy((char *)library->functions + (size_t)i * sizeof function, &function, sizeof function);
        }
    return LM_OK;
}

static lm_status find(lm__library *library)
{
    void *handle = NULL;
    int i = 0;
    for (; library->files[i] && !handle; i++) handle = dlopen(library->files[i], RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        const char *why = dlerror();
        return missing(library, why ? why : "no name for it is known");
    }
    lm_status status = find_functions(library, handle, library->files[i - 1]);
    if (status) dlclose(handle);
    return status;
}

lm_status lm__library_open(lm__library *library)
{
    if (atomic_load_explicit(&library->open, memory_order_acquire)) return LM_OK;
    pthread_mutex_lock(&library->lock);
    lm_status status = atomic_load_explicit(&library->open, memory_order_relaxed) ? LM_OK : find(library);
    if (!status) atomic_store_explicit(&library->open, 1, memory_order_release);
    pthread_mutex_unlock(&library->lock);
    return status;
}
