/* tests/support/abuse.h: numbers and texts for calls that nobody should make, the same in every run; and an allocator
 * that refuses what is large, so that absurd sizes end as LM_NO_MEMORY at once. */
#ifndef LM_TESTS_ABUSE_H
#define LM_TESTS_ABUSE_H

#include <stddef.h>
#include <stdint.h>

void abuse_seed(uint64_t seed);
uint64_t abuse_below(uint64_t n);           /* in [0, n)                                   */
int64_t abuse_number(void);                 /* small ones mostly; also negative and huge   */
double abuse_double(void);                  /* also infinite and NaN                       */
const char *abuse_text(void);               /* NULL, "", names that exist, and others      */

/* No allocation above `bytes` from now on; 0: the C library's allocator again. */
void abuse_limit(size_t bytes);

#endif
