#!/bin/bash
# Of tern-drop-in(8): whether mail would go as the host's files say, before it goes at all.
# shellcheck disable=SC2154 # the variables are those of drop-in
refusals=0

# Ends the run, unless --anyway was given.
refuse() {
    if $anyway; then
        warn "$*; --anyway: going on"
    else
        echo "${0##*/}: $*" >&2
        refusals=$((refusals + 1))
    fi
}
stop_if_refused() {
    ((refusals == 0)) || fail "nothing was changed; fix this, or continue with --anyway"
}

# ---- Directories

# Of a path, the first directory that the user cannot enter: a closed one above the home closes
# everything below, whatever the modes there say.
closed_directory() { # path
    # shellcheck disable=SC2016 # these variables are the other shell's
    as_user sh -fc '
        directory=
        IFS=/
        for name in ${1#/}; do
            directory=$directory/$name
            [ ! -d "$directory" ] || [ -x "$directory" ] || { echo "$directory"; exit; }
        done' sh "$1"
}
how_to_open() { # directory
    local owner group
    read -r owner group < <(stat -c '%u %g' "$1")
    if ((owner == uid)); then
        echo "chmod u+x $1"
    elif ((group == gid)); then
        echo "chmod g+x $1"
    elif [[ $1/ == "$qmail"/* ]]; then
        echo "chgrp $(id -gn "$user") $1 && chmod g+x $1"
    else
        echo "chmod o+x $1"
    fi
}
look_at_directories() {
    local path closed complain
    for path in "$qmail/control" "${target[qmail-remote]%/*}" "$qmail/queue/lock"; do
        # Without the tables of queue/lock mail goes, with more time spent on silent hosts.
        if [[ $path == "$qmail/queue/lock" ]]; then complain=warn; else complain=refuse; fi
        if [[ ! -d $path ]]; then
            $complain "there is no directory $path"
            continue
        fi
        closed=$(closed_directory "$(readlink -e "$path")")
        [[ -z $closed ]] ||
            $complain "$user cannot enter $closed, on the way to $path;" \
                "fix: $(how_to_open "$closed")"
    done
    stop_if_refused
}

# ---- What tern check says

# The tern of the new build, so that nothing is judged by other rules than its deliveries'.
find_tern() {
    local path
    for path in "$from/tern" "$from/../../../sbin/tern" "$here/tern"; do
        if is_ours "$path"; then
            echo "$path"
            return
        fi
    done
}
tern_check() { # options...
    (cd / && QMAILHOME=$qmail exec timeout 120 "$tern" check --user "$uid:$gid" "$@" </dev/null)
}

# tern check reads every control file as deliveries do, as root on behalf of the user: an error is
# mail that would be deferred, or a policy that would not hold.
look_at_policy() {
    local tern said status=0 errors
    tern=$(find_tern)
    if [[ -z $tern ]]; then
        refuse "there is no tern in $from to check the control files with"
        stop_if_refused
        return 0
    fi
    said=$(tern_check --json 2>&1) || status=$?
    if ((status > 1)) || [[ ! $said =~ \"errors\":[[:space:]]*([0-9]+) ]]; then
        refuse "tern check did not finish (status $status): ${said:-no output}"
        stop_if_refused
        return 0
    fi
    errors=${BASH_REMATCH[1]}
    if ((status == 1)); then tern_check --color never 2>&1 || :; fi
    ((errors == 0)) || refuse "tern check finds errors in the files of $qmail, see above: mail" \
        "would be deferred, or sent in another way than they say"
    stop_if_refused
}

# ---- The start of a delivery

# Runs the new qmail-remote as qmail-rspawn does: its user, its environment, in queue/mess.
start_as_caller() { # file arguments...
    # shellcheck disable=SC2016 # these variables are the other shell's
    as_user sh -c 'cd "$1" 2>/dev/null || :; shift; exec env -i "$@"' sh \
        "$qmail/queue/mess" "${caller_environment[@]}" "$@" 2>&1 | tr '\0' '\n'
}

# contract.md#home: without QMAILHOME the program takes the home that it is in. Which one that
# is it says itself; a sender that never reaches the wire then proves that it can read its files.
prove_start() { # file
    local said home assumed=''
    said=$(start_as_caller "$1") || :
    [[ $said == "DI (qmail-remote) was invoked improperly."* ]] ||
        fail "$1 does not run as $user from qmail's environment; it says: ${said:-nothing}"
    home=${said##*; home }
    if [[ $home != /* ]]; then
        refuse "started by qmail, $1 finds no home: $home"
        return 0
    elif [[ $(readlink -m "$home") != "$qmail" ]]; then
        ((${#rspawns[@]})) || assumed=" (qmail-rspawn is not running; QMAILHOME is taken as unset)"
        refuse "started by qmail$assumed, $1 would take $home for qmail's home and not $qmail;" \
            "fix: set QMAILHOME=$qmail in the environment that qmail is started from"
        return 0
    fi
    said=$(start_as_caller "$1" tern-drop-in.invalid $'\001@tern-drop-in.invalid' \
        postmaster@tern-drop-in.invalid) || :
    [[ $said == D*'(#5.1.7)'* ]] ||
        refuse "as $user $1 cannot start a delivery; it says: ${said:-nothing}"
}
