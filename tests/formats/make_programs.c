/* tests/formats/make_programs.c: models of every class that exists, with arguments drawn from the classes' own
 * tables, as C programs: make_programs DIR writes DIR/N.c, and DIR/N.json and DIR/N.txt, the configuration and the
 * summary that the program's model must have. Prints how many. */
#include "base/alloc.h"
#include "nn/activations/activation.h"
#include "train/model.h"
#include <lamina/lamina.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 4000, MODELS = 24 };
static uint64_t random_state = 1;
static int programs, bad;
static const char *folder;

static uint64_t below(uint64_t n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (random_state >> 33) % n;
}

/* --- an object of a class, whatever it is ------------------------------------------------------------------- */

static double number(const lm__field *f)
{
    static const double some[] = {0, 1, 2, 3, 0.1, 0.5, 1.0 / 255, 1e-7, 0.25, 1.0 / 3, 6, 1e20, 123456.789};
    double value = some[below(sizeof some / sizeof *some)];
    if (!(f->low < f->high)) return below(2) ? value : -value;
    if (isinf(f->high)) return f->low + value;
    return value > f->high || value < f->low ? f->low + (f->high - f->low) * 0.3 : value;
}

static char *choice(const char *choices)
{
    char *copy = lm__strdup(choices), *at = copy;
    size_t words = 1;
    for (const char *c = choices; *c; c++) words += *c == '|';
    for (size_t k = below(words); k; k--) at = strchr(at, '|') + 1;
    at[strcspn(at, "|")] = 0;
    memmove(copy, at, strlen(at) + 1);
    return copy;
}

static const char *const activations[] = {
#define LM_ACTIVATION(name) #name,
#define LM_ALIAS(alias, name) #alias,
#include "nn/activations/activations.def"
#undef LM_ACTIVATION
#undef LM_ALIAS
};

static void *draw(const lm__class *class, const char *name);

static lm_initializer *initializer(void)
{
    int n = 0;
    while (lm__initializer_classes[n]) n++;
    return draw(lm__initializer_classes[below((uint64_t)n)], NULL);
}

static lm_tensor *tensor(void)
{
    if (below(2)) return lm_tensor_scalar(LM_F64, 0.1);
    return lm_tensor_copy_of(LM_F64, 1, (int64_t[]){3}, (double[]){0.1, 1.0 / 3, 2});
}

static void draw_field(const lm__field *f, void *args, char **texts, int *ntexts)
{
    void *at = (char *)args + f->offset;
    switch (f->kind) {
    case LM__FIELD_COUNT:
    case LM__FIELD_INT: *(int64_t *)at = (f->low < f->high ? (int64_t)f->low : -1) + (int64_t)below(4); break;
    case LM__FIELD_FLOAT: *(double *)at = number(f); break;
    case LM__FIELD_BOOL: *(bool *)at = below(2); break;
    case LM__FIELD_STRING:
        if (f->choices) *(const char **)at = texts[(*ntexts)++] = choice(f->choices);
        break;
    case LM__FIELD_INTS:
        for (int i = 0; i < f->count; i++) ((int64_t *)at)[i] = 1 + (int64_t)below(3);
        break;
    case LM__FIELD_PADS:
        for (int i = 0; i < f->count; i++) ((int64_t *)at)[i] = (int64_t)below(2);
        break;
    case LM__FIELD_SHAPE:
        ((int64_t *)at)[0] = below(2) ? LM_ANY : 2 + (int64_t)below(3);
        ((int64_t *)at)[1] = below(2) ? 0 : 1 + (int64_t)below(4);
        break;
    case LM__FIELD_AXES: memcpy(at, (int64_t[]){below(2) ? -1 : 0, 0}, 2 * sizeof(int64_t)); break;
    case LM__FIELD_TENSOR: *(lm_tensor **)at = tensor(); break;
    case LM__FIELD_ACTIVATION:
        *(const char **)at = activations[below(sizeof activations / sizeof *activations)];
        break;
    case LM__FIELD_INITIALIZER: *(lm_initializer **)((char *)args + f->other) = initializer(); break;
    }
}

/* With some fields drawn; may fail, as not all that is drawn makes sense. */
static void *draw(const lm__class *class, const char *name)
{
    char *texts[32];
    int ntexts = 0;
    lm__args_head *args = lm__calloc(1, class->args_bytes);
    memcpy(args, class->defaults, class->args_bytes);
    args->name = name;
    uint64_t some = 1 + below(3);
    for (const lm__field *f = class->fields; f->name; f++) {
        const int64_t *usual = (const int64_t *)((const char *)class->defaults + f->offset);
        bool required = f->kind == LM__FIELD_INT && !*usual;
        required |= f->kind == LM__FIELD_INTS || f->kind == LM__FIELD_SHAPE;
        if (f->kind == LM__FIELD_TENSOR) required = some == 1;
        if (strcmp(f->name, "dtype") && (required || !below(some + 1))) draw_field(f, args, texts, &ntexts);
    }
    void *object = class->type == &lm__layer_type ? (void *)lm__layer_new((const lm__layer_class *)class, args)
                                                  : lm__configured_new(class, args);
    while (ntexts) lm__free(texts[--ntexts]);
    lm__free(args);
    return object;
}

