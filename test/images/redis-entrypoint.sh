#!/bin/sh
# Options alone are options of redis-server; started as root, the server runs as the user redis.
set -e
case ${1-} in
-* | *.conf) set -- redis-server "$@" ;;
esac
if [ "${1-}" = redis-server ] && [ "$(id -u)" = 0 ]; then
    chown redis:redis .
    exec su -s /bin/sh redis -c 'exec "$0" "$@"' -- "$@"
fi
exec "$@"
