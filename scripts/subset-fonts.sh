#!/bin/sh
# Makes the fonts of src/web/assets and src/documents/assets again from the packages of fontsource:
# IBM Plex Sans 400 and 600, IBM Plex Mono 400 (SIL Open Font License 1.1), cut down to what the
# product writes. Documents need them as TrueType and without layout tables.
# Needs npm, and fonttools with brotli (apt install fonttools python3-brotli).
set -eu
cd "$(dirname "$0")/.."
assets=$PWD/src/web/assets
documents=$PWD/src/documents/assets
version=5.3.0
python=${PYTHON:-/usr/bin/python3}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The same input gives the same bytes: no time of the day goes into the fonts.
export SOURCE_DATE_EPOCH=1577836800

# Basic Latin; no-break space, guillemets, section, degree, plus-minus, middle dot, multiplication;
# Cyrillic with ё; Kazakh; dashes, quotes, ellipsis, angle quotes; numero; arrows up and down;
# tenge, minus. fontsource leaves other arrows and comparisons out, so no text uses them.
text=U+0020-007E,U+00A0,U+00A7,U+00AB,U+00B0,U+00B1,U+00B5,U+00B7,U+00BB,U+00D7,U+0401,U+0410-044F,U+0451
kazakh=U+0406,U+0456,U+0492,U+0493,U+049A,U+049B,U+04A2,U+04A3,U+04AE-04B1,U+04BA,U+04BB,U+04D8,U+04D9,U+04E8,U+04E9
signs=U+2013,U+2014,U+2018,U+2019,U+201C-201E,U+2022,U+2026,U+2039,U+203A,U+2116,U+2191,U+2193,U+20B8,U+2212

cd "$work"
npm init -y >/dev/null
npm install --ignore-scripts --no-audit --no-fund --silent \
    "@fontsource/ibm-plex-sans@$version" "@fontsource/ibm-plex-mono@$version"

# fontsource cuts a face into scripts; we join the ones we need and cut again.
# Layout: kerning and tabular figures stay, the rest goes; Plex has tabular figures by default.
face() { # package weight name features
    folder=node_modules/@fontsource/$1/files
    parts=
    for script in latin latin-ext cyrillic cyrillic-ext; do
        "$python" -m fontTools.ttLib.woff2 decompress -o "$work/$3-$script.ttf" "$folder/$1-$script-$2-normal.woff2" 2>/dev/null
        parts="$parts $work/$3-$script.ttf"
    done
    "$python" -m fontTools.merge --output-file="$work/$3.ttf" $parts >/dev/null
    "$python" -m fontTools.subset "$work/$3.ttf" --unicodes="$text,$kazakh,$signs" --layout-features="$4" \
        --flavor=woff2 --no-hinting --desubroutinize --drop-tables+=DSIG \
        --name-IDs=0,1,2,13,14 --output-file="$assets/$3.woff2"
}
face ibm-plex-sans 400 plex-sans-400 kern,mark,ccmp,locl
face ibm-plex-sans 600 plex-sans-600 kern,mark,ccmp,locl
face ibm-plex-mono 400 plex-mono-400 ccmp,locl
document() { # name
    "$python" -m fontTools.subset "$work/$1.ttf" --unicodes="$text,$kazakh,$signs" --layout-features= \
        --no-hinting --desubroutinize --drop-tables+=DSIG,GPOS,GSUB,GDEF \
        --name-IDs=0,1,2,6,13,14 --output-file="$documents/$1.ttf"
}
document plex-sans-400
document plex-sans-600
cp node_modules/@fontsource/ibm-plex-sans/LICENSE "$assets/OFL.txt"
cp node_modules/@fontsource/ibm-plex-sans/LICENSE "$documents/OFL.txt"

# The code points that every face covers, for the test that no text needs another.
"$python" - "$assets" <<'PYTHON'
import sys
from pathlib import Path
from fontTools.ttLib import TTFont
assets = Path(sys.argv[1])
faces = [set(TTFont(path).getBestCmap()) for path in sorted(assets.glob("plex-*.woff2"))]
covered = sorted(set.intersection(*faces))
lines = ["# Code points of all faces, written by scripts/subset-fonts.sh."]
lines += [f"{point:04X}" for point in covered]
(assets / "covered.txt").write_text("\n".join(lines) + "\n")
PYTHON
ls -l "$assets"/*.woff2 "$documents"/*.ttf