/* --- models ------------------------------------------------------------------------------------------------- */

static void collect(void *user, const char *text, size_t bytes) { fwrite(text, 1, bytes, user); }

static FILE *file(const char *ending)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%d.%s", folder, programs, ending);
    FILE *to = fopen(path, "w");
    if (!to) perror(path), exit(1);
    return to;
}

/* The program and what it must give. Takes the model over. */
static void put(lm_model *model)
{
    char *text = lm_model_to_c(model), *json = lm_model_to_json(model);
    if (!text || !json) fprintf(stderr, "program %d: %s\n", programs, lm_last_error()), bad = 1;
    FILE *to = file("c");
    fputs(text ? text : "", to), fclose(to);
    to = file("json");
    fputs(json ? json : "", to), fclose(to);
    to = file("txt");
    lm_set_sink(collect, to, false);
    lm_summary(model);
    lm_set_sink(NULL, NULL, false);
    fclose(to);
    programs++;
    lm_string_free(text), lm_string_free(json), lm_free(model);
}

static const char *const names[] = {NULL, NULL, NULL, "\"quoted\"\n\\back", "what?\?=", "größe", "a b",
                                    "\342\200\256turned"};

static lm_layer *input(void)
{
    int64_t size = 5 + (int64_t)below(3);
    switch (below(4)) {
    case 0: return lm_input(.shape = {size});
    case 1: return lm_input(.shape = {below(2) ? size : 2, 4});     /* PositionEmbedding has few rows here */
    case 2: return lm_input(.shape = {size, size, 2}, .dtype = below(4) ? "float32" : "float64");
    default: return lm_input(.shape = {size, size, 3});
    }
}

/* A model with a layer of the class, behind as many others as fit; NULL if nothing sound was drawn. */
static lm_model *model_with(const lm__layer_class *class, int others)
{
    lm_model *model = lm_sequential(input());
    int n = 0;
    while (lm__layer_classes[n]) n++;
    for (int i = 0; i <= others; i++) {
        const lm__class *c = i == others ? &class->base : lm__layer_classes[below((uint64_t)n)];
        if (!strcmp(c->name, "InputLayer")) continue;
        lm_sequential_add(model, draw(c, names[below(sizeof names / sizeof *names)]));
        lm_clear(model);
    }
    const lm_layer *last = lm_model_layer(model, -1);
    if (last && last->base.class == &class->base) return model;
    lm_free(model);
    return NULL;
}

static int length(const lm__class *const *classes)
{
    int n = 0;
    while (classes[n]) n++;
    return n;
}

/* With each optimizer, loss and metric in its turn. */
static void compile(lm_model *model)
{
    for (int i = programs; i < programs + TRIES; i++) {
        const lm__class *optimizer = lm__optimizer_classes[i % length(lm__optimizer_classes)];
        const lm__class *loss = lm__loss_classes[(i - programs / 2) % length(lm__loss_classes)];
        const lm__class *metric = lm__metric_classes[i % length(lm__metric_classes)];
        lm_compile(model, .optimizer = draw(optimizer, below(3) ? NULL : "own"),
                   .loss_object = draw(loss, below(3) ? NULL : "loss \"1\""), .metrics = {"accuracy"},
                   .metric_objects = {draw(metric, below(2) ? NULL : "mine")});
        if (!lm_failed(model)) return;
        lm_clear(model);
    }
    fprintf(stderr, "nothing could be compiled\n");
    bad = 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 2;
    folder = argv[1];
    for (int i = 0; lm__layer_classes[i]; i++) {
        const lm__layer_class *class = (const lm__layer_class *)lm__layer_classes[i];
        lm_model *model = NULL;
        if (!strcmp(class->base.name, "InputLayer") || class->min_inputs > 1) continue;     /* not in a stack */
        for (int try = 0; !model && try < TRIES; try++) model = model_with(class, 0);
        if (!model) fprintf(stderr, "no %s could be drawn\n", class->base.name), bad = 1;
        else put(model);
    }
    for (int i = 0; i < MODELS; i++) {
        int layer = i;
        lm_model *model = NULL;
        while (!model) {
            int n = 0;
            while (lm__layer_classes[n]) n++;
            model = model_with((const lm__layer_class *)lm__layer_classes[layer++ % n], 1 + (int)below(6));
        }
        if (i % 3 == 1) lm_model_set_name(model, "named \"so\" */");
        compile(model);
        put(model);
    }
    lm_model *deep = lm_sequential(lm_input(.shape = {2}));
    for (int i = 0; i < 100; i++) lm_sequential_add(deep, lm_dense(.units = 2, .activation = i % 7 ? "relu" : NULL));
    put(deep);
    put(lm_sequential());
    put(lm_sequential(lm_dense(.units = 3, .name = "dense_1"), lm_dense(.units = 2)));
    put(lm_sequential(lm_input(.shape = {LM_ANY, LM_ANY, 3}), lm_conv2d(.filters = 1, .kernel_size = {3})));
    printf("%d\n", programs);
    return bad;
}
