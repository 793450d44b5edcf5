/* tests/fuzz/replay.c: a fuzzer's entry point without libFuzzer: replay NAME LIST COUNT runs it over every seed that
 * the file LIST names, and over COUNT inputs made from the seeds by damage that is the same in every run. */
#include "fuzz.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SEEDS = 1000, MOST_BYTES = 1 << 17 };

typedef struct input {
    uint8_t *data;
    size_t size;
} input;

static input seeds[MOST_SEEDS];
static char names[MOST_SEEDS][512];
static int seed_count;

static uint64_t state = 0x9e3779b97f4a7c15u;
static uint32_t draw(uint32_t below)            /* xorshift64* */
{
    state ^= state >> 12, state ^= state << 25, state ^= state >> 27;
    return below ? (uint32_t)((state * 0x2545f4914f6cdd1du) >> 32) % below : 0;
}

/* What was being run, for the moment when it ends the process. */
static char running[600];
static void on_end(int number)
{
    ssize_t said = write(2, running, strlen(running));
    (void)said;
    signal(number, SIG_DFL);
    raise(number);
}

/* On a copy of just these bytes, so that reading beyond them shows under valgrind and the sanitizers. */
static void execute(const uint8_t *data, size_t size, int seed, int number)
{
    snprintf(running, sizeof running, "replay: in %s, damage %d\n", names[seed], number);
    uint8_t *copy = malloc(size ? size : 1);
    if (!copy) exit(2);
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static void flip(input *in) { in->data[draw((uint32_t)in->size)] ^= (uint8_t)(1u << draw(8)); }

static void set_byte(input *in)
{
    static const uint8_t BYTES[] = {0, 1, 0x7f, 0x80, 0xff, '0', '"', '{', '[', '.', '/', ','};
    in->data[draw((uint32_t)in->size)] = BYTES[draw(sizeof BYTES)];
}

/* A number of 2, 4 or 8 bytes that sizes go wrong with, in either order of bytes. */
static void set_number(input *in)
{
    static const uint64_t NUMBERS[] = {0, 1, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff,
                                       0x7fffffffffffffff, 0xffffffffffffffff};
    size_t width = (size_t)2 << draw(3);
    if (in->size < width) return;
    uint64_t number = NUMBERS[draw(sizeof NUMBERS / sizeof *NUMBERS)];
    uint32_t at = draw((uint32_t)(in->size - width + 1)), big = draw(2);
    for (size_t i = 0; i < width; i++) in->data[at + (big ? width - 1 - i : i)] = (uint8_t)(number >> 8 * i);
}

static void cut(input *in) { in->size = draw((uint32_t)in->size); }

/* A piece of the input moves to another place in it. */
static void move_piece(input *in)
{
    uint32_t size = (uint32_t)in->size, length = 1 + draw(size < 64 ? size : 64);
    memmove(in->data + draw(size - length + 1), in->data + draw(size - length + 1), length);
}

static void damage(input *in)
{
    static void (*const WAYS[])(input *) = {flip, flip, set_byte, set_byte, set_number, set_number, move_piece, cut};
    for (uint32_t times = 1 + draw(4); times && in->size; times--) WAYS[draw(sizeof WAYS / sizeof *WAYS)](in);
}

static void read_seed(const char *path)
{
    FILE *file = fopen(path, "rb");
    input *in = &seeds[seed_count];
    in->data = malloc(MOST_BYTES);
    if (!file || !in->data || seed_count == MOST_SEEDS - 1) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        exit(2);
    }
    in->size = fread(in->data, 1, MOST_BYTES, file);
    fclose(file);
    snprintf(names[seed_count++], sizeof *names, "%s", path);
}

int main(int argc, char **argv)
{
    static uint8_t bytes[MOST_BYTES];
    char path[512];
    FILE *list = argc == 4 ? fopen(argv[2], "r") : NULL;
    if (!list) return 2;
    while (fgets(path, sizeof path, list)) {
        path[strcspn(path, "\n")] = 0;
        if (*path) read_seed(path);
    }
    fclose(list);
    signal(SIGABRT, on_end), signal(SIGSEGV, on_end), signal(SIGFPE, on_end), signal(SIGBUS, on_end);
    for (int i = 0; i < seed_count; i++) execute(seeds[i].data, seeds[i].size, i, 0);
    int count = atoi(argv[3]);
    for (int k = 0; k < count && seed_count; k++) {
        input in = {bytes, seeds[k % seed_count].size};
        memcpy(bytes, seeds[k % seed_count].data, in.size);
        damage(&in);
        execute(bytes, in.size, k % seed_count, k + 1);
    }
    printf("%s: %d seeds, %d damaged inputs\n", argv[1], seed_count, count);
    for (int i = 0; i < seed_count; i++) free(seeds[i].data);
    return seed_count == 0;             /* a reader without a seed is not tested */
}
