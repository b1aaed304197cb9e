# shellcheck shell=sh
# SPDX-License-Identifier: Apache-2.0
#
# How tools/setup and tools/uninstall start and stop cofferd: by systemd where it runs, else as a plain
# process in the background with a pid file.

# shellcheck disable=SC2034 # for those that read this file
SOCKET=/run/coffer/coffer.sock
PID_FILE=/run/coffer/cofferd.pid
LOG_FILE=/var/log/cofferd.log
UNITS='coffer-engined.socket coffer-secrets.service coffer-podman.service coffer.service'
# What those start.
OTHER_UNITS=coffer-engined.service

has_systemd() { [ -d /run/systemd/system ]; }

# service_start PREFIX
service_start() {
    if has_systemd; then
        for unit in $UNITS $OTHER_UNITS; do
            case $1 in
            /usr | /usr/local) ;;
            *) ln -sf "$1/lib/systemd/system/$unit" /etc/systemd/system/ ;;
            esac
        done
        systemctl daemon-reload
        # shellcheck disable=SC2086
        systemctl --quiet enable $UNITS
        # shellcheck disable=SC2086
        systemctl start $UNITS
    else
        mkdir -p /run/coffer
        start-stop-daemon --start --quiet --background --make-pidfile --pidfile "$PID_FILE" \
            --notify-await --notify-timeout 60 --output "$LOG_FILE" --startas "$1/sbin/cofferd" \
            -- --config /etc/coffer/cofferd.conf || {
            echo "cofferd did not start; the end of $LOG_FILE:" >&2
            tail -20 "$LOG_FILE" >&2
            exit 1
        }
    fi
}

service_stop() {
    if has_systemd && [ -n "$(systemctl list-unit-files --no-legend coffer.service)" ]; then
        systemctl stop coffer.service
    elif [ -f "$PID_FILE" ]; then
        # The Podman that cofferd started ends with it; containers stay.
        start-stop-daemon --stop --quiet --oknodo --retry TERM/30/KILL/5 --remove-pidfile \
            --pidfile "$PID_FILE" --name cofferd
    fi
}
