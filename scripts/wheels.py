"""What scripts/ unpack from pinned wheels of the Python package index, once per user.

A set of wheels is a heading [VERSION MACHINE] in a lock under third_party/ and, as sha256sum prints them, the
wheels. Only what a script names is unpacked, into the cache folder, which is $TORCHGO_CACHE, or torchgo in
$XDG_CACHE_HOME or in ~/.cache. What is there is whole: it was renamed into place.
"""

import contextlib
import ctypes
import fcntl
import fnmatch
import hashlib
import os
import platform
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path


class Failure(Exception):
    """What went wrong and what to do about it, for the user."""


class Store:
    """The sets of third_party/NAME.lock, unpacked to NAME/ in the cache folder.

    members are patterns of what is unpacked, at its path in the wheel; room is how many bytes a set may take,
    with its largest wheel; check raises Failure for a folder that holds no usable set; instead tells the user
    how to do without the download.
    """

    def __init__(self, name, members, room, check, instead):
        self.name, self.members, self.room, self.check, self.instead = name, members, room, check, instead
        self.lock = Path(__file__).resolve().parent.parent / "third_party" / f"{name}.lock"

    def say(self, text):
        print(f"{self.name}: {text}", file=sys.stderr, flush=True)

    def sets(self):
        """Reads the lock: {version: [(sha256, file name)]} for this machine, the default first."""
        sets, wheels = {}, None
        for line in self.lock.read_text().splitlines():
            words = line.split()
            if not words or line.startswith("#"):
                continue
            if line.startswith("["):
                version, machine = line.strip("[]").split()
                wheels = sets.setdefault(version, []) if machine == platform.machine() else []
            else:
                wheels.append(tuple(words))
        return sets

    def folder(self):
        return cache_folder() / self.name

    def downloaded(self, version, wheels):
        """Gives the folder of an unpacked set, which it downloads first if need be."""
        place = self.folder() / f"{version}-{platform.machine()}"
        if not is_complete(place, wheels):
            try:
                place.parent.mkdir(parents=True, exist_ok=True)
                with self.only_one():
                    if not is_complete(place, wheels):
                        self.provide(place, wheels)
            except OSError as e:
                raise Failure(
                    f"cannot fill the cache folder: {e}\n"
                    f"make room or rights there, or set TORCHGO_CACHE to another folder, or {self.instead}"
                ) from e
        return place

    @contextlib.contextmanager
    def only_one(self):
        """Keeps other runs out of the folder; the kernel ends this with the process."""
        with open(self.folder() / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.say("waiting for another download to finish")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def provide(self, place, wheels):
        """Downloads and unpacks a set beside its place, and renames it there when it is whole."""
        wheelhouse, partial = place.parent / "downloads", place.parent / "partial"
        shutil.rmtree(partial, ignore_errors=True)  # of a run that was killed
        partial.mkdir()
        wheelhouse.mkdir(exist_ok=True)
        if shutil.disk_usage(partial).free < self.room:
            raise OSError(f"{partial.parent} has less than {self.room / 1e9:.1f} GB free")

        for sha, name in wheels:
            if not self.is_intact(wheelhouse / name, sha):
                self.fetch(name, sha, partial)
                os.replace(partial / name, wheelhouse / name)
        self.say(f"unpacking to {place}")
        for _, name in wheels:
            unpack(wheelhouse / name, self.members, partial / "set")
        self.check(partial / "set")
        (partial / "set" / "wheels").write_text(stamp(wheels))

        if place.exists():  # made from other wheels, or damaged
            place.rename(partial / "old")
        (partial / "set").rename(place)
        shutil.rmtree(partial)
        for _, name in wheels:
            (wheelhouse / name).unlink()

    def is_intact(self, wheel, sha):
        """Tells whether a wheel that an earlier run left is whole; removes it otherwise."""
        if not wheel.exists():
            return False
        if sha256(wheel) == sha:
            return True
        self.say(f"{wheel} is damaged: downloading it again")
        wheel.unlink()
        return False

    def fetch(self, wheel, sha, folder):
        """Has pip download one wheel into folder; its sha256 decides which file is taken."""
        name, version, options = requirement(wheel)
        wanted = folder / "requirement.txt"
        wanted.write_text(f"{name}=={version} --hash=sha256:{sha}\n")
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
        command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", *options]
        command += ["--requirement", str(wanted), "--dest", str(folder)]
        if not sys.stderr.isatty():
            command += ["--quiet", "--progress-bar=off"]
        self.say(f"downloading {wheel}")
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            env={**os.environ, "TMPDIR": str(folder)},
            preexec_fn=die_with_parent,
        )
        if done.returncode != 0 or not (folder / wheel).exists():
            raise Failure(
                f"pip could not download {wheel} (its message is above)\n"
                f"run this again when the network is there, or {self.instead}"
            )
        if sha256(folder / wheel) != sha:
            raise Failure(f"{wheel} arrived damaged: its sha256 is not that of {self.lock}; run this again")


def cache_folder():
    if os.environ.get("TORCHGO_CACHE"):
        return Path(os.environ["TORCHGO_CACHE"]).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache").absolute() / "torchgo"


def requirement(wheel):
    """Tells pip's name, version and platform options for a wheel, from its file name."""
    name, version, python, abi, platforms = wheel[: -len(".whl")].split("-")
    digits = python[2:]
    options = ["--implementation", python[:2], "--abi", abi]
    options += ["--python-version", f"{digits[0]}.{digits[1:] or 11}"]
    for tag in platforms.split("."):
        options += ["--platform", tag]
    return name, version, options


def stamp(wheels):
    return "".join(f"{sha}  {name}\n" for sha, name in wheels)


def is_complete(place, wheels):
    """A set is there when the stamp, which is renamed into place with it, names its wheels."""
    try:
        return (place / "wheels").read_text() == stamp(wheels)
    except OSError:
        return False


def die_with_parent():
    """Lets no pip outlive a killed run, to write where the next run works."""
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as f:
        while block := f.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def unpack(wheel, members, folder):
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if any(fnmatch.fnmatchcase(member.filename, m) for m in members):
                if not member.is_dir():
                    extract(archive, member, folder / member.filename)


def extract(archive, member, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(member) as source, open(target, "wb") as f:
        shutil.copyfileobj(source, f, 1 << 20)
        if ".so" in target.name:
            # A library that a power cut leaves short would be mapped without complaint.
            f.flush()
            os.fsync(f.fileno())


def check_opens(library):
    """Raises Failure when this machine cannot open a library."""
    # In a process of its own: opening runs the library's initialisers.
    opened = subprocess.run(
        [sys.executable, "-c", "import ctypes, sys; ctypes.CDLL(sys.argv[1])", str(library)],
        stderr=subprocess.PIPE,
        text=True,
    )
    if opened.returncode != 0:
        reason = opened.stderr.strip().splitlines()[-1:] or [f"exit status {opened.returncode}"]
        raise Failure(f"{library} cannot be opened: {reason[0]}")
