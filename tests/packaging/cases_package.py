# The Debian package: installing and removing it touches nothing that qmail runs.
import subprocess

from bench import Home, Watch, expect, snapshot
from cases_rights import expect_table6


def package_comes_and_goes(bench):
    root = bench.scratch / "root"
    for directory in ("var/lib/dpkg/info", "var/lib/dpkg/updates"):
        (root / directory).mkdir(parents=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    home = Home(root / "var/qmail", bench.tools)
    made = bench.scratch / "package"
    subprocess.run(["cpack", "--config", bench.build / "CPackConfig.cmake", "-G", "DEB", "-B",
                    made], check=True, stdout=subprocess.DEVNULL, cwd=bench.scratch)
    package, = made.glob("tern_*.deb")
    installed = root / "usr/lib/tern/bin"

    def dpkg(*words):
        return subprocess.run(["dpkg", f"--root={root}", "--force-script-chrootless",
                               "--force-depends", *words],
                              check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True).stdout

    subprocess.run(["dpkg-deb", "-x", package, bench.scratch / "unpacked"], check=True)
    bench.trees.append(bench.scratch / "unpacked/usr/lib/tern/bin")
    own = [path for path in (bench.scratch / "unpacked").rglob("*") if path.is_file()]
    for path in own:
        place = str(path.relative_to(bench.scratch / "unpacked"))
        expect("tern" in place, f"{place} may meet a file of another qmail package")
    said = subprocess.run([bench.scratch / "unpacked/usr/sbin/tern", "--version"], check=True,
                          stdout=subprocess.PIPE, text=True).stdout
    expect(said.startswith("tern "), f"tern --version says {said!r}")
    shared = bench.scratch / "unpacked/usr/share"
    for name in ("bash-completion/completions/tern", "zsh/vendor-completions/_tern",
                 "fish/vendor_completions.d/tern.fish", "man/man8/tern.8.gz",
                 "bash-completion/completions/tern-drop-in",
                 "zsh/vendor-completions/_tern-drop-in",
                 "fish/vendor_completions.d/tern-drop-in.fish", "man/man8/tern-drop-in.8.gz",
                 "man/man8/tern-route.8.gz", "man/man8/tern-check.8.gz",
                 "man/man8/tern-probe.8.gz"):
        expect((shared / name).is_file(), f"the package has no {name}")
    with Watch(bench, home):
        before = snapshot(home.bin)
        said = dpkg("-i", package)
        expect("tern-drop-in" in said, "installing does not say what comes next")
        expect(snapshot(home.bin) == before, "installing touched qmail")
        expect_table6(home)
        (home.path / "queue/lock/tcpto6").unlink()
        script = root / "usr/sbin/tern-drop-in"
        bench.drop_in(home, script=script)
        home.expect_new(installed)
        expect_table6(home)
        table6 = (home.path / "queue/lock/tcpto6").stat().st_ino
        before = snapshot(home.bin)
        dpkg("-i", package)  # an upgrade
        expect("stay as they are" in dpkg("-r", "tern"), "removing does not say what stays")
        dpkg("-P", "tern")
        expect(snapshot(home.bin) == before, "upgrading or removing touched qmail")
        expect((home.path / "queue/lock/tcpto6").stat().st_ino == table6, "tcpto6 was touched")
        left = [path for path in (root / "usr").rglob("*") if path.is_file()]
        expect(not left, f"removing the package left {left}")
        bench.drop_in(home, "--back")
        home.expect_old()


CASES = (package_comes_and_goes,)
