/* cli/new_files.h: what lamina new writes. "@NAME@" is the program's name; the rest is in new.c. */
#ifndef LAMINA_CLI_NEW_FILES_H
#define LAMINA_CLI_NEW_FILES_H

static const char main_c[] =
    "/* @NAME@: learns to read handwritten digits, and leaves what it has learnt in digits.keras. */\n"
    "#include <lamina/lamina.h>\n"
    "#include <stdio.h>\n"
    "\n"
    "int main(void)\n"
    "{\n"
    "    lm_dataset *train, *test;\n"
    "    lm_data_mnist(&train, &test);           /* pictures (28, 28, 1) of 0 to 255, labels 0 to 9 */\n"
    "    train = lm_data_take(train, 12800);     /* of 60,000: a few seconds. Leave it out for all */\n"
    "\n"
    "    lm_model *model = lm_sequential(\n"
    "        lm_input(.shape = {28, 28, 1}),\n"
    "        lm_rescaling(.scale = 1.0 / 255),\n"
    "        lm_conv2d(.filters = 16, .kernel_size = {3, 3}, .activation = \"relu\"),\n"
    "        lm_max_pooling2d(.pool_size = {2, 2}),\n"
    "        lm_flatten(),\n"
    "        lm_dense(.units = 64, .activation = \"relu\"),\n"
    "        lm_dense(.units = 10, .activation = \"softmax\"));\n"
    "    lm_compile(model, .optimizer = lm_adam(), .loss = \"sparse_categorical_crossentropy\",\n"
    "               .metrics = {\"accuracy\"});\n"
    "    lm_fit(model, train, .epochs = 1);\n"
    "\n"
    "    lm_logs result = lm_evaluate(model, test);\n"
    "    printf(\"Test accuracy: %.4f\\n\", lm_get(result, \"accuracy\"));\n"
    "    lm_save(model, \"digits.keras\");\n"
    "\n"
    "    int failed = lm_failed(model);          /* the first error, wherever it was */\n"
    "    if (failed) fprintf(stderr, \"%s\\n\", lm_error(model));\n"
    "    lm_free(model), lm_free(train), lm_free(test);\n"
    "    return failed;\n"
    "}\n";

static const char readme_digits[] =
    "# @NAME@\n"
    "\n"
    "A program with Lamina that learns to read handwritten digits.\n"
    "\n"
    "    make run                              build it, train for a few seconds, test it\n"
    "    lamina summary digits.keras           what it has built\n"
    "    lamina predict digits.keras scan.png  ask it about a picture of a digit\n"
    "\n"
    "Next: train on all of the digits (leave out `lm_data_take`), for more epochs (`.epochs = 5`), or on pictures\n"
    "of your own: `lm_data_from_folder` reads a folder with one sub-folder a class.\n";

static const char readme_model[] =
    "# @NAME@\n"
    "\n"
    "A model as a C program: `main.c` builds it, `model.weights.h5` holds its weights.\n"
    "\n"
    "    make run      build the program, load the weights, print the model's summary\n"
    "\n"
    "Next: change the layers in `main.c` (weights fit only the layers they were made with), train them with\n"
    "`lm_fit`, ask them with `lm_predict`, and keep the result with `lm_save(model, \"model.keras\")`.\n";

static const char makefile[] =
    "# @NAME@: make builds it, make run runs it, make clean removes what was built.\n"
    "# Lamina is found by pkg-config where it is installed; in a source tree that was built, by its path:\n"
    "# make LAMINA_DIR=/path/to/lamina\n"
    "PROGRAM = @NAME@\n"
    "CFLAGS ?= -O2 -g\n"
    "CFLAGS += -std=gnu11 -Wall -Wextra\n"
    "PKG_CONFIG ?= pkg-config\n"
    "@PLACE@"
    "\n"
    "ifndef LAMINA_DIR\n"
    "  ifeq ($(shell $(PKG_CONFIG) --exists lamina && echo found),found)\n"
    "    LAMINA_CFLAGS := $(shell $(PKG_CONFIG) --cflags lamina)\n"
    "    LAMINA_LIBS := $(shell $(PKG_CONFIG) --libs lamina)\n"
    "    LAMINA_LIBS += -Wl,-rpath,$(shell $(PKG_CONFIG) --variable=libdir lamina)\n"
    "  else\n"
    "    LAMINA_DIR := $(LAMINA_TREE)\n"
    "  endif\n"
    "endif\n"
    "ifdef LAMINA_DIR\n"
    "  LAMINA_BUILD ?= $(LAMINA_DIR)/build\n"
    "  LAMINA_CFLAGS := -I$(LAMINA_DIR)/include -I$(LAMINA_BUILD)/include\n"
    "  LAMINA_PARTS := $(shell sed -n 's/^Requires.private: //p' $(LAMINA_BUILD)/lamina.pc)\n"
    "  LAMINA_LIBS := $(LAMINA_BUILD)/lib/liblamina.a $(shell $(PKG_CONFIG) --libs $(LAMINA_PARTS)) \\\n"
    "    $(shell sed -n 's/^Libs.private: //p' $(LAMINA_BUILD)/lamina.pc)\n"
    "endif\n"
    "\n"
    "$(PROGRAM): main.c Makefile\n"
    "\t@test -n \"$(LAMINA_LIBS)\" || \\\n"
    "\t  { echo \"Lamina is not found: install it, or make LAMINA_DIR=/path/to/lamina\"; exit 1; }\n"
    "\t$(CC) $(CFLAGS) $(LAMINA_CFLAGS) main.c $(LDFLAGS) $(LAMINA_LIBS) -o $@\n"
    "\n"
    ".PHONY: run clean\n"
    "run: $(PROGRAM)\n"
    "\t./$(PROGRAM)\n"
    "\n"
    "clean:\n"
    "\trm -f $(PROGRAM)\n";

static const char gitignore[] =
    "/@NAME@\n"
    "*.o\n"
    "*.keras\n";

#endif
