#!/usr/bin/env bash
# Everything that a bare machine lacks: a virtual environment, Java, Maven, the broker's jars.
#   scripts/setup.sh runtime    what `make demo` needs
#   scripts/setup.sh dev        that, and what the tests and linters need
# What is there already is reused; a second start only compares a few hashes.
set -euo pipefail
cd "$(dirname "$0")/.."

readonly WANT_PYTHON=3.11 WANT_JAVA=17
readonly VENV=.venv JARS=.carillon/kafka

say() { printf 'carillon: %s\n' "$*" >&2; }
fail() { printf 'error: %s\n' "$*" >&2; exit 1; }

hash_of() {
    if command -v sha256sum >/dev/null; then cat "$@" | sha256sum | cut -d' ' -f1
    else cat "$@" | shasum -a 256 | cut -d' ' -f1; fi
}

# install_package PACKAGE WHAT: from Debian's archive where we may, else say how to get it.
install_package() {
    if [ "$(id -u)" -ne 0 ] || [ ! -e /etc/debian_version ] || ! command -v apt-get >/dev/null; then
        fail "$2 is missing. Install it and try again; on Debian and Ubuntu: sudo apt-get install $1"
    fi
    say "$2 is missing: installing Debian's $1"
    if [ -z "${updated:-}" ]; then
        apt-get update -qq >&2 || fail "$2 is missing, and apt-get update failed. Check the network and try again"
        updated=yes
    fi
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1" >&2 \
        || fail "$2 is missing, and Debian's $1 cannot be installed. Install $2 by hand and try again"
}

is_python() {
    "$1" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$WANT_PYTHON'.split('.'))))" 2>/dev/null
}

find_python() {
    local each
    for each in "${PYTHON:-python3}" python3 python3.11 python3.12 python3.13; do
        if command -v "$each" >/dev/null && is_python "$each"; then
            command -v "$each"
            return
        fi
    done
    return 1
}

need_python() {
    python=$(find_python) && return
    install_package python3 "Python $WANT_PYTHON or later"
    python=$(find_python) || fail "Debian's python3 is older than $WANT_PYTHON. Install Python $WANT_PYTHON or later"
}

make_venv() {
    "$VENV/bin/python" -m pip --version >/dev/null 2>&1 && return
    need_python
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        install_package "$(basename "$(readlink -f "$python")")-venv" "Python's venv module"
    fi
    say "making $VENV with $("$python" --version)"
    "$python" -m venv --clear "$VENV"
}

# need_packages NAME FILE...: install the pinned packages, once for each state of the files.
need_packages() {
    local stamp="$VENV/.$1.sha256" wanted
    shift
    wanted=$(hash_of "$@")
    if [ -x "$VENV/bin/python" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then return; fi
    make_venv
    say "installing the packages of $* (about a minute)"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes "${@/#/--requirement=}" \
        || fail "the packages of $* cannot be installed. See pip's message above"
    printf '%s' "$wanted" >"$stamp"
}

java_version() {
    java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1
}

has_java() {
    command -v java >/dev/null && [ "$(java_version || true)" -ge "$WANT_JAVA" ] 2>/dev/null
}

need_java() {
    if has_java; then return; fi
    install_package default-jre-headless "Java $WANT_JAVA or later"
    if has_java; then return; fi
    install_package "openjdk-$WANT_JAVA-jre-headless" "Java $WANT_JAVA or later"
    has_java || fail "java on the PATH is older than $WANT_JAVA. Install Java $WANT_JAVA or later"
}

need_jars() {
    if [ "$(cat "$JARS/pom.sha256" 2>/dev/null)" = "$(hash_of app/kafka/pom.xml)" ]; then return; fi
    command -v mvn >/dev/null || install_package maven Maven
    PYTHONPATH=$PWD "$VENV/bin/python" -m app.kafka.jars
}

case "${1:-}" in
    runtime) need_packages runtime requirements.txt ;;
    dev)     need_packages runtime requirements.txt
             need_packages dev requirements-dev.txt ;;
    *)       printf 'usage: scripts/setup.sh runtime | dev\n' >&2; exit 2 ;;
esac
need_java
need_jars
