#!/bin/bash
# Of tern-drop-in(8): proving programs, putting them in place, and undoing it when something goes
# wrong half way. Only root can change the directories these names are in: rights.sh has looked.
# shellcheck disable=SC2154 # the variables are those of drop-in

# The names beside a program: the new one, and the one it replaced in this run.
new_of() { echo "${target[$1]%/*}/.${target[$1]##*/}.tern-new"; }
held_of() { echo "${target[$1]%/*}/.${target[$1]##*/}.tern-held"; }

# The youngest of p.before-tern, p.before-tern.2, ...; nothing when there is none.
youngest_aside() { # program
    local aside=${target[$1]}.before-tern number=2 youngest=''
    while [[ -e $aside || -L $aside ]]; do
        youngest=$aside
        aside=${target[$1]}.before-tern.$number
        number=$((number + 1))
    done
    echo "$youngest"
}
next_aside() { # program
    local youngest number
    youngest=$(youngest_aside "$1")
    number=${youngest##*.before-tern}
    case $youngest in
        '') echo "${target[$1]}.before-tern" ;;
        *.before-tern) echo "$youngest.2" ;;
        *) echo "${youngest%.*}.$((${number#.} + 1))" ;;
    esac
}

# ---- Proving

# A home of its own: qmail-tcpok zeroes the table of the home in QMAILHOME.
make_scratch_home() {
    chmod 755 "$scratch"
    (umask 022 && mkdir -p "$scratch/queue/lock")
    head -c 1024 /dev/zero >"$scratch/queue/lock/tcpto"
    chown "$user" "$scratch/queue/lock/tcpto"
}

# Runs a program of ours as qmail would, and looks at what it says.
prove() { # name file
    local said status=0
    if [[ $1 == qmail-remote ]]; then
        prove_start "$2"
        return
    fi
    said=$(as_user env -i QMAILHOME="$scratch" "$2" 2>&1 | tr '\0' '\n') || status=$?
    ((status == 0)) || fail "$2 does not run as user $user (status $status): ${said:-no output}"
}

# What the loader, or the kernel by way of setpriv, says of a program that cannot be started.
cannot_start='error while loading shared libraries|symbol lookup error'
cannot_start+='|version .* not found \(required by|setpriv: failed to execute'

# An old program: it knows no other home, so only qmail-remote, which does nothing without
# arguments, is run. What it says then, and its exit status, do not matter: it is as it was.
# Only one that cannot be started any more, as its libraries are gone, must not come back.
prove_old() { # name file
    local said
    [[ $1 == qmail-remote ]] || return 0
    said=$(as_user "$2" 2>&1 | tr '\0' '\n') || :
    [[ ! $said =~ $cannot_start ]] || refuse "$2 cannot be started by $user any more: $said"
    stop_if_refused
}

# ---- Doing it, and undoing it

changed=()  # programs renamed in this run; the previous one is .<program>.tern-held
linked=()   # asides made in this run
finished=false

undo() {
    local program aside failed=false
    trap '' HUP INT TERM
    if ! $finished; then
        for program in "${changed[@]}"; do put_held_back "$program" || failed=true; done
        for aside in "${linked[@]}"; do rm -f "$aside"; done
    fi
    $failed || remove_leftovers
    rm -rf "$scratch"
}
# If mv was killed before its rename(2), both names still are one file, which mv -T refuses.
put_held_back() { # program
    local held place=${target[$1]}
    held=$(held_of "$1")
    if [[ ! -e $held && ! -L $held ]]; then return 0; fi
    if [[ $(stat -c %d:%i "$held") == "$(stat -c %d:%i "$place" 2>/dev/null)" ]]; then
        rm -f "$held"
    elif ! mv -fT "$held" "$place"; then
        warn "$place could not be put back; fix: mv -fT $held $place"
        return 1
    fi
}
remove_leftovers() {
    local program
    for program in "${!target[@]}"; do
        rm -f "$(new_of "$program")" "$(held_of "$program")"
    done
}

# Complete, durable, with the owner and mode of the one it replaces, and proven, before it counts.
prepare() { # program
    local source=$from/$1 place=${target[$1]} new owner mode
    new=$(new_of "$1")
    owner=$(stat -L -c %u:%g "$place")
    mode=$(stat -L -c %a "$place")
    say "copy $source to $new, owner $(stat -L -c %U:%G "$place"), mode $mode, and try it as $user"
    if $dry_run; then
        prove_dry "$1" "$source" "$place" "$owner" "$mode"
        return
    fi
    cp -T "$source" "$new"
    cmp -s "$source" "$new" || fail "$new is not a true copy of $source"
    chown "$owner" "$new"
    chmod "$mode" "$new" # after chown, which takes away set-id bits
    sync "$new"
    prove "$1" "$new"
}

