# Has vectors of numbers filled as published wheels have. Their compiler's C++ library is of 2021-01-30,
# Debian 11's of 2021-01-10; since one change in between, elements without a constructor are made by
# constructing the first one and copying it to the others, where a zero was copied to all before. The
# difference is in every `std::vector<int>(n)`. Nothing of the change's text is here.
# Runs before toolchain.sh, with the same variables set. Part of the toolchain's digest.
set -eu

header=$root/usr/include/c++/10/bits/stl_uninitialized.h
first='_ValueType* __value = std::__addressof(*__first); std::_Construct(__value); ++__first;'

fill() { # OLD NEW: in the header, where OLD has to stand exactly once
    if [ "$(grep -oF "$1" "$header" | wc -l)" != 1 ]; then
        echo "E: the C++ library has not exactly one '$1'" >&2
        exit 1
    fi
    sed -i "s/$(printf %s "$1" | sed 's/[*.]/\\&/g')/$2/" "$header"
}
fill 'return std::fill_n(__first, __n, _ValueType());' \
    "if (__n > 0) { $first __first = std::fill_n(__first, __n - 1, *__value); } return __first;"
fill 'std::fill(__first, __last, _ValueType());' \
    "if (__first != __last) { $first std::fill(__first, __last, *__value); }"
