/* tests/support/parity.h: the cases that real Keras computed (tests/parity/README.md), read and ticked off. Every
 * case of a kind is run; one that compares nothing, or leaves one of its arrays unread, is a failure. */
#ifndef LM_TESTS_PARITY_H
#define LM_TESTS_PARITY_H

#include "codec/npy.h"
#include "graph/graph.h"
#include "nn/config.h"
#include <jansson.h>

enum { PARITY_ARRAYS = 96 };

typedef struct parity_case {
    const lm__npz *npz;
    const json_t *json, *config;        /* the manifest's entry; its "config" */
    long long id;
    const char *title, *class_name;
    double tol;
    struct {
        char name[24];
        lm_tensor *tensor;
    } array[PARITY_ARRAYS];             /* read so far, owned */
    int narrays, compared, problems;
} parity_case;

/* What Lamina does not offer: cases whose title ends so must be refused with these words. */
typedef struct parity_refusal {
    const char *title, *words;
} parity_refusal;

/* Runs `test` on every case of the kind but the refused ones (`refuse`, if not NULL, on those); a cmocka failure at
 * the end if there was any problem, or if the manifest does not hold `count` cases. Lists end with a NULL title. */
typedef void parity_test(parity_case *c);
typedef bool parity_refuse(parity_case *c);     /* whether making it failed */
void parity_run(const char *kind, int count, parity_test *test, const parity_refusal *refusals,
                parity_refuse *refuse);

/* Counts a problem and prints it with the case's title. */
void parity_problem(parity_case *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What was tried must have failed, with these words in the thread's last error; counts as the case's comparison. */
void parity_refused(parity_case *c, bool failed, const char *words);

/* The case's array, borrowed; NULL if it has none of that name. The name is a format: "w%d". */
lm_tensor *parity_array(parity_case *c, const char *name, ...) __attribute__((format(printf, 2, 3)));
/* Row `i` of an array without its first axis, or the array itself where `steps` is 1; a new reference. */
lm_tensor *parity_row(lm_tensor *t, int i, int steps);
/* Compares as the README says; counts as the case's comparison. */
void parity_equal(parity_case *c, const char *what, const lm_tensor *got, const lm_tensor *want);
void parity_number(parity_case *c, const char *what, double got, double want);

/* A field of the manifest's entry. */
long long parity_integer(const parity_case *c, const char *key);
const char *parity_text(const parity_case *c, const char *key);
/* An object of the case's class from its config. */
void *parity_object(const parity_case *c, const lm__class *const *classes, const char *what);

/* A graph under construction with the arrays that go into it: the whole is then run as a user's function is, by a
 * plan with all passes. */
typedef struct parity_graph {
    lm_graph *graph;
    lm_value *input[LM_FUNCTION_MAX], *output[LM_FUNCTION_MAX];
    int ninputs, noutputs;
    lm_function *function;
} parity_graph;
void parity_graph_begin(parity_graph *g);
/* A placeholder like the array; `open`: its first size, if it has one, is the batch. */
lm_value *parity_input(parity_graph *g, const char *name, const lm_tensor *like, bool open);
void parity_output(parity_graph *g, lm_value *v);
/* Makes the function; counts a problem and returns false where the graph carries an error. */
bool parity_finish(parity_graph *g, parity_case *c);
/* Runs it; out[i] new references, also on failure. */
bool parity_call(parity_graph *g, parity_case *c, lm_tensor *const *in, lm_tensor **out);
void parity_graph_end(parity_graph *g);

#endif
