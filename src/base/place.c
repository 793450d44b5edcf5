/* base/place.c: finding the installed files from where the code itself is, so that an installed tree may be moved. */
#define _GNU_SOURCE
#include "base/place.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The file that this code was loaded from. The main program's name is argv[0], which may be anything: the kernel
 * knows better. */
static void own_file(char *path, size_t size)
{
    Dl_info info;
    struct link_map *map = NULL;
    path[0] = 0;
    if (dladdr1((void *)own_file, &info, (void **)&map, RTLD_DL_LINKMAP) && map && map->l_name[0]) {
        if (strlen(map->l_name) < size) strcpy(path, map->l_name);
        return;
    }
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    path[length > 0 ? length : 0] = 0;
}

/* Cuts "/FOLDER" from the end of the path; 0 if it has another end. */
static int cut_folder(char *path, const char *folder)
{
    size_t length = strlen(path), end = strlen(folder);
    if (length <= end || path[length - end - 1] != '/' || strcmp(path + length - end, folder) != 0) return 0;
    path[length - end - 1] = 0;
    return 1;
}

void lm__installed_prefix(char *prefix, size_t size)
{
    own_file(prefix, size);
    char *name = strrchr(prefix, '/');
    if (name) *name = 0;
    if (!name || (!cut_folder(prefix, LM_BINDIR) && !cut_folder(prefix, LM_LIBDIR))) prefix[0] = 0;
}
