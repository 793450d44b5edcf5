/* plot/cairo.c: see cairo.h. */
#include "plot/cairo.h"

lm__cairo_functions lm__cairo;

lm__library lm__cairo_library = {.name = "cairo",
                                 .use = "drawing pictures",
                                 .package = "libcairo2",
                                 .files = (const char *const[]){"libcairo.so.2", NULL},
                                 .symbols = (const char *const[]){LM__CAIRO(LM__LIBRARY_NAME) NULL},
                                 .functions = &lm__cairo,
                                 LM__LIBRARY_CLOSED};
