#!/usr/bin/env bash
# An ingestion job in shell with curl: counts the words in a folder of texts and reports its progress.
#
#   ENDPOINT=http://127.0.0.1:4000/graphql TOKEN=... PROJECT=books ./ingest.sh FOLDER words.txt
#
# The token needs the scope progress:write. With INGESTION=<id>, a job that is started again after it was killed takes its
# ingestion over; otherwise each run is a new one. Exit code: 0 if the ingestion completed, 1 if it failed.
set -Eeuo pipefail

if [ $# -ne 2 ]; then sed -n '2,7p' "$0" >&2; exit 2; fi
folder=$1 target=$2
: "${ENDPOINT:?}" "${TOKEN:?}" "${PROJECT:?}"
random_id() { cat /proc/sys/kernel/random/uuid; }
# The same id with the same key is the same start. With another key it is another attempt: the server then rejects the
# reports of the process before, which may only have been slow.
ingestion=${INGESTION:-$(random_id)} attempt_key=$(random_id)
sequence=0 give_up_after=900 is_open=false failed_line='' killed_by=''
scratch=$(mktemp -d)

# Any error is reported: the server would call a silent job stalled only after 5 minutes.
finish() {
  local status=$?
  trap - EXIT ERR TERM INT HUP
  if $is_open && [ "$status" -ne 0 ]; then
    # Whoever ends a process seldom waits longer.
    give_up_after=10
    if [ -n "$killed_by" ]; then
      (fail PROCESS_TERMINATED "The job's process was ended by SIG$killed_by." true) || true
    else
      (fail COMMAND_FAILED "Line $failed_line of the job failed with exit code $status." true) || true
    fi
  fi
  rm -rf "$scratch"
  if [ -n "$killed_by" ]; then kill -s "$killed_by" $$; fi
  exit "$status"
}
trap finish EXIT
trap 'failed_line=$LINENO' ERR
# They are heard once the command that runs is done.
for signal in TERM INT HUP; do trap "killed_by=$signal; exit 1" "$signal"; done

# json TEXT: as a JSON string.
json() {
  local text
  text=$(printf '%s' "$1" | tr '\n\t' '  ' | tr -d '\000-\037')
  text=${text//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# send MUTATION SELECTION FIELDS: retries until it is accepted or rejected; the answer is in $answer. The token is passed
# in a file, because anyone who can list processes can read their arguments.
printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" > "$scratch/token"
address='"projectId":'$(json "$PROJECT")',"ingestionId":'$(json "$ingestion")',"attemptKey":"'$attempt_key'"'
send() {
  local delay=1 started_at=$SECONDS
  printf '%s' '{"query":"mutation($input:'"${1^}"'Input!){answer:'"$1"'(input:$input){'"$2"'}}",' \
    '"variables":{"input":{'"$address$3"'}}}' > "$scratch/body"
  while :; do
    # The server may take 30 s to store an ending.
    answer=$(curl -sS --max-time 40 -K "$scratch/token" -H 'Content-Type: application/json' \
      --data-binary "@$scratch/body" "$ENDPOINT" 2>&1) || answer=''
    case $answer in
      *'"answer":{'*) return 0 ;;
      '' | *'"code":"UNAVAILABLE"'* | *'"code":"RATE_LIMITED"'* | *'"code":"INTERNAL_SERVER_ERROR"'*) ;;
      *) reject "$answer" ;;
    esac
    if [ $((SECONDS - started_at)) -ge "$give_up_after" ]; then reject "no answer from $ENDPOINT $answer"; fi
    sleep "$delay"
    if [ "$delay" -lt 30 ]; then delay=$((delay * 2)); fi
  done
}

# reject REASON: the ingestion was cancelled, replaced or taken over, or the token lacks access; nothing is left to report.
reject() {
  is_open=false
  echo "Rejected: $1" >&2
  exit 1
}

# report MUTATION FIELDS: with a rising sequence, so that a report that arrives twice changes nothing.
report() {
  sequence=$((sequence + 1))
  send "$1" 'accepted progress{status}' ',"sequence":'"$sequence$2"
}
# end MUTATION FIELDS STATUS: if nothing changed, the first answer was lost, and this very ending must be there.
end() {
  report "$1" "$2"
  case $answer in
    *'"accepted":true'* | *'"status":"'"$3"'"'*) is_open=false ;;
    *) reject "the server did not take this ending: $answer" ;;
  esac
}
phase() { report reportPhaseStarted ',"phase":'"$1"',"message":'"$(json "$2")"; }
# progress PHASE DONE TOTAL: the server works out the percent.
progress() { report reportProgress ',"phase":'"$1"',"metrics":{"itemsProcessed":'"$2"',"itemsTotal":'"$3"'}'; }
# fail CODE MESSAGE RECOVERABLE
fail() { end failIngestion ',"errorCode":"'"$1"'","message":'"$(json "$2")"',"recoverable":'"$3" FAILED; }

is_open=true
send startIngestion lastSequence ',"phaseNames":["Finding","Reading","Counting","Writing"]'

if [ ! -d "$folder" ]; then
  fail SOURCE_GONE "There is no folder \"$folder\"." false
  echo "Failed: there is no folder $folder" >&2
  exit 1
fi

phase 1 "Looking for texts in \"$folder\""
find "$folder" -type f \( -name '*.txt' -o -name '*.md' \) -print0 > "$scratch/files"
total=$(tr -cd '\0' < "$scratch/files" | wc -c)
progress 1 "$total" "$total"

phase 2 'Reading texts'
done=0 failed=0
while IFS= read -r -d '' file; do
  tr -cs '[:alpha:]' '\n' < "$file" >> "$scratch/words" 2> /dev/null || failed=$((failed + 1))
  done=$((done + 1))
  # One report per fifty files: the server coalesces to two updates per second, but each request has a cost.
  if [ $((done % 50)) -eq 0 ]; then progress 2 "$done" "$total"; fi
done < "$scratch/files"
progress 2 "$done" "$total"

phase 3 'Counting words'
touch "$scratch/words"
tr '[:upper:]' '[:lower:]' < "$scratch/words" | sort | uniq -c | sort -rn > "$scratch/counts"

phase 4 'Writing the list'
cp "$scratch/counts" "$target"
end completeIngestion ',"result":{"itemsProcessed":'"$done"',"itemsFailed":'"$failed"'}' COMPLETED
