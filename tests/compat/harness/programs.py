# Programs where every user of this host can run them: some cases run them as another user,
# and a checkout may be where no other user gets in (/root, a home with mode 0700).
import pathlib
import shutil


def within_reach(binaries, scratch):
    """The directory itself where others may enter it, else one within scratch with copies."""
    if all(path.stat().st_mode & 0o001 for path in (binaries, *binaries.parents)):
        return binaries
    reachable = pathlib.Path(scratch) / "programs"
    reachable.mkdir()
    reachable.chmod(0o755)
    for program in binaries.iterdir():
        if program.is_file():
            shutil.copy(program, reachable)
    return reachable
