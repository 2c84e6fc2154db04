"""Whose a team's hand-in is: each member's of the group that the platform's own files name, never whose a student says it is."""

from __future__ import annotations

from collections.abc import Mapping

from autograder.classroom.collect.names import key
from autograder.classroom.collect.platforms import Platform
from autograder.classroom.collect.roster import Person, Roster
from autograder.common.errors import CollectError
from autograder.common.i18n import _
from autograder.common.showing.nearest_name import nearest


class Teams:
    """The groups of a roster's column ``group``. Who is in none hands in alone."""

    def __init__(self, roster: Roster) -> None:
        self.roster = roster
        self.by_team: dict[str, list[Person]] = {}
        for person in roster.people:
            if person.team:
                self.by_team.setdefault(person.team, []).append(person)

    def members(self, platform: Platform, groups: Mapping[str, str]) -> tuple[list[Person], str]:
        """Whose hand-in it is, or nobody and the reason.

        A platform that names the team is asked for that alone: students choose such names, and one may be another student's login.
        """
        if platform.team == "member":
            return self._of_member(platform, groups)
        wanted = {key(groups[kind]) for kind in ("name", "login") if groups.get(kind)} - {""}
        found = [team for team, people in self.by_team.items() if key(people[0].fields.get("group", "")) in wanted]
        shown = groups.get("name") or groups.get("login") or ""
        if len(found) > 1:
            return [], _(
                "{count} groups of {name} are called '{shown}'", count=len(found), name=self.roster.name, shown=shown
            )
        if platform.team == "name":
            return (self.by_team[found[0]], "") if found else ([], self._unknown(shown))
        alone, reason = self._of_member(platform, groups)
        if found and alone and alone[0].team != found[0]:
            return [], _(
                "'{shown}' is a group of {name}, and a student of another one", shown=shown, name=self.roster.name
            )
        return (self.by_team[found[0]], "") if found else (alone, reason)

    def _of_member(self, platform: Platform, groups: Mapping[str, str]) -> tuple[list[Person], str]:
        person, reason = self.roster.find(platform.name, groups)
        if person is None:
            return [], reason
        return self.by_team.get(person.team, [person]), ""

    def _unknown(self, shown: str) -> str:
        guess = nearest(shown, [people[0].fields.get("group", "") for people in self.by_team.values()])
        told = {"name": self.roster.name, "shown": shown, "guess": guess}
        if guess:
            return _("no group of {name} is called '{shown}' (nearest: {guess})", **told)
        return _("no group of {name} is called '{shown}'", **told)


def of(roster: Roster | None, asked: bool) -> Teams | None:
    """The teams that hand in: if it was `asked` for, or the roster is of an assignment of teams.

    Raises CollectError where nothing says who is in which.
    """
    if not (asked or (roster is not None and roster.of_teams)):
        return None
    remedy = _(
        "Name with --roster what your platform says of its groups: Canvas's CSV of the group set, Moodle's grading worksheet, or a CSV with "
        "the columns id and group."
    )
    if roster is None or not roster.whole:
        raise CollectError(_("nothing says who is in which team"), remedy, misused=True)
    found = Teams(roster)
    if not found.by_team:
        raise CollectError(
            _("{path}, line 1: there is no column 'group', or nobody is in a group", path=roster.name), remedy
        )
    return found
