# What to type. Every target installs what it lacks and builds what it needs, so each works first on a fresh machine.
# The build itself is CMake's: see CMakePresets.json.
.DEFAULT_GOAL := all
.PHONY: all run test install bench record-guard asan ubsan tsan valgrind fuzz docs docs-images lint clean help deps configure

# Tests use several threads themselves; with more at a time than CPUs they only wait for each other.
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
CTEST = ctest --output-on-failure -j $(JOBS)

## all        install what is missing and build (the default)
all: configure
	@cmake --build --preset release

## run        the tutorial's job: train, evaluate and save a digit classifier (MNIST)
run: configure
	@cmake --build --preset release --target example_mnist lamina
	@build/examples/mnist

## test       build and run every test
test: all
	@$(CTEST) --test-dir build

## install    build and install to PREFIX (default: /usr/local)
PREFIX ?= /usr/local
install: all
	@cmake --install build --prefix "$(abspath $(PREFIX))"

## bench      measure against TensorFlow and PyTorch
bench: all
	@bench/run.sh

## record-guard  record what steps cost now, where it is meant to have changed (tests/guard)
record-guard: configure
	@cmake --build --preset release --target record_guard

## asan       the tests under the address and undefined-behaviour sanitizers (build-asan/)
## ubsan      the tests under the undefined-behaviour sanitizer alone (build-ubsan/)
asan ubsan: deps
	@cmake --preset $@ && cmake --build --preset $@ && $(CTEST) --test-dir build-$@

## tsan       the tests under clang's thread sanitizer (build-tsan/)
tsan: deps
	@tools/install-deps.sh tsan
	@cmake --preset $@ && cmake --build --preset $@ && $(CTEST) --test-dir build-$@

## valgrind   the tests under valgrind, with one thread and baseline instructions (build-valgrind/; slow)
valgrind: deps
	@tools/install-deps.sh valgrind
	@cmake --preset $@ && cmake --build --preset $@ && $(CTEST) --test-dir build-$@

## fuzz       libFuzzer on every reader of files, TIME=60 seconds each (build-fuzz/)
TIME ?= 60
fuzz: deps
	@tools/install-deps.sh fuzz
	@cmake --preset $@ && cmake --build --preset $@ && tools/fuzz.sh build-fuzz $(TIME) $(RUNS)

## docs       the reference of the public headers by Doxygen (build/docs/html/index.html)
docs: configure
	@tools/install-deps.sh docs
	@cmake --build --preset release --target lamina_headers && tools/docs.sh . build

## docs-images  draw the pictures in docs/images/ anew, by running the examples
docs-images: all
	@tools/docs_images.sh build

## lint       check who includes whom, and the limits on files, functions and lines
lint:
	@tools/check_includes.sh
	@tools/check_sizes.sh . columns

## clean      remove everything that was built
clean:
	rm -rf build build-asan build-ubsan build-tsan build-valgrind build-fuzz

## help       this list
help:
	@sed -n 's/^## /make /p' $(MAKEFILE_LIST)

deps:
	@tools/install-deps.sh build

configure: deps
	@test -f build/build.ninja || cmake --preset release
