/* tests/formats/test_keras_graph.c: graphs of Functional configurations, and those that are none. */
#include "formats_test.h"

#define MODEL(layers, in, out)                                                                                   \
    "{\"class_name\": \"Functional\", \"config\": {\"name\": \"g\", \"layers\": [" layers                            \
    "], \"input_layers\": " in ", \"output_layers\": " out "}}"
#define IN                                                                                                       \
    "{\"class_name\": \"InputLayer\", \"name\": \"i\", \"config\": {\"name\": \"i\", \"batch_shape\": "              \
    "[null, 4]}, \"inbound_nodes\": []}"
#define T(name, call, output)                                                                                    \
    "{\"class_name\": \"__keras_tensor__\", \"config\": {\"keras_history\": [\"" name "\", " call ", " output "]}}"
#define CALL(args, kwargs) "{\"args\": [" args "], \"kwargs\": {" kwargs "}}"
#define LAYER(class_name, name, more, calls)                                                                     \
    "{\"class_name\": \"" class_name "\", \"name\": \"" name "\", \"config\": {\"name\": \"" name "\"" more          \
    "}, \"inbound_nodes\": [" calls "]}"
#define DENSE(name, calls) LAYER("Dense", name, ", \"units\": 4", calls)
#define I "[\"i\", 0, 0]"

static void refused_graph(const char *json, lm_status status, const char *words)
{
    size_t live = lm_memory().live;
    lm_model *m = lm_model_from_json(json);
    if (lm_status_of(m) != status || !strstr(lm_error(m), words))
        fail_msg("%s\n  said     %s\n  expected %s", json, lm_error(m), words);
    lm_free(m);
    assert_int_equal(lm_memory().live, live);
}

static void no_graphs(void **state)
{
    (void)state;
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("e", "0", "0"), "")), I, "[\"d\", 0, 0]"), LM_CORRUPT,
                  "its graph names a layer \"e\", which it does not have");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("i", "1", "0"), "")), I, "[\"d\", 0, 0]"), LM_CORRUPT,
                  "call 1 of layer i is wanted, but it has 1");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("i", "0", "1"), "")), I, "[\"d\", 0, 0]"), LM_UNSUPPORTED,
                  "output 1 of layer i is used");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("d", "0", "0"), "")), I, "[\"d\", 0, 0]"), LM_CORRUPT,
                  "layer d depends on what it gives itself");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("e", "0", "0"), "")) ", " DENSE("e", CALL(T("d", "0", "0"), "")), I,
                        "[\"d\", 0, 0]"), LM_CORRUPT, "depends on what it gives itself");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("i", "0", "0") ", " T("i", "0", "0"), "")), I, "[\"d\", 0, 0]"),
                  LM_INVALID, "layer d: Dense takes one input, but 2 came");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("i", "0", "0"), "\"mask\": true")), I, "[\"d\", 0, 0]"),
                  LM_UNSUPPORTED, "layer d is called with mask, which Lamina does not have");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("i", "0", "0"), "")) ", " DENSE("d", CALL(T("i", "0", "0"), "")), I,
                        "[\"d\", 0, 0]"), LM_CORRUPT, "two of its layers are named \"d\"");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("i", "0", "0"), "")), "[]", "[\"d\", 0, 0]"), LM_CORRUPT,
                  "it has no list of inputs");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("i", "0", "0"), "")), I, "[\"d\", 1, 0]"), LM_CORRUPT,
                  "call 1 of layer d is wanted, but it has 1");
    refused_graph(MODEL(IN ", " DENSE("d", CALL(T("i", "0", "0"), "")), "[\"d\", 0, 0]", "[\"d\", 0, 0]"),
                  LM_INVALID, ".inputs[0] is what d gives");
    refused_graph(MODEL(IN ", " LAYER("Add", "a", "", CALL(T("i", "0", "0"), "")), I, "[\"a\", 0, 0]"),
                  LM_UNSUPPORTED, "layer a is not called with a list of inputs");
    refused_graph(MODEL(IN ", " DENSE("d", CALL("3", "")), I, "[\"d\", 0, 0]"), LM_UNSUPPORTED,
                  "a call takes something that no layer gives");
    refused_graph(MODEL(IN ", " DENSE("d", "7"), I, "[\"d\", 0, 0]"), LM_CORRUPT,
                  "a call of layer d has no arguments");
}

/* Keras 2 lists places; layers may stand before what they take, and what nobody needs is left out. */
static void of_keras_2(void **state)
{
    (void)state;
    lm_model *m = sound(lm_model_from_json(MODEL(
        LAYER("Add", "a", "", "[[\"d\", 1, 0, {}], [\"i\", 0, 0, {}]]") ", " IN ", "
        DENSE("d", "[[\"i\", 0, 0, {}]], [[\"d\", 0, 0, {\"training\": null}]]") ", "
        DENSE("lost", "[[\"a\", 0, 0, {}]]"),
        "[[\"i\", 0, 0]]", "[[\"a\", 0, 0]]")));
    assert_int_equal(lm_model_layers(m), 2);
    assert_string_equal(lm_layer_name(lm_model_layer(m, 0)), "d");
    assert_string_equal(lm_model_name(m), "g");
    lm_free(m);
}

RUN(cmocka_unit_test(no_graphs), cmocka_unit_test(of_keras_2))
