#!/bin/bash
# Of tern-drop-in(8): what kind of host this is, and what the place of the program is.
# shellcheck disable=SC2154 # the variables are those of drop-in

# indimail's qmail-rspawn calls `qmail-remote host sender qqeh size recip`: this qmail-remote would
# take qqeh and the size for recipients and so bounce mail that was delivered. These are words of
# its programs, old and new, that no other qmail's have.
# shellcheck disable=SC2016 # a dollar sign as it is
indimail_marks='sbin/qmail-remote|VIRTUAL_PKG_LIB|\$Id: (qmail-rspawn|tcpto_clean)\.c,v|libindimail'
refuse_indimail() {
    local program
    local programs=("$qmail"/{bin,sbin}/qmail-rspawn "${rspawns[@]/%//exe}")
    # Its packages have the programs in /usr/sbin, and their home in /var/indimail.
    [[ -e ${programs[0]} || -e ${programs[1]} ]] || programs+=(/usr/sbin/qmail-rspawn)
    for program in "${programs[@]}"; do
        if [[ ! -f $program ]] || ! grep -aqE "$indimail_marks" "$program"; then continue; fi
        fail "$program is indimail's, which calls qmail-remote with other arguments: this" \
            "qmail-remote would bounce every mail, so it is not put here"
    done
    program=$qmail/bin/qmail-remote
    # shellcheck disable=SC2016 # a dollar sign as it is
    if [[ -f $program ]] && grep -aqE '\$Id: qmail-remote\.c,v' "$program"; then
        fail "$program is indimail's, which is called with other arguments: this qmail-remote" \
            "would bounce every mail, so it is not put here"
    fi
}

# The processes that are this home's qmail-rspawn, as directories of /proc: they run as qmailr in
# queue/mess, so only root and qmail's own users can look like one.
rspawns=()
find_rspawns() {
    local process queue name
    queue=$(readlink -e "$qmail/queue") || return 0
    for process in /proc/[0-9]*; do
        read -r name 2>/dev/null <"$process/comm" || continue
        [[ $name == qmail-rspawn ]] || continue
        [[ $(readlink "$process/cwd")/ != "$queue"/* ]] || rspawns+=("$process")
    done
}

# The environment that deliveries start from: that of the running qmail-rspawn. Without one it is
# empty but for PATH: what this shell has, QMAILHOME above all, is not what qmail has.
caller_environment=()
find_caller_environment() {
    caller_environment=("PATH=$PATH")
    ((${#rspawns[@]})) || return 0
    mapfile -d '' caller_environment <"${rspawns[0]}/environ" || caller_environment=("PATH=$PATH")
}
from_caller() { # NAME
    local setting
    for setting in "${caller_environment[@]}"; do
        [[ $setting != "$1="* ]] || echo "${setting#*=}"
    done
}

# ---- Which files are replaced

declare -A target
find_targets() {
    local program directory
    for program in "${programs[@]}"; do target[$program]=$bin/$program; done
    if [[ -n $replace ]]; then
        directory=$(readlink -e "$(dirname "$replace")") || fail "there is no $replace"
        target[qmail-remote]=$directory/${replace##*/}
    elif $back; then
        find_replaced
    fi
    [[ ${target[qmail-remote]} != *.before-tern* && ${target[qmail-remote]} != *.tern-new ]] ||
        fail "$replace is a name that ${0##*/} gives itself"
    [[ -f ${target[qmail-remote]} ]] ||
        fail "there is no ${target[qmail-remote]} to take the place of"
}

# Going back needs no --replace where the program that was replaced is in bin, whatever its name.
find_replaced() {
    local aside name
    if is_ours "$bin/qmail-remote"; then return; fi
    for aside in "$bin"/*.before-tern; do
        name=${aside%.before-tern}
        case ${name##*/} in qmail-tcpto | qmail-tcpok) continue ;; esac
        if [[ -f $name ]] && is_ours "$name"; then target[qmail-remote]=$name; fi
    done
}

# Every program of tern carries this mark; what carries none is another program and is kept.
is_ours() { [[ -f $1 ]] && is_elf "$1" && grep -aqF '@(#) tern ' "$1"; }
is_elf() {
    local magic=''
    read -rN 4 magic 2>/dev/null <"$1" || :
    [[ $magic == $'\x7fELF' ]]
}

