"""Several parties in turn."""

from app.service.turns import Turns


def turns(waiting: str) -> Turns[str]:
    """Items such as `a1 a2 b1`, of the parties that they begin with."""
    made = Turns[str]()
    for item in waiting.split():
        made.add(item[0], item)
    return made


def taken(waiting: Turns[str]) -> str:
    return " ".join(iter(waiting.take, None))


def test_whoever_has_many_gets_no_more_turns_than_whoever_has_one() -> None:
    assert taken(turns("a1 a2 a3 a4 b1 c1 c2")) == "a1 b1 c1 a2 c2 a3 a4"


def test_a_party_that_comes_late_waits_for_one_turn_of_each_other() -> None:
    waiting = turns("a1 a2 a3 b1 b2")
    assert (waiting.take(), waiting.take()) == ("a1", "b1")
    waiting.add("c", "c1")
    assert taken(waiting) == "a2 b2 c1 a3"


def test_what_does_not_fit_waits_on_and_keeps_its_place() -> None:
    waiting = turns("a1 a2 b1 b2")
    assert [waiting.take(lambda item: item.endswith("2")) for _ in range(3)] == ["a2", "b2", None]
    assert len(waiting) == 2
    assert taken(waiting) == "a1 b1"


def test_how_many_go_before_is_told_ahead() -> None:
    for whose in "abc":
        waiting = turns("a1 a2 a3 b1")
        before = waiting.before(whose)
        waiting.add(whose, "new")
        assert taken(waiting).split().index("new") == before
