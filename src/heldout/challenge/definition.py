"""`challenge.toml` as a validated model. Every key is here, and nothing else is allowed."""

from __future__ import annotations

import re
from collections import Counter
from typing import Annotated, Any, NamedTuple

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from heldout.challenge.grammar import (
    Audience,
    Final,
    Guard,
    Missing,
    Refusal,
    Reveal,
    Visibility,
    parse_final,
    parse_guard,
)
from heldout.compute.named import MODELS
from heldout.compute.setup import Precision
from heldout.datasets.tasks import TASKS
from heldout.errors import did_you_mean
from heldout.evaluation.registry import metric_spec

HOW_ORGANISERS_GET_IN = (
    "write the address they sign in with: publishing makes their account, and "
    "heldout serve SITE --sign-in ADDRESS prints a link into it"
)


def is_address(text: str) -> bool:
    """Return whether a text may be an e-mail address; only a mail to it shows whether it is."""
    return "@" in text.strip("@")


def _require_id(text: str) -> str:
    if not text or set(text) - set("abcdefghijklmnopqrstuvwxyz0123456789-") or len(text) > 80:
        raise Refusal(f'"{text[:80]}" is not an id', "use a-z, 0-9 and hyphens, as in my-challenge")
    return text


def _require_text(text: str) -> str:
    if not text.strip():
        raise Refusal("is empty")
    return text


def _require_relative(text: str) -> str:
    parts = text.replace("\\", "/").split("/")
    if not text or text.startswith("/") or ".." in parts or ":" in parts[0] or "\0" in text:
        raise Refusal(f'"{text}" leaves the challenge folder', "write a path inside the folder")
    return text


def _require_some(items: tuple[Any, ...]) -> tuple[Any, ...]:
    if not items:
        raise Refusal("needs at least one")
    return items


