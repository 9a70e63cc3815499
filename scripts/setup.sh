#!/usr/bin/env bash
# Installs what is missing for `make run` or `make test`, with a word on what and why.
# Root: installs. An ordinary user: says exactly what root has to install, and stops.
set -euo pipefail

purpose=${1:?run or test}
missing=()
want() { # program, Debian package, what it is for
    command -v "$1" >/dev/null 2>&1 && return
    [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] && return
    echo "  $2: $3"
    missing+=("$2")
}
want_for_test() { if [ "$purpose" = test ]; then want "$@"; fi; }

if ! command -v cargo >/dev/null 2>&1; then
    echo "The Rust toolchain is missing. Install Rust 1.95 or newer (rustup), then start again." >&2
    exit 69
fi

want cc gcc "C compiler for SQLite and the TLS library"
want ip iproute2 "makes the lab's namespaces and links"
want nft nftables "packet filter of the lab's faults"
want_for_test fping fping "peer of the probe engine"
want_for_test tcpdump tcpdump "foreign time stamps of packets"
want_for_test ethtool ethtool "offloads of the accounting's links"
want_for_test python3 python3 "foreign sender of forged replies, foreign reader of databases"
want_for_test hping3 hping3 "foreign sender of forged replies and attacks"
want_for_test nmap nmap "foreign scans of the list of attacks"
want_for_test mausezahn netsniff-ng "foreign sender of the list of attacks"
want_for_test iperf3 iperf3 "volumes that the accounting is compared with"
want_for_test mgen mgen "datagrams that the accounting is compared with"
want_for_test tcpreplay tcpreplay "captures that are played once more"
want_for_test promtool prometheus "judge of the metrics"
want_for_test chromium chromium "browser of the page tests"
want_for_test curl curl "foreign HTTP client"
want_for_test dig bind9-dnsutils "foreign DNS client"
want_for_test unbound unbound "foreign DNS server"
want_for_test ping iputils-ping "foreign pings from inside the segments"
want_for_test openssl openssl "foreign TLS client"
want_for_test pdftotext poppler-utils "foreign reader of the acts"
want_for_test zbarimg zbar-tools "foreign reader of the codes on paper"
want_for_test nginx nginx-light "peer of the reverse proxy"
want_for_test haproxy haproxy "peer of the reverse proxy and of the gateway"
want_for_test squid squid "peer of the gateway"
want_for_test danted dante-server "peer of the gateway"
want_for_test certbot certbot "foreign ACME client"
want_for_test lego lego "foreign ACME client"
want_for_test uacme uacme "foreign ACME client"
want_for_test dehydrated dehydrated "foreign ACME client"
want_for_test acme-tiny acme-tiny "foreign ACME client"
want_for_test pki strongswan-pki "foreign EST client"
want_for_test setpriv util-linux "runs tests as an ordinary user"
want_for_test softhsm2-util softhsm2 "token with a PIN, without hardware"
want_for_test pkcs11-tool opensc "makes keys on the token"
want_for_test p11-kit p11-kit "a token of another machine"
want_for_test Xvfb xvfb "screen of a browser that asks for the PIN"
want_for_test xdotool xdotool "types the PIN"
want_for_test certutil libnss3-tools "tells the browser of the token"
want_for_test faketime faketime "moves the hub's clock"
want_for_test certtool gnutls-bin "second opinion on certificates"
want_for_test testssl testssl.sh "foreign scan of the entrances"
want_for_test h2load nghttp2-client "foreign load on what is open"
want_for_test dnsmasq dnsmasq-base "foreign name server"
want_for_test slowhttptest slowhttptest "foreign slow clients"
if [ "$purpose" = test ]; then
    if ! compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null; then
        echo "  postgresql: second database of the storage tests"
        missing+=(postgresql)
    fi
    if ! compgen -G "/usr/lib/ipsec/plugins/libstrongswan-openssl.so" >/dev/null; then
        echo "  libstrongswan-standard-plugins: elliptic curves of the EST client"
        missing+=(libstrongswan-standard-plugins)
    fi
    if ! compgen -G "/usr/lib/*/pkcs11/p11-kit-client.so" >/dev/null; then
        echo "  p11-kit-modules: the way to a token of another machine"
        missing+=(p11-kit-modules)
    fi
    if ! compgen -G "/usr/lib/*/engines-3/pkcs11.so" >/dev/null; then
        echo "  libengine-pkcs11-openssl: requests that a token signs"
        missing+=(libengine-pkcs11-openssl)
    fi
    if ! /usr/bin/python3 -c "import scapy" >/dev/null 2>&1; then
        echo "  python3-scapy: foreign sender of the list of attacks"
        missing+=(python3-scapy)
    fi
    if ! /usr/bin/python3 -c "import ensurepip" >/dev/null 2>&1; then
        echo "  python3-venv: a place of their own for the linters of certificates"
        missing+=(python3-venv)
    fi
    if ! /usr/bin/python3 -c "import socks" >/dev/null 2>&1; then
        echo "  python3-socks: foreign client of SOCKS for datagrams"
        missing+=(python3-socks)
    fi
    if ! /usr/bin/python3 -c "import openpyxl" >/dev/null 2>&1; then
        echo "  python3-openpyxl: foreign reader of the spreadsheets"
        missing+=(python3-openpyxl)
    fi
    if ! /usr/bin/python3 -c "import h2, websockets" >/dev/null 2>&1; then
        echo "  python3-h2, python3-websockets: foreign HTTP/2 and WebSocket of the proxy"
        missing+=(python3-h2 python3-websockets)
    fi
    want node nodejs "runs the browser tests"
    want npm npm "fetches the browser tests' libraries"
fi

if [ ${#missing[@]} -gt 0 ]; then
    if [ "$(id -u)" -ne 0 ]; then
        echo "These Debian packages are missing. Ask root to run:" >&2
        echo "  apt-get install -y ${missing[*]}" >&2
        exit 69
    fi
    echo "Installing: ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
fi

if [ "$purpose" = test ]; then
    if ! cargo nextest --version >/dev/null 2>&1; then
        echo "Installing cargo-nextest (test runner) ..."
        cargo install --locked --quiet cargo-nextest
    fi
    if ! cargo deny --version >/dev/null 2>&1; then
        echo "Installing cargo-deny (bans, licences, sources); this takes some minutes ..."
        cargo install --locked --quiet --debug cargo-deny --version 0.20.2
    fi
    # Judges that Debian does not have. The copy of the list says that all of it is there.
    judges=target/judges-venv
    if ! cmp -s scripts/judges.txt $judges/judges.txt; then
        echo "Fetching the linters of certificates and the vectors of NIST ..."
        /usr/bin/python3 -m venv --clear $judges
        $judges/bin/pip install --quiet --disable-pip-version-check -r scripts/judges.txt
        cp scripts/judges.txt $judges/
    fi
    scripts/suites.sh
    if [ ! -d tests/browser/node_modules ]; then
        echo "Fetching the libraries of the browser tests ..."
        (cd tests/browser && npm ci --silent --no-fund --no-audit --ignore-scripts)
    fi
fi
