# Completion of tern(8) for bash.

_tern() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local subcommand='' word options='--help'
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in
            route | check | probe)
                subcommand=$word
                break
                ;;
        esac
    done
    COMPREPLY=()
    case $previous in
        --color)
            mapfile -t COMPREPLY < <(compgen -W 'auto always never' -- "$current")
            return
            ;;
        --ca)
            compopt -o filenames
            mapfile -t COMPREPLY < <(compgen -f -- "$current")
            return
            ;;
        --user)
            mapfile -t COMPREPLY < <(compgen -u -- "$current")
            return
            ;;
        --timeout | --sender) return ;;
    esac
    case $subcommand in
        '') options='route check probe --help --version' ;;
        route) options+=' -4 -6 --json --color' ;;
        check) options+=' --user --json --color' ;;
        probe) options+=' -4 -6 --mx --all --sender --ca --timeout --json --color' ;;
    esac
    if [[ -z $subcommand || $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [[ $subcommand == probe ]]; then
        mapfile -t COMPREPLY < <(compgen -A hostname -- "$current")
    fi
}

complete -F _tern tern