def _require_split(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", text):
        raise Refusal(f'"{text[:80]}" is not the name of a split', "use names such as val and test")
    return text


Id = Annotated[str, AfterValidator(_require_id)]
SplitName = Annotated[str, AfterValidator(_require_split)]
Text = Annotated[str, AfterValidator(_require_text)]
RelativePath = Annotated[str, AfterValidator(_require_relative)]
AtLeastOne = Annotated[int, Field(ge=1)]


class Part(BaseModel):
    """Types are exact (a number in quotes is not a number) and unknown keys are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class About(Part):
    """`[challenge]`: what the challenge is."""

    id: Id
    title: Text
    summary: str = ""
    task: str
    classes: Annotated[tuple[str, ...], Field(strict=False, validate_default=True)] = ()
    overview: RelativePath = "README.md"
    terms: RelativePath = "terms.md"
    datasheet: RelativePath | None = None
    license: str = ""
    organisers: Annotated[tuple[str, ...], Field(strict=False)] = ()
    visibility: Annotated[Visibility, Field(strict=False)] = Visibility.PUBLIC
    forum: str = ""
    timezone: str | None = None
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0

    @field_validator("task")
    @classmethod
    def _is_known(cls, task: str) -> str:
        if task not in TASKS:
            remedy = did_you_mean(task, TASKS) or f"known tasks: {', '.join(TASKS)}"
            raise Refusal(f'"{task}" is not a task', remedy)
        return task

    @field_validator("classes")
    @classmethod
    def _fit_the_task(cls, classes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        task = TASKS.get(info.data.get("task", ""))
        if task is not None and task.has_classes and len(classes) < 2:
            remedy = 'declare them all, as in classes = ["cat", "dog"]'
            raise Refusal(f"{task.id} needs at least two classes", remedy)
        if task is not None and not task.has_classes and classes:
            raise Refusal(f"{task.id} has no classes", "delete this key")
        twice = [name for name, count in Counter(classes).items() if count > 1]
        if twice:
            raise Refusal(f"declared more than once: {', '.join(twice[:5])}")
        if any(not name.strip() for name in classes):
            raise Refusal("a class has no name")
        return classes

    @field_validator("organisers")
    @classmethod
    def _are_addresses(cls, organisers: tuple[str, ...]) -> tuple[str, ...]:
        wrong = [text for text in organisers if not is_address(text)]
        if wrong:
            raise Refusal(f'"{wrong[0]}" is not an e-mail address', HOW_ORGANISERS_GET_IN)
        return organisers

    @field_validator("forum")
    @classmethod
    def _is_a_link(cls, forum: str) -> str:
        if forum and not re.fullmatch(r"https?://[^\s/?#\"<>]+([/?#][^\s\"<>]*)?", forum):
            remedy = "write a whole address, as in https://forum.example.org/digits"
            raise Refusal(f'"{forum[:80]}" is not the address of a page', remedy)
        return forum


def _as_intersections(value: Any) -> Any:
    """Let `"ink"` stand for `["ink"]`: every subgroup is an intersection of columns."""
    if not isinstance(value, list | tuple):
        raise Refusal("should be a list", 'write subgroups = ["ink", ["ink", "slant"]]')
    return tuple((item,) if isinstance(item, str) else item for item in value)


class Data(Part):
    """`[data]`: where the examples and the answers are and which columns mean what."""

    examples: RelativePath = "data"
    answers: RelativePath = "answers"
    id: Text = "example_id"
    media: Text | None = None
    subgroups: Annotated[
        tuple[Annotated[tuple[Text, ...], Field(strict=False), AfterValidator(_require_some)], ...],
        BeforeValidator(_as_intersections),
        Field(strict=False),
    ] = ()
    smallest_group: AtLeastOne = 30
    along: Annotated[tuple[Text, ...], Field(strict=False)] = ()
    pairs: Annotated[tuple[Text, Text], Field(strict=False)] | None = None
    cluster: Text | None = None
    missing: Annotated[Missing, Field(strict=False)] = Missing.REFUSE

    @field_validator("answers")
    @classmethod
    def _stand_apart(cls, answers: str, info: ValidationInfo) -> str:
        mine, other = _folders(answers), _folders(info.data.get("examples", ""))
        shorter = min(len(mine), len(other))
        if mine[:shorter] == other[:shorter]:
            raise Refusal("is the public data's folder, or one inside the other", "keep them apart")
        return answers


def _folders(path: str) -> list[str]:
    return [part for part in path.split("/") if part not in ("", ".")]


class MetricChoice(Part):
    """One `[[metrics]]`: an id with its parameters (`k = 3`); `name` picks the primary number."""

    model_config = ConfigDict(extra="allow")

    id: Text
    primary: bool = False
    name: Text | None = None

    @property
    def spec(self) -> str:
        """The metric with its parameters as on the command line: `top-k:k=3`."""
        return metric_spec(self.id, self.model_extra or {})


class Teams(Part):
    """`[teams]`: how many people may enter together."""

    largest: AtLeastOne = 1
    merge_until: AwareDatetime | None = None


class Limits(Part):
    """How many submissions an entrant may make; None is no limit."""

    per_day: AtLeastOne | None = None
    per_week: AtLeastOne | None = None
    in_total: AtLeastOne | None = None


class Phase(Part):
    """One `[[phases]]`: a time in which one split is scored, and what of it is shown."""

    id: Id
    split: SplitName
    opens: AwareDatetime
    closes: AwareDatetime
    freezes: AwareDatetime | None = None
    submissions: Limits = Limits()
    final: str = "best"
    leaderboard: Annotated[Audience, Field(strict=False)] = Audience.PUBLIC
    reveal: Annotated[tuple[Annotated[Reveal, Field(strict=False)], ...], Field(strict=False)] = (
        Reveal.SCORE,
        Reveal.INTERVAL,
    )
    public_share: Annotated[float, Field(gt=0, lt=1)] | None = None
    guard: str = "none"

    @field_validator("closes")
    @classmethod
    def _after_opening(cls, closes: AwareDatetime, info: ValidationInfo) -> AwareDatetime:
        opens = info.data.get("opens")
        if opens is not None and closes <= opens:
            raise Refusal("is not after opens")
        return closes

    @field_validator("freezes")
    @classmethod
    def _while_open(
        cls, freezes: AwareDatetime | None, info: ValidationInfo
    ) -> AwareDatetime | None:
        opens, closes = info.data.get("opens"), info.data.get("closes")
        if freezes is None or opens is None or closes is None:
            return freezes
        if not opens <= freezes <= closes:
            raise Refusal("is not between opens and closes")
        return freezes

    @field_validator("final")
    @classmethod
    def _is_a_rule(cls, final: str) -> str:
        parse_final(final)
        return final

    @field_validator("guard")
    @classmethod
    def _is_a_guard(cls, guard: str, info: ValidationInfo) -> str:
        kind = parse_guard(guard).kind
        if kind == "thresholdout" and info.data.get("public_share") is None:
            raise Refusal("thresholdout compares two shares", "add public_share = 0.5")
        return guard

    @field_validator("reveal")
    @classmethod
    def _is_in_order(cls, reveal: tuple[Reveal, ...]) -> tuple[Reveal, ...]:
        if len(set(reveal)) < len(reveal):
            raise Refusal("lists something twice")
        if reveal and Reveal.SCORE not in reveal:
            raise Refusal("shows details without the score", 'add "score", or reveal nothing: []')
        return reveal

    @property
    def final_rule(self) -> Final:
        """Which submissions count at the end."""
        return parse_final(self.final)

    @property
    def guard_rule(self) -> Guard:
        """How the leaderboard is protected."""
        return parse_guard(self.guard)


class Prize(Part):
    """One `[[prizes]]`."""

    place: AtLeastOne
    amount: Text
    sponsor: str = ""


class Baseline(Part):
    """One `[[baselines]]`: a model to begin with, whose training the challenge's page plans."""

    model: str
    batch: AtLeastOne = 64
    epochs: AtLeastOne = 90
    precision: Annotated[Precision, Field(strict=False)] = Precision.BF16
    role: str = ""

    @field_validator("model")
    @classmethod
    def _is_named(cls, model: str) -> str:
        if model not in MODELS:
            remedy = did_you_mean(model, MODELS) or f"known models: {', '.join(MODELS)}"
            raise Refusal(f'"{model}" is not a model that the planner knows', remedy)
        return model

    @field_validator("precision")
    @classmethod
    def _is_traced(cls, precision: Precision) -> Precision:
        if precision not in (Precision.FP32, Precision.TF32, Precision.BF16):
            raise Refusal(f'"{precision}" is not planned here', "use fp32, tf32 or bf16")
        return precision


class Primary(NamedTuple):
    """What a leaderboard is ordered by: a metric and, where it has several, one of its numbers."""

    spec: str
    name: str | None


class Definition(Part):
    """A whole `challenge.toml`."""

    challenge: About
    data: Data = Data()
    metrics: Annotated[tuple[MetricChoice, ...], Field(strict=False), AfterValidator(_require_some)]
    teams: Teams = Teams()
    phases: Annotated[tuple[Phase, ...], Field(strict=False), AfterValidator(_require_some)]
    prizes: Annotated[tuple[Prize, ...], Field(strict=False)] = ()
    baselines: Annotated[tuple[Baseline, ...], Field(strict=False)] = ()

    @property
    def primary(self) -> Primary:
        """The metric that is marked `primary`, or the only one."""
        chosen = next((metric for metric in self.metrics if metric.primary), self.metrics[0])
        return Primary(chosen.spec, chosen.name)

    @property
    def metric_specs(self) -> tuple[str, ...]:
        """Every metric as on the command line, in the order of the file."""
        return tuple(metric.spec for metric in self.metrics)

    def phase(self, phase_id: str) -> Phase:
        """Return the phase with this id.

        Raises:
            KeyError: There is none.
        """
        for phase in self.phases:
            if phase.id == phase_id:
                return phase
        raise KeyError(phase_id)
