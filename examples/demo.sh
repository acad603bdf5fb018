#!/bin/sh
# The patient-intake example from check to outputs, on the local platform. Works on a copy, so that nothing here changes.
set -eu
cyberflow=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
cp -R "$here/patient-intake/." "$work"
rm -rf "$work/.cyberflow" "$work/dist"
cd "$work"

say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }
run() { say "cyberflow $*"; "$cyberflow" "$@"; }

printf 'patient-intake signs in to a clinic system, finds a chart and books a visit.\n'
printf 'Everything below happens on this machine: no account, no network.\n'

run check
run plan
run apply --yes
EPIC_PASSWORD=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
export EPIC_PASSWORD
run run intake --inputs inputs.json -s epic_password=env:EPIC_PASSWORD --file referral=samples/referral.pdf
