/* data/sets.c: what the built-in sets are and where they lie. */
#include "base/alloc.h"
#include "base/bytes.h"
#include "base/status.h"
#include "data/builtin/builtin.h"
#include <lamina/sources.h>

#include <string.h>

const lm_data_set *lm_data_set_at(int i)
{
    const lm__builtin *set = lm__builtin_at(i);
    return set ? &set->about : NULL;
}

char *lm_data_set_folder(const char *name)
{
    const lm__builtin *set = lm__builtin_find(name);
    lm__text file = {0};
    if (!set) {
        lm__fail(LM_NOT_FOUND, "there is no built-in set \"%.80s\"", name ? name : "");
        return NULL;
    }
    lm__text_printf(&file, "%s/%s", set->folder, set->about.file[0]);
    char *path = file.bad ? NULL : lm_data_find(file.data);
    if (file.bad) lm__no_memory(file.size);
    lm__free(file.data);
    if (path) *strrchr(path, '/') = 0;
    return path;
}
