/* tests/support/oom.h: fails allocations one by one. */
#ifndef LM_TESTS_OOM_H
#define LM_TESTS_OOM_H

#include <lamina/status.h>

/* A piece of work that makes what it needs, frees all of it, and returns LM_OK, or LM_NO_MEMORY when an allocation
 * failed (lm_status_of of the poisoned object, or the status of the call). */
typedef lm_status oom_body(void *user);

/* Runs `body` without failures, which must give LM_OK; then with its first allocation failing, then its second, to
 * its last: each must give LM_NO_MEMORY and leave as much memory held as before. A test failure says which. */
void oom_each(oom_body *body, void *user);

/* As oom_each with at most `most` of the allocations, evenly spread: for work with thousands of them. */
void oom_some(oom_body *body, void *user, unsigned long most);

/* The pieces: from now on the n-th allocation (from 1) fails once; 0 none. */
void oom_fail_nth(unsigned long n);
int oom_failed(void);                   /* whether it came to that              */
unsigned long oom_allocations(void);    /* since oom_fail_nth                   */
void oom_off(void);                     /* the C library's allocator again      */

#endif
