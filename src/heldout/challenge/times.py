"""Times of a challenge: without an offset they are in the challenge's own timezone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from heldout.challenge.lines import Path
from heldout.errors import did_you_mean

_PHASE_TIMES = ("opens", "closes", "freezes")
Finding = tuple[Path, str, str]


def localise(raw: dict[str, Any]) -> tuple[dict[str, Any], list[Finding]]:
    """Give every time without an offset the challenge's, and say what is wrong with times.

    Text in ISO 8601 counts as a time. What is not a time stays as it is, for the model to refuse.
    """
    raw, findings = _with_own_tables(raw), list[Finding]()
    zone = _find_zone(raw, findings)
    for table, key, path in _tables_with_times(raw):
        value = _as_time(table.get(key))
        if value is None:
            continue
        if value.tzinfo is None and zone is not None:
            value = _attach(value, zone, path, findings)
        table[key] = value
    return raw, findings


def _with_own_tables(raw: dict[str, Any]) -> dict[str, Any]:
    """Copy what will be changed, and nothing that may be nested without end."""
    copy, teams, phases = dict(raw), raw.get("teams"), raw.get("phases")
    if isinstance(teams, dict):
        copy["teams"] = dict(teams)
    if isinstance(phases, list):
        copy["phases"] = [dict(one) if isinstance(one, dict) else one for one in phases]
    return copy


@cache  # Listing them walks the folders of the time zone database.
def _known_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _find_zone(raw: dict[str, Any], findings: list[Finding]) -> ZoneInfo | None:
    about = raw.get("challenge")
    name = about.get("timezone") if isinstance(about, dict) else None
    if not isinstance(name, str):
        return None
    if name in _known_zones():
        return ZoneInfo(name)
    remedy = did_you_mean(name, _known_zones()) or "write one as in Europe/Berlin, or UTC"
    findings.append((("challenge", "timezone"), f'"{name}" is not a timezone', remedy))
    return ZoneInfo("UTC")  # Stands in, so that the times are not blamed for the zone.


def _tables_with_times(raw: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str, Path]]:
    teams, phases = raw.get("teams"), raw.get("phases")
    if isinstance(teams, dict):
        yield teams, "merge_until", ("teams", "merge_until")
    for index, phase in enumerate(phases if isinstance(phases, list) else []):
        if isinstance(phase, dict):
            for key in _PHASE_TIMES:
                yield phase, key, ("phases", index, key)


def _as_time(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str) and "T" in value:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return None


def _attach(value: datetime, zone: ZoneInfo, path: Path, findings: list[Finding]) -> datetime:
    local = value.replace(tzinfo=zone)
    try:
        there_and_back = local.astimezone(UTC).astimezone(zone)
    except OverflowError:
        findings.append((path, f"{value} is out of range", ""))
        return value.replace(tzinfo=UTC)
    if there_and_back.replace(tzinfo=None, fold=0) != value.replace(fold=0):
        remedy = "the clocks skip it when summer time begins; choose another hour"
        findings.append((path, f"{value} does not exist in {zone.key}", remedy))
    return local
