"""What changed in the rules since an entry was begun or last submitted, in words for its author."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from contest.contests.ruleset import Category, Localized, RuleSet, Step, differences
from contest.core.errors import N_
from contest.entries.models import Entry

_TOLD = ("timeline", "categories", "eligibility", "rules_articles", "entry_rules")


class Change(NamedTuple):
    """One change. `what` is a message or a text of the rules; None where there was or is nothing."""

    what: str | Localized
    params: dict[str, Any]
    before: Any
    after: Any


def rule_changes(entry: Entry) -> list[Change]:
    """How the rules in force differ from those that the author of a draft saw; empty when they do not."""
    seen, current = entry.rules_version, entry.contest.current_version
    if seen is None or current is None or seen.sha256 == current.sha256:
        return []
    return [*_changes(seen.rules, current.rules, entry.category)]


def _changes(old: RuleSet, new: RuleSet, category_id: str) -> Iterator[Change]:
    yield from _timetable(old, new)
    before, after = old.find_category(category_id), new.find_category(category_id)
    if before is not None and after is not None:
        yield from _category(before, after)
    for what, name in (
        (N_("Who may enter"), "open_to"),
        (N_("Youngest age"), "min_age"),
        (N_("Who may not enter"), "barred_text"),
        (N_("Most authors in a group"), "group_max"),
    ):
        yield from _one(what, getattr(old.eligibility, name), getattr(new.eligibility, name))
    for what, name in (
        (N_("About whom"), "exemplar_rule"),
        (N_("How words are counted"), "word_counting"),
    ):
        yield from _one(what, getattr(old.entry_rules, name), getattr(new.entry_rules, name))
    yield from _articles(old, new)
    rest = {each.path.partition("[")[0].partition(".")[0] for each in differences(old, new)} - set(_TOLD)
    if rest:
        yield Change(N_("Other provisions have changed too: please read the rules."), {}, None, None)


def _one(what: str | Localized, before: Any, after: Any, **params: Any) -> Iterator[Change]:
    if before != after:
        yield Change(what, params, before, after)


def _times(step: Step | None) -> tuple[Any, ...]:
    if step is None:
        return ()
    return (step.starts, step.ends) if step.window else (step.starts,)


def _timetable(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    before = {step.key: step for step in old.public_steps()}
    after = {step.key: step for step in new.public_steps()}
    for key in [*after, *(key for key in before if key not in after)]:
        was, now = before.get(key), after.get(key)
        label = (now or was).label  # type: ignore[union-attr]
        yield from _one(label, _times(was) or None, _times(now) or None)


def _limits(category: Category) -> list[tuple[str, Any]]:
    photos, window = category.photos, category.published_window
    return [
        (N_("Least number of words"), category.words.min),
        (N_("Most words"), category.words.max),
        (N_("Share over the limit that is let pass, in percent"), category.words.tolerance_over_pct),
        (N_("Fewest photos"), photos.min if photos else 0),
        (N_("Most photos"), photos.max if photos else 0),
        (N_("Entries from one author"), category.max_entries_per_author),
        (N_("Most parts of a series"), category.series_max),
        (N_("Minutes of radio and television"), category.duration_minutes_max),
        (N_("Published from"), window.from_ if window else None),
        (N_("Published before"), window.before if window else None),
    ]


def _category(old: Category, new: Category) -> Iterator[Change]:
    for (what, before), (_what, after) in zip(_limits(old), _limits(new), strict=True):
        yield from _one(what, before, after)
    if (old.genres, old.media, old.blind, old.publication) != (new.genres, new.media, new.blind, new.publication):
        yield Change(N_("Genres, media or the way of judging of this category"), {}, None, None)


def _articles(old: RuleSet, new: RuleSet) -> Iterator[Change]:
    before = {article.no: article for article in old.rules_articles}
    after = {article.no: article for article in new.rules_articles}
    for number in sorted({*before, *after}):
        was, now = before.get(number), after.get(number)
        yield from _one(N_("Article %(number)s"), was.text if was else None, now.text if now else None, number=number)
