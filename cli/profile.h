/* cli/profile.h: what the parts of lamina profile share. */
#ifndef LAMINA_CLI_PROFILE_H
#define LAMINA_CLI_PROFILE_H

#include "bench.h"

/* Steps summed by layer, or by what they are: in the order in which they come first. */
typedef struct profile_group {
    const char *name;
    double seconds, flops, bytes, bound;
    int steps;
} profile_group;
enum { PROFILE_GROUPS = 512 };
/* How many; what does not fit is in the last one. */
int profile_layers(const lm_profile *p, profile_group groups[PROFILE_GROUPS]);
/* Products and convolutions; element by element; the rest. */
int profile_kinds(const lm_profile *p, profile_group groups[3]);
double profile_seconds(const lm_profile *p);    /* the steps' own times, summed */

/* As text, with the `most` longest steps (0: every step in order); as one JSON object; as Chrome's trace events. */
void profile_print(const bench_job *job, const lm_profile *p, int64_t most);
void profile_json(const bench_job *job, const lm_profile *p);
int profile_trace(const bench_job *job, const lm_profile *p, const char *path);

#endif
