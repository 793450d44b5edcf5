#!/bin/bash
# Installs what is missing to build and test Lamina: `tools/install-deps.sh [build] [tsan] [fuzz] [valgrind] [docs]`
# (default: build). Does nothing, and uses no network, where everything is there. Without apt or the right to use it:
# lists what is missing and exits with 1.
set -euo pipefail

has() { command -v "$1" > /dev/null 2>&1; }
library() { has pkg-config && pkg-config --exists "$1" 2> /dev/null; }
header() { has cc && echo "#include <$1>" | cc -E -x c - > /dev/null 2>&1; }
runtime() {     # NAME: clang's runtime library of that name
    has clang && ls "$(clang -print-resource-dir)"/lib/*/libclang_rt."$1"*.a > /dev/null 2>&1
}

selenium() { /usr/bin/python3 -c 'import selenium' 2> /dev/null; }

missing=()
need() {    # PACKAGE CHECK...: the Debian package that brings what the check looks for
    local package=$1; shift
    "$@" || missing+=("$package")
}

for set in "${@:-build}"; do
    case $set in
    build)
        need build-essential has cc
        need build-essential has c++
        need build-essential has make
        need cmake has cmake
        need ninja-build has ninja
        need pkg-config has pkg-config
        need zlib1g-dev library zlib
        need libjansson-dev library jansson
        need libpng-dev library libpng
        need libjpeg62-turbo-dev library libjpeg
        need libmicrohttpd-dev header microhttpd.h
        need libcairo2-dev library cairo
        need libcurl4-openssl-dev header curl/curl.h
        need libcmocka-dev library cmocka
        need libdnnl-dev header dnnl.h
        ;;
    tsan)
        need clang has clang
        need libclang-rt-dev runtime tsan
        ;;
    fuzz)
        need clang has clang
        need libclang-rt-dev runtime fuzzer
        ;;
    valgrind) need valgrind has valgrind ;;
    docs) need doxygen has doxygen ;;
    browser)
        need chromium has chromium
        need chromium-driver has chromedriver
        need python3-selenium selenium
        ;;
    *) echo "install-deps: unknown set '$set' (build, tsan, fuzz, valgrind, docs, browser)" >&2; exit 2 ;;
    esac
done
((${#missing[@]})) || exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)

list() { printf '  %s\n' "${missing[@]}"; }
if ! has apt-get; then
    echo "install-deps: this system has no apt-get; install what these Debian packages bring:" >&2
    list >&2
    exit 1
fi
as_root=()
if (($(id -u) != 0)); then
    # sudo may ask for a password only where somebody can answer.
    if has sudo && { sudo -n true 2> /dev/null || [[ -t 0 && -t 2 ]]; }; then
        as_root=(sudo)
    else
        echo "install-deps: missing, and there is no right to install them; as root: apt-get install" >&2
        list >&2
        exit 1
    fi
fi
echo "install-deps: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
