# Leaves the upstream source of a library below $root/library, and nothing else that is looked at.
# mmdebstrap runs it with these set: root; source, a Debian source package; archive, the upstream file
# in it; sha256, that file's. Part of the library's digest.
set -eu

work=$root/fetched
mkdir "$work" "$root/library"

# --- the suite's mirror, asked for sources instead of packages
sed -i 's/^deb /deb-src /' "$root/etc/apt/sources.list"
export APT_CONFIG="$MMDEBSTRAP_APT_CONFIG"
apt-get update -q
(cd "$work" && apt-get source -q --download-only --only-source "$source")

# --- the very file, whatever else the package brings
echo "$sha256  $work/$archive" | sha256sum --check --strict
tar -x -f "$work/$archive" -C "$root/library" --strip-components=1 --no-same-owner
rm -rf "$work"
