#!/usr/bin/env bash
# The whole nightly job of one machine: runs a suite, takes the night into the history, and tells people.
# For cron and systemd timers: see deploy/systemd/ and docs/nightly.md.
#
# usage: scripts/nightly.sh SUITE [flags of verify suite]
#
# Settings are environment variables:
#   VERIFY           the program; ../build/verify beside this script, else that of $PATH
#   NIGHTLY_STATE    folder for everything that lasts; systemd's $STATE_DIRECTORY, else ~/.local/state/torchgo/nightly
#   NIGHTLY_RECORDS  folder of records (verify record) to hold models against
#   NIGHTLY_HISTORY  database of the history, or URL; history.db in the state's folder
#   NIGHTLY_SLACK, NIGHTLY_WEBHOOK   addresses to post to, or @FILE
#   NIGHTLY_METRICS  file for Prometheus' textfile collector, ending in .prom
#   NIGHTLY_KEEP     days for which nights and logs are kept: 90
#
# A run that was killed, or a machine that was restarted, goes on where it was the next time. The last line of
# standard output is for schedulers, and the only one:
#   nightly: exit=1 suite=zoo night=20261128T030000Z log=…/20261128T030000Z.log: zoo: of 40 checks 2 are inconsistent
#
# Exit code: 0 every check is consistent and nothing is newly worse, 1 a check is inconsistent or something is newly
# worse, 2 a check has no answer or the job could not do its work, 75 another run is going on.
set -euo pipefail

# finish CODE TEXT: ends with the last line.
finish() {
  local line="nightly: exit=$1 suite=${name:-} night=${night:-} log=${log:-}: $2"
  echo "$line"
  if [[ -n ${log:-} ]]; then echo "$line" >>"$log"; fi
  exit "$1"
}

if (($# == 0)) || [[ $1 == -* ]]; then
  echo "nightly: name the suite first: scripts/nightly.sh zoo.yaml" >&2
  exit 2
fi
suite=$1
shift
name=$(basename "${suite%/}")
name=${name%.yaml}
name=${name%.yml}

here=$(cd "$(dirname "$0")/.." && pwd)
verify=${VERIFY:-$here/build/verify}
if [[ -z ${VERIFY:-} && ! -x $verify ]]; then verify=verify; fi
command -v "$verify" >/dev/null || finish 2 "there is no program $verify; build it with go build -o build/verify ./cmd/verify, or name it in VERIFY"

state=${NIGHTLY_STATE:-${STATE_DIRECTORY:-${XDG_STATE_HOME:-$HOME/.local/state}/torchgo/nightly}}
state=$state/$name
mkdir -p "$state/nights" "$state/logs" "$state/spool" || finish 2 "the state's folder $state cannot be made; name another in NIGHTLY_STATE"
exec 9>"$state/lock"
flock -n 9 || finish 75 "another run has the lock $state/lock"

# Nights are called by when they began; no clock that jumps back makes one replace another.
night=$(date -u +%Y%m%dT%H%M%SZ)
while [[ -e $state/logs/$night.log ]]; do
  sleep 1
  night=$(date -u +%Y%m%dT%H%M%SZ)
done
begun=$night
log=$state/logs/$begun.log
journal=$state/night.jsonl
: >"$log" || finish 2 "the log cannot be written"

# step NAME COMMAND...: runs a command with its output in the log, and gives its exit code.
step() {
  local title=$1 code=0
  shift
  echo "== $(date -u +%H:%M:%SZ) $title" >>"$log"
  # The lock is this job's, not that of what it leaves running.
  "$@" >>"$log" 2>&1 9>&- || code=$?
  echo "== $(date -u +%H:%M:%SZ) $title ended with $code" >>"$log"
  return $code
}

history=${NIGHTLY_HISTORY:-$state/history.db}

# keep FILE NAME: takes a night that was left over into the history, and puts it beside the others.
keep() {
  step 'history of what was left' "$verify" history import --db "$history" "$1" || true # it is kept, and told by its name
  mv "$1" "$state/nights/$2.jsonl"
}

# size FILE: in bytes, 0 of one that is not there.
size() { if [[ -e $1 ]]; then wc -c <"$1"; else echo 0; fi; }

# said: the last thing that a step said.
said() { grep -v '^==' "$log" | tail -n 1; }

# A night that came to its end, of a job that did not: it is not to be gone on with.
if [[ -e $journal ]] && tail -n 1 "$journal" | grep -q '^{"end":.*"stopped":""'; then keep "$journal" "$begun-left"; fi

# What systemd and Ctrl-C end goes on here when verify has written what ran.
stopped=
trap 'stopped=yes' TERM INT HUP

flags=(--journal "$journal" --resume --quiet)
if [[ -n ${NIGHTLY_RECORDS:-} ]]; then flags+=(--against "$NIGHTLY_RECORDS"); fi
last=$(find "$state/nights" -name '*.jsonl' | sort | tail -n 1)
if [[ -n $last ]]; then flags+=(--times "$last"); fi
flags+=("$@")

code=0
if [[ ! -e $journal ]]; then flags+=(--run "$begun"); fi
before=$(size "$journal")
step suite "$verify" suite "$suite" "${flags[@]}" || code=$?
if ((code == 2 && before > 0)) && [[ $(size "$journal") == "$before" ]] && said | grep -q 'name another --journal'; then
  # The suite is another than when that night was left: a new one begins.
  keep "$journal" "$begun-left"
  before=0 code=0
  step 'suite, anew' "$verify" suite "$suite" "${flags[@]}" --run "$begun" || code=$?
fi
if [[ $(size "$journal") == "$before" ]]; then finish 2 "the suite did not run: $(said)"; fi
# The journal stays, and the next run goes on with it.
if [[ -n $stopped ]]; then finish 2 "ended early, and to be gone on with: $(said)"; fi
# A night that was gone on with has the name under which it began.
of() { head -n 1 "$journal" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
night=$(of id)

tell=("$journal" --markdown "$state/summary.md" --junit "$state/junit.xml" --spool "$state/spool")
changes=$state/changes.json
worse=0
if step history "$verify" history import --db "$history" "$journal"; then
  # A history may hold other suites, and other machines' nights.
  "$verify" history check --db "$history" --suite "$(of suite)" --night "$night" --json >"$changes" 2>>"$log" 9>&- || worse=$?
  if [[ -s $changes ]]; then tell+=(--changes "$changes"); fi
else
  worse=2
fi
if [[ -n ${NIGHTLY_SLACK:-} ]]; then tell+=(--slack "$NIGHTLY_SLACK"); fi
if [[ -n ${NIGHTLY_WEBHOOK:-} ]]; then tell+=(--webhook "$NIGHTLY_WEBHOOK"); fi
if [[ -n ${NIGHTLY_METRICS:-} ]]; then tell+=(--metrics "$NIGHTLY_METRICS"); fi
told=0
step tell "$verify" tell "${tell[@]}" || told=2
headline=$(said)

mv "$journal" "$state/nights/$begun.jsonl"
find "$state/nights" "$state/logs" -type f -mtime "+${NIGHTLY_KEEP:-90}" -delete

# Of all steps, what is proved outweighs what is open.
for one in "$worse" "$told"; do
  if ((one == 1 || one == 2 && code == 0)); then code=$one; fi
done
if ((worse == 1)); then headline+="; something is newly worse, see $state/summary.md"; fi
if ((worse == 2)); then headline+="; what changed cannot be told, see the log"; fi
if ((told > 0)); then headline+="; not everybody could be told, see the log"; fi
finish "$code" "$headline"
