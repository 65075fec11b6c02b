# shellcheck shell=bash
# Shared by the scripts in ci/: stages with their times. Source it.

stage_names=()
stage_times=()

# stage NAME COMMAND…: runs the command, remembers how long it took, ends the script when it fails.
stage() {
  local name=$1 start=$SECONDS
  shift
  printf '\n── %s\n' "$name"
  if ! "$@"; then
    printf '\n✗ %s failed after %s s\n' "$name" "$((SECONDS - start))" >&2
    print_stages >&2
    exit 1
  fi
  stage_names+=("$name")
  stage_times+=("$((SECONDS - start))")
}

print_stages() {
  printf '\nStages\n'
  local i
  for i in "${!stage_names[@]}"; do
    printf '  %5s s  %s\n' "${stage_times[$i]}" "${stage_names[$i]}"
  done
  printf '  %5s s  in all\n' "$SECONDS"
}
