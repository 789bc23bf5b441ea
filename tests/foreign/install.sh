#!/bin/sh
# Brings the foreign stacks that the tests talk to, PHP's ext-soap, Perl's SOAP::Lite, Mono, node's soap and curl, and
# Chromium with axe-core, in which they look at the inbox, PostgreSQL, Redis, RabbitMQ and faketime for the outbox. Says nothing when all are there. Where it may not install, it says what is missing and ends well:
# the tests then skip what needs them (and fail where CI is set).
set -u

node=$(dirname "$0")/node
modules=$node/node_modules

missing() {
    wanted=
    if ! php -m 2>/dev/null | grep -qix soap; then wanted="PHP with ext-soap"; fi
    if ! perl -MSOAP::Lite -e 1 2>/dev/null; then wanted="${wanted:+$wanted and }Perl SOAP::Lite"; fi
    if ! curl --version >/dev/null 2>&1; then wanted="${wanted:+$wanted and }curl"; fi
    if ! command -v chromium >/dev/null 2>&1; then wanted="${wanted:+$wanted and }Chromium"; fi
    if ! command -v initdb >/dev/null 2>&1 && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then wanted="${wanted:+$wanted and }PostgreSQL"; fi
    if ! command -v redis-server >/dev/null 2>&1; then wanted="${wanted:+$wanted and }Redis"; fi
    if ! [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ]; then wanted="${wanted:+$wanted and }RabbitMQ"; fi
    if ! command -v faketime >/dev/null 2>&1; then wanted="${wanted:+$wanted and }faketime"; fi
    if ! { command -v mcs && command -v wsdl && mono --version; } >/dev/null 2>&1; then wanted="${wanted:+$wanted and }Mono"; fi
    if ! node --version >/dev/null 2>&1; then wanted="${wanted:+$wanted and }node"; fi
    if ! [ -d "$modules/soap" ] || ! [ -f "$modules/axe-core/axe.min.js" ]; then wanted="${wanted:+$wanted and }node's soap and axe-core"; fi
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
    # Debian would start a Redis and a RabbitMQ, too: this program tells it not to.
    policy=/usr/sbin/policy-rc.d
    if [ -e "$policy" ]; then policy=; else
        printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null && $as_root chmod +x "$policy"
    fi
    {
        $as_root DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
            # Debian would make a database and start a server; the tests start their own.
            if ! [ -e /etc/postgresql-common/createcluster.conf ]; then
                $as_root mkdir -p /etc/postgresql-common &&
                    echo "create_main_cluster = false" | $as_root tee /etc/postgresql-common/createcluster.conf
            fi &&
            $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o Dpkg::Options::=--force-confold \
                php-cli php-soap libsoap-lite-perl curl chromium fonts-dejavu-core postgresql faketime \
                redis-server rabbitmq-server \
                mono-mcs mono-utils mono-devel &&
            # Of node, any version from 14 on will do; a newer one may be there already, and Debian's would replace its npm.
            { npm --version >/dev/null 2>&1 ||
                $as_root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm; }
    } >"$log" 2>&1 || tail -n 5 "$log" >&2
    [ -z "$policy" ] || $as_root rm -f "$policy"
    rm -f "$log"
fi

if npm --version >/dev/null 2>&1 && ! { [ -d "$modules/soap" ] && [ -f "$modules/axe-core/axe.min.js" ]; }; then
    log=$(mktemp)
    npm ci --prefix "$node" --ignore-scripts --no-fund --no-audit >"$log" 2>&1 || tail -n 5 "$log" >&2
    rm -f "$log"
fi

left=$(missing)
[ -z "$left" ] || echo "tests/foreign: $left missing; the tests that need it will be skipped"
exit 0