# ---- Wrappers

# Programs beside it whose name is this one's with something added, but for what we kept aside.
neighbours() { # path
    local path
    for path in "$1"[-._]*; do
        [[ -f $path && $path != *.before-tern* ]] && echo "$path"
    done
    return 0
}

# Why the file is a wrapper: a program that changes the mail, or counts it, and runs another one.
# Prints nothing for a plain qmail-remote. The program that it runs, if found, is in $wrapped.
wrapper_reason() { # path
    local path real
    wrapped='' reason=''
    real=$(readlink -e "$1") || real=$1
    while read -r path; do
        case ${path#"$1"} in
            .orig | .origin | .original | .moved | .real | -orig | -real) ;;
            *) grep -aqF "${path##*/}" "$real" || continue ;;
        esac
        reason="$path is beside it" wrapped=$path
    done < <(neighbours "$1")
    if [[ -L $1 && ${real%/*} != "${1%/*}" ]]; then
        reason="it is a link to $real"
    elif ! is_elf "$real"; then
        reason="it is a script"
    fi
}

# Replacing a wrapper ends what it does, so the operator says which of the two is meant.
stop_at_wrapper() {
    local path=${target[qmail-remote]} other
    find_caller_environment
    if [[ -n $replace ]]; then return 0; fi
    other=$(from_caller QMAILREMOTE)
    if [[ -n $other && $other != "$path" ]]; then
        fail "qmail-rspawn runs $other (QMAILREMOTE), not $path; say with --replace FILE which" \
            "program tern takes the place of: $other, or what that runs"
    fi
    if is_ours "$path"; then return 0; fi
    wrapper_reason "$path"
    [[ -n $reason ]] || return 0
    fail "$path is a wrapper: $reason. Say which file tern takes the place of:
  --replace ${wrapped:-FILE}
      the program that the wrapper runs: the wrapper goes on working
  --replace $path
      the wrapper itself: what it does, signing or filtering, ends"
}

# ---- What would keep a program from its place

look_at_places() {
    local program path directory need=65536 free files
    for program in "${programs[@]}"; do
        path=${target[$program]} directory=${target[$program]%/*}
        [[ -f $path && -f $from/$program ]] || continue
        need=$((need + $(stat -L -c %s "$from/$program")))
        check_attributes "$directory"
        [[ -w $directory ]] || fail "nothing can be written in $directory: its file system is" \
            "mounted read-only, or it is immutable"
        [[ -L $path ]] || check_attributes "$path"
        [[ -L $path || -w $path ]] || fail "$path cannot be replaced (immutable?)"
        [[ -x $path ]] || fail "$path cannot be executed: its file system is mounted with noexec," \
            "or it has mode $(stat -L -c %a "$path"); mail bounces"
    done
    directory=${target[qmail-remote]%/*}
    read -r free files < <(stat -f -c '%f*%S %c==0||%d>8' "$directory")
    ((free >= need)) || fail "the file system of $directory is full: $need bytes are needed"
    ((files)) || fail "the file system of $directory has no room for more files"
}

check_attributes() { # path
    local letters
    command -v lsattr >/dev/null || return 0
    letters=$(lsattr -d -- "$1" 2>/dev/null) || return 0
    letters=${letters%% *}
    [[ $letters != *[ia]* ]] ||
        fail "$1 has the attribute immutable or append-only; fix: chattr -i -a $1"
}

# s/qmail and others have tables of 8,192 bytes with records of 32 bytes: their qmail-tcpto and
# qmail-tcpok know them, ours do not (contract.md#tcpto).
keep_other_tables() {
    local program table=$qmail/queue/lock/tcpto
    if [[ ! -f $table ]] || (($(stat -L -c %s "$table") <= 1024)); then return 0; fi
    echo "$table is larger than 1024 bytes, another program's format:" \
        "$bin/qmail-tcpto and $bin/qmail-tcpok stay as they are"
    for program in qmail-tcpto qmail-tcpok; do
        if is_ours "$bin/$program"; then
            warn "$bin/$program is tern's and does not know this table; go back with" \
                "${0##*/} --back, then drop in again"
        fi
    done
    programs=(qmail-remote)
}
