# Completion of tern-drop-in(8) for fish.

complete -c tern-drop-in -f
complete -c tern-drop-in -l back -d 'put the old programs back'
complete -c tern-drop-in -l table -d 'only make queue/lock/tcpto6'
complete -c tern-drop-in -l dry-run -d 'print each step, change nothing'
complete -c tern-drop-in -l anyway -d 'go on although an error was found'
complete -c tern-drop-in -l qmail -x -a '(__fish_complete_directories)' -d 'the home of qmail'
complete -c tern-drop-in -l replace -r -F -d 'the file to take the place of'
complete -c tern-drop-in -l from -x -a '(__fish_complete_directories)' -d 'the directory with the new programs'
complete -c tern-drop-in -l user -x -a '(__fish_complete_users)' -d 'the user that runs qmail-remote'
complete -c tern-drop-in -l help -d 'print the options'
