# Turns Debian packages that lie unpacked below $root into a toolchain that is mounted at $place and
# runs there whatever C library, compiler and headers the root around it has. mmdebstrap runs it with
# these set: root; place; compiler, a version such as 10.2.1; perhaps plugin, what the compiler is to
# load. Part of each toolchain's digest.
set -eu

major=${compiler%%.*}
triplet=$(basename "$root"/usr/lib/gcc/*)
programs=$root/usr/bin

# --- which Debian sources it was built from, before their changelogs go; is it this compiler?
find "$root/usr/share/doc" -type f -name 'changelog.Debian*.gz' -exec sh -c '
    for file; do zcat "$file" | head -n 1; done
' sh {} + | sed -n 's/^\([^ ]* ([^)]*)\).*/\1/p' | LC_ALL=C sort -u > "$root/SOURCES"
if ! grep -q "^gcc-$major ($compiler-" "$root/SOURCES"; then
    echo "E: the suite has no GCC $compiler but $(grep "^gcc-$major " "$root/SOURCES")" >&2
    exit 1
fi

# --- one /usr, whether or not the suite had merged /lib into it
for name in lib lib64; do
    mkdir -p "$root/usr/$name"
    if [ -d "$root/$name" ] && [ ! -L "$root/$name" ]; then
        cp -a "$root/$name/." "$root/usr/$name/"
        rm -rf "$root/$name"
    fi
    ln -sfnT "usr/$name" "$root/$name"
done

# --- only what compiling and linking take; /dev and its like are mounted here and stay
cp "$programs/patchelf" "$root/usr/lib/patchelf.unchanged"
rm -rf "$root/bin" "$root/sbin" "$root/usr/sbin" "$root/var/lib/dpkg" "$root/var/cache/debconf"
find "$root/usr" -mindepth 1 -maxdepth 1 ! -name bin ! -name include ! -name 'lib*' -exec rm -rf {} +
find "$programs" -mindepth 1 ! -name "$triplet-*" ! -name patchelf -delete
rm -f "$programs/$triplet-lto-dump"* "$programs/$triplet-gcov"* "$programs/$triplet-gprof"*
find "$root/usr/lib/$triplet" -mindepth 1 -maxdepth 1 \( -name 'perl*' -o -name gconv \) \
    -exec rm -rf {} +

# --- links stay inside wherever the tree is
find "$root/usr" -type l -lname '/*' | while read -r link; do
    ln -srfT "$root$(readlink "$link")" "$link"
done
find "$root/usr" -xtype l -delete

# --- programs run with the tree's own C library, whatever the root around them has
patch() {
    chroot "$root" /usr/lib/patchelf.unchanged "$@"
}
# Since 0.18 it sorts the headers, and what comes of cc1 and its like crashes.
unsorted=$(patch --help 2>&1 | grep -o -- --no-sort || true)
find "$root/usr" -type f -perm -u+x ! -name '*.so*' ! -name patchelf.unchanged |
    while read -r file; do
        path=${file#"$root"}
        interpreter=$(patch --print-interpreter "$path" 2> /dev/null) || continue
        # shellcheck disable=SC2086 # nothing, or one option
        patch $unsorted --set-interpreter "$place$interpreter" \
            --force-rpath --set-rpath "$place/usr/lib/$triplet" "$path"
    done
rm "$root/usr/lib/patchelf.unchanged"

# --- where the compiler looks for assembler and linker, before it looks at PATH
mkdir -p "$root/usr/$triplet/bin" "$root/bin"
for tool in as ld ld.bfd ld.gold nm ar ranlib strip objcopy objdump; do
    if [ -e "$programs/$triplet-$tool" ]; then
        ln -s "../../bin/$triplet-$tool" "$root/usr/$triplet/bin/$tool"
    fi
done

# --- what a build has first on its PATH
loads=${plugin:+-fplugin=$plugin}
wrapper() { # NAME PROGRAM [OPTION]
    printf '#!/bin/sh\nexec %s --sysroot=%s%s "$@"\n' "$place/usr/bin/$2" "$place" "${3:+ $3}" \
        > "$root/bin/$1"
    chmod 0755 "$root/bin/$1"
}
for prefix in '' "$triplet-"; do
    for name in gcc "gcc-$major"; do wrapper "$prefix$name" "$triplet-gcc-$major" "$loads"; done
    for name in g++ "g++-$major"; do wrapper "$prefix$name" "$triplet-g++-$major" "$loads"; done
    for name in cpp "cpp-$major"; do wrapper "$prefix$name" "$triplet-cpp-$major"; done
    for name in ld ld.bfd ld.gold; do
        if [ -e "$programs/$triplet-$name" ]; then wrapper "$prefix$name" "$triplet-$name"; fi
    done
    for name in ar nm ranlib; do
        printf '#!/bin/sh\nexec %s "$@"\n' "$place/usr/bin/$triplet-gcc-$name-$major" \
            > "$root/bin/${prefix}gcc-$name"
        chmod 0755 "$root/bin/${prefix}gcc-$name"
    done
    for name in as ar nm ranlib strip objcopy objdump readelf size strings addr2line c++filt; do
        ln -s "../usr/bin/$triplet-$name" "$root/bin/$prefix$name"
    done
done
wrapper cc "$triplet-gcc-$major" "$loads"
wrapper c++ "$triplet-g++-$major" "$loads"
ln -s ../usr/bin/patchelf "$root/bin/patchelf"

# --- Debian's Python headers include this one by a path relative to /usr/include
for version in 2.7 3.5 3.6 3.7 3.8 3.9 3.10 3.11 3.12 3.13 3.14; do
    headers=usr/include/$triplet/python$version
    mkdir -p "$root/$headers"
    printf '#include "/%s/pyconfig.h"\n' "$headers" > "$root/$headers/pyconfig.h"
done
