# SPDX-License-Identifier: Apache-2.0
# Completion for bash: coffer itself knows the words, from the same tables as its help.
_coffer()
{
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -o default -F _coffer coffer
