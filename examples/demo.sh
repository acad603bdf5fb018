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

bold=''
plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
  bold=$(printf '\033[1m')
  plain=$(printf '\033[0m')
fi
say() { printf '\n%s$ %s%s\n' "$bold" "$*" "$plain"; }
run() { say "cyberflow $*"; "$cyberflow" "$@"; }

printf 'patient-intake signs in to a clinic system, finds a chart and books a visit.\n'
printf 'Everything below happens on this machine: no account, no network.\n'

printf '\nA ref in the chain is misspelt:\n'
sed 's/^          mrn: {$ref: lookup.outputs.mrn}/          mrn: {$ref: lookup.outputs.mrm}/' chains.yaml > chains.new && mv chains.new chains.yaml
run check || true
sed 's/outputs\.mrm/outputs.mrn/g' chains.yaml > chains.new && mv chains.new chains.yaml
printf '\nMended:\n'
run check
run plan
run apply --yes
EPIC_PASSWORD=$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')
export EPIC_PASSWORD
run run intake --inputs inputs.json -s epic_password=env:EPIC_PASSWORD --file referral=samples/referral.pdf

cat <<END

What now:
  .venv/bin/cyberflow init my-flows    # a small project of your own
  .venv/bin/cyberflow dev              # the local platform with a page, in a project's folder
  docs/deploying.md, docs/running.md   # apply in CI, run with your own data
END
