# Finds the command that the words before the cursor lead to, then offers what can follow: its options and commands, the
# values of an option, files where a file is wanted.
PROGRAM_VARIABLE() {
  local current="${COMP_WORDS[COMP_CWORD]}" path="" place=0 at word takes="" only_places=false
  COMPREPLY=()
  for ((at = 1; at < COMP_CWORD; ++at)); do
    word="${COMP_WORDS[at]}"
    if [[ -n $takes ]]; then
      # bash splits --option=value into three words.
      [[ $word == "=" ]] || takes=""
    elif $only_places; then
      place=$((place + 1))
    elif [[ $word == -- ]]; then
      only_places=true
    elif [[ $word == -* ]]; then
      takes="$(PROGRAM_VARIABLE_value "$path" "$word")"
    elif [[ " ${PROGRAM_VARIABLE_words["$path commands"]:-} " == *" $word "* ]]; then
      path="${path:+$path/}$word"
      place=0
    else
      place=$((place + 1))
    fi
  done
  if [[ -n $takes ]]; then
    [[ $current == "=" ]] && current=""
    PROGRAM_VARIABLE_offer "$takes" "$current"
  elif [[ $current == -* ]] && ! $only_places; then
    local options="${PROGRAM_VARIABLE_words["$path options"]:-}"
    [[ -z $path ]] || options+=" ${PROGRAM_VARIABLE_words[" options"]:-}"
    PROGRAM_VARIABLE_offer "$options" "$current"
  elif [[ -n ${PROGRAM_VARIABLE_words["$path commands"]:-} ]]; then
    PROGRAM_VARIABLE_offer "${PROGRAM_VARIABLE_words["$path commands"]}" "$current"
  else
    local places
    IFS='|' read -ra places <<<"${PROGRAM_VARIABLE_words["$path places"]:-}"
    PROGRAM_VARIABLE_offer "${places[place]:-@nothing}" "$current"
  fi
}

# What an option of a command takes, or of the program itself; nothing if it stands alone.
PROGRAM_VARIABLE_value() {
  printf '%s' "${PROGRAM_VARIABLE_words["$1 value $2"]:-${PROGRAM_VARIABLE_words[" value $2"]:-}}"
}

PROGRAM_VARIABLE_offer() {
  case "$1" in
    @files) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
    @directories) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    @nothing) ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2") ;;
  esac
}

complete -F PROGRAM_VARIABLE PROGRAM_NAME
