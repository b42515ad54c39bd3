# Completion of tern-drop-in(8) for bash.

_tern_drop_in() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    case $previous in
        --qmail | --from)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -d -- "$current")
            ;;
        --replace)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            ;;
        --user) mapfile -t COMPREPLY < <(compgen -u -- "$current") ;;
        *)
            mapfile -t COMPREPLY < <(compgen -W '--back --table --dry-run --anyway --qmail
                --replace --from --user --help' -- "$current")
            ;;
    esac
}

complete -F _tern_drop_in tern-drop-in
