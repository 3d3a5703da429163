# Makes Debian 11's GCC hoist values as published wheels' GCC did. Theirs is of 2021-01-30, Debian's of
# 2021-01-10, and one change of the branch between them is seen in most code, that of 2021-01-11 for PR
# tree-optimization/97623: values are hoisted once, backwards, after partial redundancies are gone, and
# not in each round. This makes a plugin of Debian's own source of that pass and of the change below,
# which is all there is of it here; toolchain.sh has the compilers load it.
# Runs before toolchain.sh, with the same variables set and one more: making, packages that are needed
# only meanwhile. Sets plugin for it. Part of the toolchain's digest.
set -eu

work=$root/making
mkdir "$work"

# --- the packages, beside what becomes the toolchain
# shellcheck disable=SC2086 # words
(cd "$work" && APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get download -q $making)
for package in "$work"/*.deb; do
    dpkg-deb -x "$package" "$work"
done

# --- upstream's files, and of Debian's patches what they say about these
packed=usr/src/gcc-10
chroot "$root" /making/usr/bin/xz -dc /making/$packed/gcc-10.2.0-dfsg.tar.xz | tar -x -C "$work" \
    --strip-components=2 gcc-10.2.0/gcc/tree-ssa-pre.c
for name in pr95842 git-updates; do
    awk '/^--- / { old = $0; next }
        /^\+\+\+ / { wanted = $2 ~ /gcc\/(tree-ssa-pre\.c|common\/.*\/i386-cpuinfo\.h)$/
                     if (wanted) { print old; found = 1 } }
        wanted
        END { exit !found }' "$work/$packed/debian/patches/$name.diff" > "$work/$name.diff"
    chroot "$root" /making/usr/bin/patch --fuzz=0 --strip=3 --directory=/making < "$work/$name.diff"
done

# --- the change
replace() { # OLD NEW: in the pass, where OLD has to stand exactly once
    if [ "$(grep -oF "$1" "$work/tree-ssa-pre.c" | wc -l)" != 1 ]; then
        echo "E: GCC's source has not exactly one '$1'" >&2
        exit 1
    fi
    sed -i "s/$1/$2/" "$work/tree-ssa-pre.c"
}
replace 'changed |= do_hoist_insertion (block);' ';'
replace 'free (rpo);' 'hoist_backwards (rpo, rpo_num); free (rpo);'
cat > "$work/hoist-once.cc" << 'END'
#include "gcc-plugin.h"
#include "context.h"
#include "opts.h"
#include "plugin-version.h"
#include "toplev.h"
#include "tree-pass.h"

static bool do_hoist_insertion (basic_block);

/* ORDER has the indexes of all COUNT blocks in reverse post order: each comes up after those that can
   follow it, so that what was hoisted into these can go on from there.  */
static void
hoist_backwards (const int *order, int count)
{
  while (flag_code_hoisting && count-- > 0)
    {
      basic_block block = BASIC_BLOCK_FOR_FN (cfun, order[count]);
      if (EDGE_COUNT (block->succs) > 1)
        do_hoist_insertion (block);
    }
}

#include "tree-ssa-pre.c"

/* What is compiled says with which options, and should not say that it was with this one.  */
static void
forget_option (const char *plugin)
{
  for (unsigned i = 0; i < save_decoded_options_count; i++)
    if (save_decoded_options[i].opt_index == OPT_fplugin_
        && strcmp (save_decoded_options[i].arg, plugin) == 0)
      save_decoded_options[i].opt_index = OPT_SPECIAL_ignore;
}

#define SEEN __attribute__ ((visibility ("default")))

SEEN int plugin_is_GPL_compatible;

extern "C" SEEN int
plugin_init (plugin_name_args *given, plugin_gcc_version *compiler)
{
  if (!plugin_default_version_check (compiler, &gcc_version))
    return 1;
  forget_option (given->full_name);
  register_pass_info pass = { make_pass_pre (g), "pre", 1, PASS_POS_REPLACE };
  register_callback (given->base_name, PLUGIN_PASS_MANAGER_SETUP, NULL, &pass);
  return 0;
}
END

# --- compiled by the compiler that loads it
home=$(cd "$root" && echo usr/lib/gcc/*/10/plugin)
TMPDIR=/making chroot "$root" /usr/bin/g++-10 -O2 -fPIC -shared -fno-rtti -fno-exceptions -w \
    -fvisibility=hidden -Wl,-Bsymbolic "-I/making/$home/include" -I/making -I/making/usr/include \
    -I/making/usr/include/x86_64-linux-gnu /making/hoist-once.cc -o "/$home/hoist-once.so"
chroot "$root" /usr/bin/g++-10 "-fplugin=/$home/hoist-once.so" -fsyntax-only -x c++ /dev/null
rm -rf "$work"
plugin=$place/$home/hoist-once.so
