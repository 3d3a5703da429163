# Makes Debian 11's GCC 9 compile as published wheels' GCC did. Theirs is of 2020-04-08, Debian's of
# 2021-02-07, and one change of the branch between them is seen in most code, that of 2020-09-16 for PR
# middle-end/95903: with -fwrapv, which Python's own flags have, `array[i - 1]` is an index less one and
# no longer an address less the size of an element. This makes a plugin of Debian's own source of that
# function, with the one condition as it was; toolchain.sh has the compilers load it.
# No function of the compiler is a plugin's to choose, as its passes are. So the plugin has the compiler
# that loads it jump from the beginning of its own function to this one.
# Beside it, theirs is linked by binutils 2.32, which fills strings up that are merged to what they are
# aligned by; Debian's 2.35 goes on at once with what follows. So the plugin has an empty section
# follow them in each object that is aligned likewise, of which the linker keeps the first.
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

# --- the function, as upstream's release has it: Debian patched nothing else of it
packed=usr/src/gcc-9
chroot "$root" /making/usr/bin/xz -dc /making/$packed/gcc-9.3.0-dfsg.tar.xz | tar -x -C "$work" \
    --strip-components=3 gcc-9.3.0/gcc/c-family/c-common.c
awk '/^pointer_int_sum \(/ { print type; wanted = found = 1 }
    { type = $0 }
    wanted
    wanted && /^}/ { wanted = 0 }
    END { exit !found }' "$work/c-common.c" > "$work/pointer-int-sum.h"
has() { # LINES TEXT FILE: which has it in exactly so many lines
    if [ "$(grep -cF -- "$2" "$work/$3")" != "$1" ]; then
        echo "E: GCC's source has not exactly $1 '$2'" >&2
        exit 1
    fi
}
has 1 '&& (!TYPE_UNSIGNED (TREE_TYPE (intop))' pointer-int-sum.h
has 1 '-      && (!TYPE_UNSIGNED (TREE_TYPE (intop))' $packed/debian/patches/git-updates.diff
has 1 '+      && (TYPE_OVERFLOW_UNDEFINED (TREE_TYPE (intop))' $packed/debian/patches/git-updates.diff
cat > "$work/earlier-branch.cc" << 'END'
#include "gcc-plugin.h"
#include "tree.h"
#include "c-family/c-common.h"
#include "diagnostic-core.h"
#include "fold-const.h"
#include "intl.h"
#include "langhooks.h"
#include "opts.h"
#include "output.h"
#include "plugin-version.h"
#include "stor-layout.h"
#include "target.h"
#include "toplev.h"
#include <dlfcn.h>
#include <sys/mman.h>

/* What optimizes at link time loads this, too, and knows nothing of C.  */
extern __attribute__ ((weak)) tree build_binary_op (location_t, enum tree_code, tree, tree, bool);
extern __attribute__ ((weak)) tree c_common_type_for_size (unsigned int, int);

namespace earlier {
#include "pointer-int-sum.h"
}

/* The function of the compiler goes on at BY from its first instruction.  */
static bool
replace (void *function, void *by)
{
  /* movabs $by, %rax; jmp *%rax  */
  unsigned char jump[] = { 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0 };
  memcpy (jump + 2, &by, sizeof by);
  char *page = (char *) ((uintptr_t) function & -(uintptr_t) sysconf (_SC_PAGESIZE));
  size_t size = (char *) function + sizeof jump - page;
  if (mprotect (page, size, PROT_READ | PROT_WRITE | PROT_EXEC) != 0)
    return false;
  memcpy (function, jump, sizeof jump);
  return mprotect (page, size, PROT_READ | PROT_EXEC) == 0;
}

static void (*plain_named_section) (const char *, unsigned int, tree);
static unsigned int filled_up;

/* Behind the first mention of strings that are aligned by more than a character.  */
static void
named_section (const char *name, unsigned int flags, tree decl)
{
  plain_named_section (name, flags, decl);
  const char *sizes = strstr (name, ".str");
  unsigned int character, alignment;
  if (sizes == NULL || (flags & SECTION_STRINGS) == 0
      || sscanf (sizes, ".str%u.%u", &character, &alignment) != 2
      || alignment <= character || (filled_up & alignment) != 0)
    return;
  filled_up |= alignment;
  fprintf (asm_out_file, "\t.pushsection\t.rodata.aligned%u,\"aG\",@progbits,"
           "aligned%u,comdat\n\t.balign\t%u\n\t.popsection\n",
           alignment, alignment, alignment);
}

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
  plain_named_section = targetm.asm_out.named_section;
  targetm.asm_out.named_section = named_section;
  if (strcmp (lang_hooks.name, "GNU GIMPLE") == 0)
    return 0;
  void *function = dlsym (RTLD_DEFAULT, "_Z15pointer_int_sumj9tree_codeP9tree_nodeS1_b");
  return !function || !replace (function, (void *) earlier::pointer_int_sum);
}
END

# --- compiled by the compiler that loads it
home=$(cd "$root" && echo usr/lib/gcc/*/9/plugin)
TMPDIR=/making chroot "$root" /usr/bin/g++-9 -O2 -fPIC -shared -fno-rtti -fno-exceptions -w \
    -fvisibility=hidden -Wl,-Bsymbolic "-I/making/$home/include" -I/making -I/making/usr/include \
    -I/making/usr/include/x86_64-linux-gnu /making/earlier-branch.cc \
    -o "/$home/earlier-branch.so"
for language in c c++; do
    chroot "$root" /usr/bin/g++-9 "-fplugin=/$home/earlier-branch.so" -fsyntax-only \
        -x $language /dev/null
done
rm -rf "$work"
plugin=$place/$home/earlier-branch.so
