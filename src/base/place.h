/* base/place.h: where this library was installed. */
#ifndef LM_BASE_PLACE_H
#define LM_BASE_PLACE_H

#include <stddef.h>

enum { LM__MOST_PATH = 4096 };

/* The prefix that the shared library, or the program that has the static one inside, stands in: "/usr/local" of
 * "/usr/local/bin/lamina". "" where it stands in no folder for libraries or programs. */
void lm__installed_prefix(char *prefix, size_t size);

#endif
