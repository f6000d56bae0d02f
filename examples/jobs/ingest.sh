#!/usr/bin/env bash
# An ingestion job in shell with curl: counts the words in a folder of texts and reports its progress.
#
#   ENDPOINT=http://127.0.0.1:4000/graphql TOKEN=... PROJECT=books ./ingest.sh FOLDER words.txt
#
# The token needs the scope progress:write. Exit code: 0 if the ingestion completed, 1 if it failed.
set -euo pipefail

if [ $# -ne 2 ]; then sed -n '2,6p' "$0" >&2; exit 2; fi
folder=$1 target=$2
: "${ENDPOINT:?}" "${TOKEN:?}" "${PROJECT:?}"
ingestion=$(cat /proc/sys/kernel/random/uuid)
sequence=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# send MUTATION INPUT_TYPE FIELDS: retries until it is accepted or rejected. The token is passed in a file, because
# anyone who can list processes can read their arguments.
printf 'header = "Authorization: Bearer %s"\n' "$TOKEN" > "$scratch/token"
send() {
  local body answer delay=1
  body='{"query":"mutation($input:'$2'!){answer:'$1'(input:$input){__typename}}","variables":{"input":{'
  body+='"projectId":"'$PROJECT'","ingestionId":"'$ingestion'"'$3'}}}'
  while :; do
    # The server may take 30 s to store an ending.
    answer=$(curl -sS --max-time 40 -K "$scratch/token" -H 'Content-Type: application/json' -d "$body" "$ENDPOINT" 2>&1) || answer=''
    case $answer in
      *'"answer":{'*) return 0 ;;
      '' | *'"code":"UNAVAILABLE"'* | *'"code":"RATE_LIMITED"'* | *'"code":"INTERNAL_SERVER_ERROR"'*) ;;
      *) echo "Rejected: $answer" >&2; exit 1 ;;
    esac
    sleep "$delay"
    if [ "$delay" -lt 30 ]; then delay=$((delay * 2)); fi
  done
}

# report MUTATION FIELDS: adds a rising sequence, so that a report that arrives twice changes nothing.
report() {
  local now; now=$(date +%s%3N)
  sequence=$((now > sequence ? now : sequence + 1))
  send "$1" "${1^}Input" ',"sequence":'$sequence','"$2"
}
phase() { report reportPhaseStarted '"phase":'"$1"',"message":"'"$2"'"'; }
progress() { # PHASE DONE TOTAL
  local percent=null
  if [ "$3" -gt 0 ]; then percent=$((100 * $2 / $3)); fi
  report reportProgress '"phase":'"$1"',"progressPercent":'$percent',"metrics":{"itemsProcessed":'"$2"',"itemsTotal":'"$3"'}'
}

send startIngestion StartIngestionInput ',"phaseNames":["Finding","Reading","Counting","Writing"]'

if [ ! -d "$folder" ]; then
  report failIngestion '"errorCode":"SOURCE_GONE","message":"The folder does not exist.","recoverable":false'
  echo "Failed: there is no folder $folder" >&2
  exit 1
fi

phase 1 'Looking for texts'
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
report completeIngestion '"result":{"itemsProcessed":'"$done"',"itemsFailed":'"$failed"'}'
