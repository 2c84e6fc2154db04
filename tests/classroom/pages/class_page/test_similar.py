"""Similar notebooks: what counts as the same, what is common to all, and what is not compared."""

import random

from autograder.classroom.pages.class_page.similar import groups, tokens

RELEASE = {
    "model-answer": "# YOUR CODE HERE\nraise NotImplementedError()",
    "train-answer": "# YOUR CODE HERE\nraise NotImplementedError()",
}
LECTURE = "model = keras.Sequential([keras.Input((784,)), keras.layers.Dense(100, activation='sigmoid'), keras.layers.Dense(10, activation='softmax')])"


def own_code(seed):
    """Some lines that only this student would write."""
    draw = random.Random(seed)
    return "\n".join(
        f"value_{draw.randrange(10**6)} = compute_{draw.randrange(10**6)}(batch, {draw.randrange(100)}) + {draw.random():.4f}"
        for _ in range(16)
    )


def classroom(**special):
    cells = {f"s{n:02}": {"model-answer": LECTURE, "train-answer": own_code(n)} for n in range(30)}
    return {**cells, **special}


def test_comments_layout_and_quotes_make_no_difference():
    assert tokens("a = f('x')  # mine") == tokens('a=f( "x" )\n')
    assert tokens("a = f('x')") != tokens("b = f('x')")


def test_code_that_is_no_python_is_compared_too():
    assert tokens("%%bash\nls 'unfinished") != []


def test_a_copied_notebook_is_found_though_comments_and_layout_differ():
    copied = own_code(3).replace(" = ", "=") + "\n# all my own work"
    found = groups(classroom(zoe={"model-answer": LECTURE, "train-answer": copied}), RELEASE)
    assert [(group.students, group.same) for group in found] == [(("s03", "zoe"), True)]
    assert found[0].shared >= 10 and found[0].least == 1.0
    assert found[0].lines[0].startswith("value_")


def test_a_notebook_with_a_few_changes_is_near_and_says_how_near():
    changed = own_code(3).splitlines()
    changed[2] = "something = else_entirely(42)"
    found = groups(classroom(zoe={"model-answer": LECTURE, "train-answer": "\n".join(changed)}), RELEASE)
    assert [group.students for group in found] == [("s03", "zoe")]
    assert not found[0].same
    assert 0.8 <= found[0].least < 1


def test_what_the_lecture_makes_common_is_no_similarity():
    same = {
        f"s{n:02}": {"model-answer": LECTURE, "train-answer": "model.fit(train_input, train_target, epochs=5)"}
        for n in range(20)
    }
    assert groups(same, RELEASE) == []


def test_unanswered_cells_are_not_compared():
    assert groups({"a": RELEASE, "b": RELEASE, "c": {}}, RELEASE) == []


def test_three_with_the_same_code_are_one_group():
    shared = own_code(99)
    trio = {name: {"model-answer": LECTURE, "train-answer": shared} for name in ("x", "y", "z")}
    assert [group.students for group in groups(classroom(**trio), RELEASE)] == [("x", "y", "z")]