# In a mount name space of its own a copy, with owner and mode as it would have them, is where
# the old program is, for this look only.
prove_dry() { # program source place owner mode
    local real status=0
    real=$(readlink -e "$3")
    mkdir -p "$scratch/try"
    if ! unshare -m mount --bind "$scratch/try" "$scratch/try" 2>/dev/null; then
        warn "$2 was not tried: that needs a mount name space, which is not to be had here"
        return 0
    fi
    export -f prove prove_start start_as_caller as_user with_rights_of refuse fail warn
    # shellcheck disable=SC2016 # these variables are the other shell's
    unshare -m bash -euo pipefail -c "$(declare -p uid gid user qmail scratch anyway refusals \
        lock rspawns caller_environment)"'
        mount -t tmpfs -o mode=755 tmpfs "$scratch/try"
        cp -T "$2" "$scratch/try/copy"
        chown "$4" "$scratch/try/copy"
        chmod "$5" "$scratch/try/copy"
        mount --bind "$scratch/try/copy" "$3"
        prove "$1" "$3"
        ((refusals == 0)) || exit 3' "$0" "$1" "$2" "$real" "$4" "$5" || status=$?
    if ((status == 3)); then refusals=$((refusals + 1)); fi
    ((status == 0 || status == 3)) || fail "nothing was changed"
}

keep_aside() { # program
    local place=${target[$1]} youngest aside
    if is_ours "$place"; then
        return
    fi
    youngest=$(youngest_aside "$1")
    if [[ -n $youngest ]] && cmp -s "$youngest" "$place"; then
        return
    fi
    aside=$(next_aside "$1")
    say "link $place to $aside, which keeps the old program"
    $dry_run && return
    ln -PT "$place" "$aside"
    linked+=("$aside")
}

put_in_place() { # program
    local place=${target[$1]}
    say "rename $(new_of "$1") to $place"
    $dry_run && return
    ln -PT "$place" "$(held_of "$1")"
    changed+=("$1")
    mv -fT "$(new_of "$1")" "$place"
}

# qmail-rspawn believes what it runs; a program that needs a shared library is one upgrade away
# from exit status 127, which bounces.
warn_of_libraries() { # file
    if ldd "$1" 2>/dev/null | grep -q '=>'; then
        warn "$1 needs shared libraries; if one is missing for a moment, mail bounces." \
            "The static release build needs none"
    fi
}

drop_in() {
    local program place wanted=()
    for program in "${programs[@]}"; do
        place=${target[$program]}
        [[ -f $from/$program && -x $from/$program && -s $from/$program ]] ||
            fail "there is no program $from/$program; $cure"
        is_ours "$from/$program" || fail "$from/$program is not one of tern's programs"
        warn_of_libraries "$from/$program"
        if [[ ! -f $place ]]; then
            echo "$place: there is none, so none is put there"
        elif cmp -s "$from/$program" "$place"; then
            echo "$place: is this very program already"
        else
            wanted+=("$program")
        fi
    done
    for program in "${wanted[@]}"; do prepare "$program"; done
    stop_if_refused
    for program in "${wanted[@]}"; do keep_aside "$program"; done
    for program in "${wanted[@]}"; do put_in_place "$program"; done
}

go_back() {
    local program place aside wanted=()
    for program in "${programs[@]}"; do
        place=${target[$program]}
        aside=$(youngest_aside "$program")
        if [[ ! -f $place ]]; then
            echo "$place: there is none, so nothing takes its place"
        elif ! is_ours "$place"; then
            echo "$place: is not tern's, so it stays"
            forget_aside "$program"
        elif [[ -z $aside && $program == qmail-remote ]]; then
            fail "there is no $place.before-tern to go back to; nothing was changed"
        elif [[ -z $aside ]]; then
            warn "there is no $place.before-tern to go back to: $place stays tern's"
        else
            prove_old "$program" "$aside"
            wanted+=("$program")
        fi
    done
    for program in "${wanted[@]}"; do
        aside=$(youngest_aside "$program")
        say "link $aside to $(new_of "$program")"
        $dry_run || ln -PT "$aside" "$(new_of "$program")"
        put_in_place "$program"
    done
    finished=true
    for program in "${wanted[@]}"; do forget_aside "$program"; done
    if $dry_run && ((${#wanted[@]})); then say "remove the names of those kept aside"; fi
}

# The one kept aside is a second name of the program in place: it has served.
forget_aside() { # program
    local aside
    aside=$(youngest_aside "$1")
    if [[ -n $aside && $aside -ef ${target[$1]} ]]; then
        say "remove the name $aside"
        $dry_run || rm "$aside"
    fi
}
