/* kernels/map_sums.h: the sums of a map (kernels/map.h) while it runs. Inside of map.c.
 *
 * Each job adds its chunk up, block after block, over rows of several whole periods, so that there are enough
 * independent sums for the processor; then folds them to one period and leaves them among the chunks' partial sums,
 * which are joined at the end, always in the same order. */
#ifndef LM_KERNELS_MAP_SUMS_H
#define LM_KERNELS_MAP_SUMS_H

#include "kernels/map.h"

/* Elements of the rows that are added up: whole periods of the map's sums and of `period`. */
size_t lm__map_sums_width(const lm__map *map, size_t period);
/* Bytes for one thread, and for all together. */
size_t lm__map_sums_scratch(const lm__map *map, size_t width);
size_t lm__map_sums_shared(const lm__map *map, size_t chunks);

/* One chunk: begin, a block at a time (reg[sum[s]]: its n elements), end. `total`: the scratch of the thread. */
void lm__map_sums_begin(const lm__map *map, size_t width, float *total);
void lm__map_sums_add(const lm__map *map, size_t width, const void *const *reg, size_t n, float *total);
void lm__map_sums_end(const lm__map *map, size_t width, const float *total, size_t chunk, size_t chunks,
                      float *shared);
/* After all chunks: out[s] receives sum s; NULL: not wanted. */
void lm__map_sums_join(const lm__map *map, size_t chunks, const float *shared, void *const *out);

#endif
