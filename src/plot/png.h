/* plot/png.h: drawings as PNG: few colours in large areas, so that little work makes small files. */
#ifndef LM_PLOT_PNG_H
#define LM_PLOT_PNG_H

#include "base/file.h"
#include <stdint.h>

/* Rows of 0x..RRGGBB, `stride` bytes apart. */
lm_status lm__png_write(lm__file_writer *file, int width, int height, const uint8_t *rows, int stride);

#endif
