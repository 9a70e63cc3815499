#!/usr/bin/env bash
# Fetches the suites that scripts/suites.txt names into target/suites: Debian's in the version of the
# release at hand, without touching the machine's own lists, PyPI's in the version that is pinned.
set -euo pipefail

list=scripts/suites.txt
suites=target/suites
# The copy of the list says that all of it is there.
if cmp -s $list $suites/suites.txt; then exit 0; fi
echo "Fetching foreign test suites ..."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The machine's own sources of Debian, as sources of source packages.
prepare_apt() {
    mkdir -p "$work"/sources "$work"/lists/partial "$work"/cache/archives/partial
    chmod -R a+rX "$work"
    sed 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources \
        >"$work"/sources/debian.sources 2>/dev/null || rm "$work"/sources/debian.sources
    grep -hs '^deb ' /etc/apt/sources.list | sed 's/^deb /deb-src /' >"$work"/sources/more.list || true
    apt_options=(-qq -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$work/sources"
        -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
    apt-get "${apt_options[@]}" update
    # shellcheck source=/dev/null
    release=$(. /etc/os-release && echo "$VERSION_CODENAME")
}

fetch() { # debian or pypi, package; leaves one archive in $work/archive
    rm -rf "$work"/archive && mkdir "$work"/archive
    if [ "$1" = debian ]; then
        (cd "$work"/archive && apt-get "${apt_options[@]}" source --download-only "$2/$release" >/dev/null)
        find "$work"/archive -type f ! -name '*.orig.tar.?z' -delete
    else
        target/judges-venv/bin/pip download --quiet --disable-pip-version-check --no-deps \
            --no-binary :all: -d "$work"/archive "$2"
    fi
}

prepare_apt
rm -rf $suites && mkdir -p $suites
while read -r from package name parts; do
    case $from in '#'*) continue ;; esac
    fetch "$from" "$package"
    mkdir $suites/"$name"
    # shellcheck disable=SC2086 # several parts
    tar xf "$work"/archive/* -C $suites/"$name" --strip-components=1 --wildcards $(printf '*/%s ' $parts)
done <$list
cp $list $suites/
