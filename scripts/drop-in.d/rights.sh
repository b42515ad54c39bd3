#!/bin/bash
# Of tern-drop-in(8): root keeps its rights to places that only root can change. In a directory of
# another user a name can be another file a moment later, so there its owner's rights do the work.
# shellcheck disable=SC2154 # the variables are those of drop-in

# Runs a command with the rights of a user and a group alone: no other groups, no descriptor of
# ours, no terminal, and not for longer than a minute.
with_rights_of() { # uid gid command...
    (cd / && exec setsid -w timeout 60 \
        setpriv --reuid "$1" --regid "$2" --clear-groups -- "${@:3}") </dev/null {lock}<&-
}
as_user() { with_rights_of "$uid" "$gid" "$@"; }
lock=9 # until take_lock opens one: closing what is not open does no harm

# Prints the uid of the first user other than root who could change what a path leads to; 0 when
# only root can. Symbolic links are followed one by one, as each has an owner. Fails, with
# the directory in $open_directory, where a group or everybody could.
owner_on_the_way() { # absolute path
    local rest=${1#/} done='' next owner mode links=0
    open_directory=''
    while :; do
        read -r owner mode < <(stat -c '%u %a' -- "${done:-/}") || return 1
        if ((owner)); then break; fi
        # Of root's group only root; in a sticky directory the names of root stay.
        if [[ ! -L ${done:-/} ]] && (((8#$mode & 01000) == 0)); then
            if (((8#$mode & 02) || ((8#$mode & 020) && $(stat -c %g -- "${done:-/}")))); then
                open_directory=${done:-/}
                return 1
            fi
        fi
        if [[ -L ${done:-/} ]]; then
            ((++links <= 40)) || return 1
            next=$(readlink -- "$done")
            rest=$next${rest:+/$rest}
            if [[ $next == /* ]]; then done='' rest=${rest#/}; else done=${done%/*}; fi
        fi
        while [[ $rest == /* ]]; do rest=${rest#/}; done
        [[ -n $rest ]] || break
        next=${rest%%/*}
        if [[ $rest == */* ]]; then rest=${rest#*/}; else rest=''; fi
        case $next in
            .) ;;
            ..) done=${done%/*} ;;
            *) done+=/$next ;;
        esac
    done
    found_owner=$owner found_at=${done:-/}
}

only_root_changes() { # directory
    if ! owner_on_the_way "$1"; then
        fail "a group or everybody can change ${open_directory:-what $1 leads to}, and root does" \
            "not write there; fix: chmod go-w ${open_directory:-$1}"
    elif ((found_owner)); then
        fail "$found_at belongs to the user $(name_of_uid "$found_owner"), and root does not" \
            "write in a directory of another user; fix: chown -h root $found_at"
    fi
}
name_of_uid() { id -nu "$1" 2>/dev/null || echo "$1"; }

# A lock that no other user can hold: flock(2) needs an open file, and only root can open this one.
take_lock() {
    exec {lock}>>/run/tern-drop-in.lock || fail "cannot open /run/tern-drop-in.lock"
    chmod 600 /run/tern-drop-in.lock
    flock -n "$lock" || fail "another run is at work (it holds /run/tern-drop-in.lock)"
}

# The memory of silent IPv6 hosts beside that of IPv4 ones. queue/lock belongs to qmailq, who could
# turn each name there into a link to a file of root's: so it is made with the rights of its owner,
# as a new file (set -C opens with O_EXCL), which $user may write as its group.
# Complete before it has its name; the way back leaves it, for the old programs do not know it.
make_table6() {
    local said table=$given/queue/lock/tcpto
    if [[ ! -f $table || -e ${table}6 || -L ${table}6 ]]; then return 0; fi
    say "make ${table}6, 2048 bytes, for $user"
    if $dry_run; then return 0; fi
    if ! owner_on_the_way "${table%/*}"; then
        warn "${table}6 was not made: a group or everybody can change" \
            "${open_directory:-what ${table%/*} leads to}; fix: chmod go-w ${open_directory:-it}"
        return 0
    fi
    # shellcheck disable=SC2016 # these variables are the other shell's
    said=$(with_rights_of "$found_owner" "$gid" sh -Ceuc '
        umask 117
        cd "$1"
        new=.tcpto6.$$
        : >"$new"
        trap "rm -f $new" EXIT
        head -c 2048 /dev/zero >>"$new"
        ln -T "$new" tcpto6' sh "${table%/*}" 2>&1) ||
        warn "${table}6 was not made with the rights of $(name_of_uid "$found_owner"):" \
            "${said:-no reason given}; IPv6 hosts that do not answer are tried each time"
}
