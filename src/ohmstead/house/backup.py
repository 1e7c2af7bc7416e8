"""What a device had before it was provisioned, in a file that can be put back."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ohmstead.connect.whatwatt import System
from ohmstead.errors import BadInput, Conflict, NotFound, Unavailable

LONGEST = 262_144


class Backup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The settings as the device showed them: no secret is in them, only the length of each."""

    device: str
    """Twelve upper-case hexadecimal digits."""
    address: str
    model: str
    firmware: str
    taken_at: str
    mqtt: dict[str, Any]
    report_interval_s: int | None

    @classmethod
    def of(
        cls,
        address: str,
        system: System,
        mqtt: dict[str, Any],
        report_interval_s: int | None,
        now: datetime,
    ) -> "Backup":
        """The backup of what was just read."""
        taken_at = now.astimezone(UTC).isoformat(timespec="seconds")
        return cls(
            system.id, address, system.model, system.firmware, taken_at, mqtt, report_interval_s
        )

    def kept(self, file: Path | None) -> Path:
        """Written for its owner only (0600), durable; the file's name.

        Conflict when there is such a file, Unavailable when it cannot be written.
        """
        stamp = self.taken_at[:19].replace("-", "").replace(":", "")
        path = file or Path(f"whatwatt-{self.device}-{stamp}.json")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as stream:
                stream.write(msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n")
                stream.flush()
                os.fsync(stream.fileno())
        except FileExistsError as error:
            raise Conflict(f"the backup {path} exists already; name another file") from error
        except OSError as error:
            raise Unavailable(f"the backup {path} cannot be written: {error.strerror}") from error
        return path

    @classmethod
    def read(cls, file: Path) -> "Backup":
        """The backup in a file; NotFound, BadInput."""
        try:
            return msgspec.json.decode(file.read_bytes()[:LONGEST], type=cls)
        except FileNotFoundError as error:
            raise NotFound(f"there is no backup {file}") from error
        except OSError as error:
            raise BadInput(f"the backup {file} cannot be read: {error.strerror}") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadInput(f"{file} is no backup of a device: {error}") from error
