# Completion of tern(8) for fish.

set -l subcommands route check probe
complete -c tern -f
complete -c tern -l help -d 'show the options'
complete -c tern -n "not __fish_seen_subcommand_from $subcommands" -l version -d 'show the version'
complete -c tern -n "not __fish_seen_subcommand_from $subcommands" -a route -d 'show where mail would be sent'
complete -c tern -n "not __fish_seen_subcommand_from $subcommands" -a check -d 'report problems in control files'
complete -c tern -n "not __fish_seen_subcommand_from $subcommands" -a probe -d 'look at a server'
complete -c tern -n "__fish_seen_subcommand_from $subcommands" -l json -d 'print JSON'
complete -c tern -n "__fish_seen_subcommand_from $subcommands" -l color -x -a 'auto always never' -d colour
complete -c tern -n '__fish_seen_subcommand_from route probe' -s 4 -d 'IPv4 only'
complete -c tern -n '__fish_seen_subcommand_from route probe' -s 6 -d 'IPv6 only'
complete -c tern -n '__fish_seen_subcommand_from check' -l user -x -a '(__fish_complete_users)' -d 'the user that runs qmail-remote'
complete -c tern -n '__fish_seen_subcommand_from probe' -l mx -d 'connect to the exchangers of a domain'
complete -c tern -n '__fish_seen_subcommand_from probe' -l all -d 'every address of every server'
complete -c tern -n '__fish_seen_subcommand_from probe' -l sender -x -d 'connect as for mail from this sender'
complete -c tern -n '__fish_seen_subcommand_from probe' -l ca -r -F -d 'verify with this file'
complete -c tern -n '__fish_seen_subcommand_from probe' -l timeout -x -d 'maximum seconds to wait'
