#!/bin/sh
# Models of every class, printed as C: the programs compile without a warning, and their models are the same.
# programs.sh MAKE_PROGRAMS SOURCE BUILD. All programs are parts of one, so that compiling is quick.
set -u
make_programs=$1 source=$2 build=$3
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
count=$("$make_programs" .) || { echo 'FAIL: no programs were made'; exit 1; }
[ "$count" -gt 40 ] || { echo "FAIL: only $count programs"; exit 1; }
{
    echo '#include <stdlib.h>'
    echo '#include <string.h>'
    i=0
    while [ $i -lt "$count" ]; do
        printf '#define main main_%d\n#define make_model make_model_%d\n#include "%d.c"\n#undef main\n#undef make_model\n' \
            $i $i $i
        i=$((i + 1))
    done
    echo 'static const struct { lm_model *(*make)(void); int (*main)(void); } all[] = {'
    i=0
    while [ $i -lt "$count" ]; do echo "{make_model_$i, main_$i},"; i=$((i + 1)); done
    cat << 'END'
};
static void collect(void *user, const char *text, size_t bytes) { strncat(user, text, bytes); }
static char *read_all(int i, const char *ending)
{
    static char text[1 << 20];
    char path[64];
    snprintf(path, sizeof path, "%d.%s", i, ending);
    FILE *from = fopen(path, "r");
    size_t n = from ? fread(text, 1, sizeof text - 1, from) : 0;
    text[n] = 0;
    if (from) fclose(from);
    return text;
}
int main(void)
{
    static char said[1 << 20];
    int bad = 0;
    for (int i = 0; i < (int)(sizeof all / sizeof *all); i++) {
        said[0] = 0;
        lm_set_sink(collect, said, false);
        int failed = all[i].main();
        lm_set_sink(NULL, NULL, false);
        if (failed) printf("FAIL: program %d ends with %d\n", i, failed), bad = 1;
        if (strcmp(said, read_all(i, "txt"))) printf("FAIL: program %d: its summary is\n%s", i, said), bad = 1;
        lm_model *model = all[i].make();
        char *json = lm_model_to_json(model);
        if (!json || strcmp(json, read_all(i, "json"))) {
            printf("FAIL: program %d: its configuration is\n%s\ninstead of\n%s\n", i, json, read_all(i, "json"));
            bad = 1;
        }
        lm_string_free(json), lm_free(model);
    }
    return bad;
}
END
} > all.c
libraries=$(sed -n 's/^Requires.private: //p' "$build/lamina.pc")
bad=0 ran=0
for compiler in gcc clang; do
    command -v $compiler > /dev/null || { echo "SKIP $compiler: it is not here"; continue; }
    # shellcheck disable=SC2046
    $compiler -Wall -Wextra -Werror -I"$source/include" -I"$build/include" all.c "$build/lib/liblamina.a" \
        $(pkg-config --libs $libraries) -lstdc++ -lpthread -lm -ldl -o all > log 2>&1 ||
        { echo "FAIL: $compiler: the programs do not compile"; head -n 20 log; bad=1; continue; }
    ./all > said 2>&1 || { echo "FAIL: $compiler"; head -n 40 said; bad=1; }
    ran=1
done
[ $ran -eq 1 ] || exit 77
[ $bad -eq 0 ] && echo "OK: $count programs"
exit $bad
