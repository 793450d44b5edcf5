/* The instruction level and its cap. A level is read once, so each case is a child process of its own. */
#include "support/check.h"

#include "base/cpu.h"

#include <lamina/runtime.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The level under LAMINA_ISA=value, plus 100 if there is a warning; NULL: unset. */
static int level_under(const char *value)
{
    pid_t child = fork();
    if (child == 0) {
        if (value)
            setenv("LAMINA_ISA", value, 1);
        else
            unsetenv("LAMINA_ISA");
        int level = (int)lm__isa_level();
        _exit(level + (lm__isa_warning() ? 100 : 0));
    }
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void the_cap_holds(void **state)
{
    (void)state;
    int best = level_under(NULL);
    assert_in_range(best, LM__ISA_BASELINE, LM__ISA_NEON);
    assert_int_equal(level_under("baseline"), LM__ISA_BASELINE);
    assert_int_equal(level_under(""), best);
    if (best == LM__ISA_NEON) {
        assert_int_equal(level_under("v3"), 100 + best);
        return;
    }
    for (int cap = LM__ISA_BASELINE; cap <= LM__ISA_AMX; cap++)
        assert_int_equal(level_under(lm__isa_name((lm__isa)cap)), cap < best ? cap : best);
    assert_int_equal(level_under("neon"), 100 + best);
}

static void an_unknown_cap_counts_as_unset(void **state)
{
    (void)state;
    assert_int_equal(level_under("avx9"), 100 + level_under(NULL));
}

static void the_compiler_agrees(void **state)
{
    (void)state;
#if defined(__x86_64__)
    int best = level_under(NULL), v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    int v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
             __builtin_cpu_supports("avx512vl");
    assert_int_equal(best >= LM__ISA_V3, !!v3);
    assert_int_equal(best >= LM__ISA_V4, !!v4);
#else
    skip();
#endif
}

static void names_and_counts(void **state)
{
    (void)state;
    assert_string_equal(lm__isa_name(LM__ISA_V4), "v4");
    assert_string_equal(lm__isa_name((lm__isa)77), "?");
    assert_string_equal(lm_isa(), lm__isa_name(lm__isa_level()));
    assert_true(lm__cpu_count() >= 1);
    assert_string_equal(lm_version(), LAMINA_VERSION);
}

RUN(cmocka_unit_test(the_cap_holds), cmocka_unit_test(an_unknown_cap_counts_as_unset),
    cmocka_unit_test(the_compiler_agrees), cmocka_unit_test(names_and_counts))
