/** The shells that there is completion for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * What makes each shell ask `galago complete`, so that it completes what the installed version has. That prints a line
 * for each word, with a tab and what it is, and `:files` where the shell should go on by itself.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  // bash takes netns:blue for three words, and puts only what is behind the colon in place of the last.
  bash: `# Completion of galago for bash: eval "$(galago completion bash)"
_galago() {
  local line=$COMP_LINE words=() word part head value
  for part in "\${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
    if ((\${#words[@]} > 0)) && [[ $line != [[:space:]]* ]]; then
      words[-1]+=$part
    else
      words+=("$part")
    fi
    line=\${line#"\${line%%[![:space:]]*}"}
    line=\${line#"$part"}
  done
  word=\${words[-1]}
  head=\${word%"\${word##*[:=]}"}
  COMPREPLY=()
  while IFS=$'\\t' read -r value _; do
    if [[ $value == :files ]]; then
      compopt -o default 2>/dev/null
    else
      COMPREPLY+=("\${value#"$head"}")
    fi
  done < <("\${words[0]}" complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -F _galago galago
`,
  zsh: `#compdef galago
# Completion of galago for zsh: eval "$(galago completion zsh)", or this as the file _galago in a folder of fpath
_galago() {
  local line value
  local -a found
  for line in "\${(@f)$("\${words[1]}" complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :files ]]; then
      _files
    elif [[ -n $line ]]; then
      value=\${\${line%%$'\\t'*}//:/\\\\:}
      [[ $line == *$'\\t'* ]] && value+=:\${line#*$'\\t'}
      found+=("$value")
    fi
  done
  if (( $#found )); then
    _describe 'galago' found
  fi
}
if [[ $funcstack[1] == _galago ]]; then
  _galago "$@"
else
  compdef _galago galago
fi
`,
  fish: `# Completion of galago for fish: galago completion fish | source
function __galago_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] complete -- $words[2..] 2>/dev/null)
        if test "$line" = :files
            __fish_complete_path (commandline -ct)
        else
            echo $line
        end
    end
end
complete -c galago -f -a '(__galago_complete)'
`,
};
