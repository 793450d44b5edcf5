#!/bin/sh
# Installs to a temporary prefix, moves it, takes the source tree's path out of it, and builds programs against it as
# somebody else would: by pkg-config and by CMake, static and shared, as C (gcc, clang) and C++17. Runs them and the
# command: install.sh SOURCE_DIR BUILD_DIR
set -u
source=$1 build=$2
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
bad=0
fail() { echo "FAIL: $*"; bad=1; }
version=$(sed -n 's/^#define LAMINA_VERSION "\(.*\)"/\1/p' "$source/include/lamina/runtime.h")

DESTDIR='' cmake --install "$build" --prefix "$folder/first" > "$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
prefix="$folder/a place"                                        # paths may have a space in them
mv "$folder/first" "$prefix"
# What was compiled in and leads back to the source tree leads nowhere now, as if the tree were gone.
nowhere=$(printf '%s' "$source" | sed 's|[^/]|x|g')
find "$prefix" -name 'liblamina*' -type f -o -path '*/bin/*' -type f > "$folder/binaries"
while read -r file; do LC_ALL=C sed -i "s|$source|$nowhere|g" "$file"; done < "$folder/binaries"
grep -rqF "$folder/first" "$prefix/include" "$prefix"/lib*/pkgconfig "$prefix"/lib*/*/pkgconfig 2> /dev/null &&
    fail 'the prefix is written into installed text'

libdir=$(dirname "$(find "$prefix" -name liblamina.a)")
export PKG_CONFIG_PATH="$libdir/pkgconfig" HOME="$folder" XDG_CACHE_HOME="$folder" CCACHE_DISABLE=1
unset LAMINA_DATA
cd "$folder" || exit 1
[ "$(pkg-config --modversion lamina)" = "$version" ] || fail "lamina.pc has another version than $version"
for name in include/lamina/lamina.h include/lamina/layers.h bin/lamina share/lamina/data/mnist/t10k-labels-idx1-ubyte.gz \
    share/doc/lamina/LICENSE share/doc/lamina/NOTICE share/man/man1/lamina.1 share/bash-completion/completions/lamina \
    share/zsh/site-functions/_lamina share/fish/vendor_completions.d/lamina.fish; do
    [ -e "$prefix/$name" ] || fail "$name was not installed"
done
[ "$(readelf -d "$libdir/liblamina.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')" = "liblamina.so.${version%.*}" ] ||
    fail 'the SONAME is not liblamina.so.MAJOR.MINOR'

# ran NAME PROGRAM [ARGUMENT]: it runs, needing no source tree.
ran() {
    if LD_LIBRARY_PATH=$libdir "$2" ${3+"$3"} > out 2>&1; then echo "OK: $1"; else fail "$1"; cat out; fi
}

# --- by pkg-config. Shared, the digits are found beside the library; static, beside the program's bin/.
for compiler in gcc clang; do
    command -v $compiler > /dev/null || { echo "SKIP $compiler: it is not here"; continue; }
    eval "$compiler -Wall -Wextra -Werror '$source/tests/install/outside.c' $(pkg-config --cflags --libs lamina) -o shared_$compiler" ||
        { fail "$compiler, shared: it does not build"; continue; }
    ran "$compiler, shared" ./shared_$compiler "$version"
    grep -qx digits out || { fail "$compiler, shared: the installed digits are not found"; cat out; }
    eval "$compiler '$source/tests/install/outside.c' $(pkg-config --static --cflags --libs lamina | sed 's/-llamina/-l:liblamina.a/') \
        -o '$prefix/bin/static_$compiler'" || { fail "$compiler, static: it does not build"; continue; }
    readelf -d "$prefix/bin/static_$compiler" | grep -q liblamina && fail "$compiler, static: it needs the shared library"
    ran "$compiler, static" "$prefix/bin/static_$compiler" "$version"
    grep -qx digits out || { fail "$compiler, static: the installed digits are not found"; cat out; }
done
for compiler in g++ clang++; do
    command -v $compiler > /dev/null || { echo "SKIP $compiler: it is not here"; continue; }
    eval "$compiler -std=c++17 -Wall -Wextra -Werror '$source/tests/examples/cplusplus.cc' $(pkg-config --cflags --libs lamina) \
        -o plusplus" || { fail "$compiler: it does not build"; continue; }
    ran "$compiler, shared" ./plusplus
done

# --- by CMake: a project in C that has lamina::lamina alone, and one in both languages with lamina::static.
mkdir cmake_c cmake_both
cat > cmake_c/CMakeLists.txt << END
cmake_minimum_required(VERSION 3.22)
project(outside C)
find_package(lamina ${version%.*} REQUIRED)
foreach(kind lamina static)
  add_executable(outside_\${kind} $source/tests/install/outside.c)
  target_link_libraries(outside_\${kind} PRIVATE lamina::\${kind})
endforeach()
END
cat > cmake_both/CMakeLists.txt << END
cmake_minimum_required(VERSION 3.22)
project(outside C CXX)
set(CMAKE_CXX_STANDARD 17)
find_package(lamina REQUIRED)
foreach(kind lamina static)
  add_executable(outside_\${kind} $source/tests/examples/cplusplus.cc)
  target_link_libraries(outside_\${kind} PRIVATE lamina::\${kind})
endforeach()
END
for project in cmake_c cmake_both; do
    if cmake -S $project -B $project/build -DCMAKE_PREFIX_PATH="$prefix" > log 2>&1 && cmake --build $project/build >> log 2>&1
    then
        argument=$version
        ran "$project, shared" $project/build/outside_lamina "$argument"
        ran "$project, static" $project/build/outside_static "$argument"
    else
        fail "$project: it does not build"; tail -n 30 log
    fi
done
sed -i "s/lamina ${version%.*}/lamina 99.0/" cmake_c/CMakeLists.txt
cmake -S cmake_c -B cmake_c/other -DCMAKE_PREFIX_PATH="$prefix" > log 2>&1 && fail 'find_package(lamina 99.0) is content'

ran 'the command' "$prefix/bin/lamina" --version
grep -qF "lamina $version" out || fail "lamina --version does not say $version"
# The program that the installed command begins finds Lamina without being told where.
"$prefix/bin/lamina" new begun > log 2>&1 || { fail 'lamina new'; cat log; }
env -u PKG_CONFIG_PATH make -s -C begun run > out 2>&1 && grep -q '^Test accuracy: 0.9' out ||
    { fail 'the program that lamina new began'; tail -n 5 out; }
exit $bad
