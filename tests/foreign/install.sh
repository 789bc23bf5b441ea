#!/bin/sh
# Brings the foreign stacks that the tests talk to, PHP's ext-soap, Perl's SOAP::Lite and curl, and Chromium, in which
# they look at the inbox. Says nothing when all are there. Where it may not install, it says what is missing and ends well:
# the tests then skip what needs them (and fail where CI is set).
set -u

missing() {
    wanted=
    if ! php -m 2>/dev/null | grep -qix soap; then wanted="PHP with ext-soap"; fi
    if ! perl -MSOAP::Lite -e 1 2>/dev/null; then wanted="${wanted:+$wanted and }Perl SOAP::Lite"; fi
    if ! curl --version >/dev/null 2>&1; then wanted="${wanted:+$wanted and }curl"; fi
    if ! command -v chromium >/dev/null 2>&1; then wanted="${wanted:+$wanted and }Chromium"; fi
    echo "$wanted"
}

[ -n "$(missing)" ] || exit 0

if [ "$(id -u)" -eq 0 ]; then
    as_root="env"
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n env"
else
    as_root=
fi

if [ -n "$as_root" ] && command -v apt-get >/dev/null 2>&1; then
    log=$(mktemp)
    {
        $as_root DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
            $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
                php-cli php-soap libsoap-lite-perl curl chromium fonts-dejavu-core
    } >"$log" 2>&1 || tail -n 5 "$log" >&2
    rm -f "$log"
fi

left=$(missing)
[ -z "$left" ] || echo "tests/foreign: $left missing; the tests that need it will be skipped"
exit 0
