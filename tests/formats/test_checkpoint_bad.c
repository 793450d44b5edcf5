/* tests/formats/test_checkpoint_bad.c: backups of runs that lie. */
#include "formats_test.h"

#include "formats/checkpoint.h"

enum { TENSORS = 8, NUMBERS = 4096 };

/* A state's HDF5 file with TENSORS datasets, of which all but the first are said to be where the first is, or not. */
static void forge_state(lm__text *text, bool shared)
{
    lm__h5_writer *w;
    char name[16];
    check_ok(lm__h5_create(&w));
    for (int i = 0; i < TENSORS; i++) {
        snprintf(name, sizeof name, "t%d", i);
        lm_tensor *t = counting(LM_F32, 1, (int64_t[]){NUMBERS});
        check_ok(lm__h5_put_tensor(w, name, t));
        lm_free(t);
    }
    lm__sink sink = lm__sink_text(text);
    check_ok(lm__h5_emit(w, &sink));
    lm__h5_discard(w);
    if (!shared) return;
    uint64_t bytes = sizeof(float) * NUMBERS, first = text->size - TENSORS * bytes, end = first + bytes, at;
    for (size_t i = 0; i + 18 <= first; i++) {
        memcpy(&at, text->data + i + 2, 8);
        if (text->data[i] == 3 && text->data[i + 1] == 1 && !memcmp(text->data + i + 10, &bytes, 8) && at >= first)
            memcpy(text->data + i + 2, &first, 8);
    }
    memcpy(text->data + 40, &end, 8);
    text->size = end;
}

/* A sound model with that state beside it, read as a run. */
static lm_status read_with(const lm__text *state, size_t *count)
{
    lm__zip_writer *writer;
    lm__zip *zip;
    uint8_t *data;
    size_t size;
    lm_model *m = sound(lm_sequential(lm_input(.shape = {2}), lm_dense(.units = 1)));
    check_ok(lm_save(m, scratch("model.keras")));
    lm_free(m);
    check_ok(lm__file_read(scratch("model.keras"), 1 << 20, &data, &size));
    check_ok(lm__zip_open("model", data, size, &zip));
    check_ok(lm__zip_create(scratch("run.keras"), &writer));
    for (size_t i = 0; i < lm__zip_count(zip); i++) {
        lm__zip_data member;
        check_ok(lm__zip_read(zip, i, &member));
        check_ok(lm__zip_add(writer, lm__zip_name(zip, i), NULL, member.bytes, member.size));
        lm__zip_release(&member);
    }
    check_ok(lm__zip_add(writer, "lamina/state.json", NULL, "{}", 2));
    check_ok(lm__zip_add(writer, "lamina/state.h5", NULL, state->data, state->size));
    check_ok(lm__zip_commit(writer));
    lm__zip_close(zip), lm__free(data);
    lm__run_state run = {0};
    m = NULL;
    lm_status status = lm__checkpoints.read(scratch("run.keras"), &m, &run);
    *count = run.count;
    lm__run_state_free(&run);
    lm_free(m);
    return status;
}

/* Eight times one dataset would be eight times the memory; a file of some megabytes could ask for terabytes. */
static void datasets_that_overlap(void **state)
{
    (void)state;
    lm__text text = {0};
    size_t count;
    forge_state(&text, false);
    check_ok(read_with(&text, &count));
    assert_int_equal(count, TENSORS);
    text.size = 0;
    forge_state(&text, true);
    assert_fails(read_with(&text, &count), LM_CORRUPT, "lamina/state.h5 has datasets that overlap");
    lm__free(text.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(datasets_that_overlap)};
    return cmocka_run_group_tests(tests, NULL, remove_scratch);
}
