"""Every mistake is reported at its place, with what to do next, and all of a file at once."""

from __future__ import annotations

import pytest

from orchestrator.definition.parse import load_workflow
from orchestrator.errors import InvalidDefinition, Problem


def problems(text: str, agents: list[str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinition) as caught:
        load_workflow(text, "w.yaml", agents=agents)
    return caught.value.problems


TOP = [
    ("", "w.yaml:1:1: the file is empty (it needs `nodes`)"),
    ("null", "the file is empty"),
    ("- a", "w.yaml:1:1: a workflow is a map, not a list"),
    ("text", "a workflow is a map, not the text `text`"),
    ("name: x", "`nodes` is missing in a workflow"),
    ("nodes: {}", "`nodes` is a map from ids to nodes, not a map"),
    ("nodes: [a]", "`nodes` is a map from ids to nodes, not a list"),
    ("name: [x]\nnodes: {a: {run: x}}", "w.yaml:1:7: expected a text, found a list"),
    ("nmae: x\nnodes: {a: {run: x}}", "w.yaml:1:1: unknown key `nmae` in a workflow (did you mean `name`?)"),
    ("jobs: x\nnodes: {a: {run: x}}", "unknown key `jobs` in a workflow (write `nodes`)"),
    *(
        (f"{key}: x\nnodes: {{a: {{run: x}}}}", f"w.yaml:1:1: `{key}` is not supported yet")
        for key in (
            "layout",
            "on-failure",
            "on-completion",
            "secrets",
            "mcp",
        )
    ),
    ("budget: {}\nnodes: {a: {run: x}}", "w.yaml:1:9: `budget` limits nothing (it takes `usd`, `tokens`, "),
    ("budget: 2\nnodes: {a: {run: x}}", "w.yaml:1:9: `budget` is a map, not the number `2`"),
    (
        "budget: {usd: 0}\nnodes: {a: {run: x}}",
        "w.yaml:1:15: expected a number of at least 0.001, found the number `0`",
    ),
    ("budget: {token: 5}\nnodes: {a: {run: x}}", "unknown key `token` in `budget` (did you mean `tokens`?)"),
    (
        "budget: {usd: 2, tokens: 1000}\ndefaults: {budget: {usd: 1, tokens: 1001}}\nnodes: {a: {run: x}}",
        "w.yaml:2:37: 1,001 tokens are more than the 1,000 of the whole workflow (lower it, or raise ",
    ),
    (
        "nodes: {a: {merge: b, resolver: r, budget: {usd: 2.5}}, b: {run: x}}\nbudget: {usd: 2.25}",
        "w.yaml:1:50: node `a`: 2.5 usd are more than the 2.25 of the whole workflow",
    ),
    ("trust: x\nnodes: {a: {run: x}}", "w.yaml:1:8: `trust` is a map, not the text `x`"),
    ("trust: {actors: writer}\nnodes: {a: {run: x}}", "unknown role `writer` (did you mean `write`?)"),
    ("trust: {actors: none}\nnodes: {a: {run: x}}", "unknown role `none`"),
    ("trust: {forks: always}\nnodes: {a: {run: x}}", "unknown value `always` (it is one of `never`, `approve`)"),
    ("trust: {bots: ['dependabot[bot]']}\nnodes: {a: {run: x}}", "expected the number of an account, found the text"),
    ("trust: {bots: [0]}\nnodes: {a: {run: x}}", "expected the number of an account, found the number `0`"),
    ("concurrency: {queue: 2}\nnodes: {a: {run: x}}", "`group` is missing in `concurrency`"),
    ("concurrency: {group: a, queue: 101}\nnodes: {a: {run: x}}", "expected single, max or a number to 100"),
    ("concurrency: {group: a, queue: none}\nnodes: {a: {run: x}}", "expected single, max or a number to 100"),
    (
        "concurrency: {group: a, cancel-in-progress: maybe}\nnodes: {a: {run: x}}",
        "expected true, false or an expression",
    ),
    (
        "concurrency: {group: a, cancel-in-progress: true, queue: max}\nnodes: {a: {run: x}}",
        "with `cancel-in-progress: true` nothing waits",
    ),
    ("concurrency: '${{ needs.a.result }}'\nnodes: {a: {run: x}}", "`needs` cannot be read in `concurrency`"),
    ("concurrency: {group: '${{ execution.id }}'}\nnodes: {a: {run: x}}", "`execution` cannot be read in `group`"),
    ("tags: [a, a]\nnodes: {a: {run: x}}", "w.yaml:1:11: `a` stands here twice"),
    ("env: {1A: x}\nnodes: {a: {run: x}}", "`1A` is no name of an environment variable"),
    ("env: {A: '${{ needs.x }}'}\nnodes: {a: {run: x}}", "`needs` cannot be read in `env`"),
    ("defaults: {engine: claud}\nnodes: {a: {run: x}}", "unknown engine `claud` (did you mean `claude`?)"),
    ("defaults: {engine: gemini}\nnodes: {a: {run: x}}", "mycelium.yaml does not describe the engine `gemini`"),
    ("sandbox: none\nnodes: {a: {run: x}}", "unknown key `sandbox` in a workflow (write it under `defaults`)"),
    ("defaults: {sandbox: docker}\nnodes: {a: {run: x}}", "unknown sandbox `docker` (it is one of `auto`, `bwrap`,"),
    ("defaults: {sandbox: '${{ inputs.x }}'}\nnodes: {a: {run: x}}", "`sandbox` takes no expressions"),
]


@pytest.mark.parametrize(("text", "message"), TOP)
def test_top_of_the_file(text: str, message: str) -> None:
    assert message in str(problems(text)[0])


NODES = [
    ("{}", "node `x`: the node says nothing to do"),
    ("text", "a node is a map, not the text `text`"),
    ("{run: a, agent: b}", "the node has `run` and `agent`"),
    ("{run: }", "expected a text, found nothing"),
    ("{run: [a]}", "expected a text, found a list"),
    ("{run: a, promt: b}", "unknown key `promt` in a node (did you mean `prompt`?)"),
    ("{run: a, prompt: b}", "`prompt` does not belong to a node with `run` (it belongs to `agent`, `merge`)"),
    ("{run: a, steps: b}", "a node is one step"),
    ("{approval: a, timeout-minutes: 3}", "write `approval: {message: …, timeout-minutes: …}`"),
    ("{approval: {reviewers: [a b]}}", "`a b` is no login or team (such as `octocat` or `octo-org/core`)"),
    ("{approval: {reviewers: [a, b], minimum: 3}}", "`minimum` is more than there are `reviewers`"),
    ("{approval: {minimum: 0}}", "expected a whole number of at least 1"),
    ("{approval: {on-timeout: maybe}}", "unknown value `maybe`"),
    *(
        (f"{{run: a, {key}: b}}", f"`{key}` is not supported yet")
        for key in ("secrets", "idle-minutes", "cache", "working-directory", "foreach", "environment")
    ),
    ("{workflow: b}", "`workflow` is not supported yet"),
    ("{run: a, strategy: {matrix: {v: [1]}, fail-fast: true}}", "`fail-fast` is not supported yet"),
    ("{run: a, strategy: {matrix: {v: []}}}", "the axis `v` has no value"),
    ("{run: a, strategy: {matrix: {v: 3}}}", "the axis `v` is a list, not the number `3`"),
    ("{run: a, strategy: {matrix: 3}}", "`matrix` is a map of axes or one expression"),
    ("{run: a, strategy: {matrix: {v: [1], exclude: [{w: 1}]}}}", "`exclude` names `w`, which is no axis"),
    ("{run: a, strategy: {matrix: {v: [1], exclude: [{v: 1}]}}}", "the matrix has no combination"),
    ("{run: a, strategy: {matrix: {v: [.inf]}}}", "`.inf` is no finite number"),
    ("{run: a, strategy: {matrix: {v: ['${{ needs.a }}']}}}", "`needs` cannot be read in `matrix`"),
    ("{run: a, strategy: {}}", "`matrix` is missing in `strategy`"),
    ("{run: a, retry: 0}", "expected a whole number of at least 1"),
    ("{run: a, retry: true}", "found the boolean `true`"),
    ("{run: a, retry: {on: [idle]}}", "unknown class of failure `idle`"),
    ("{run: a, timeout-minutes: 0}", "expected a number above 0"),
    ("{run: a, timeout-minutes: .nan}", "expected a number above 0"),
    ("{run: a, timeout-minutes: '${{ inputs.t }}'}", "`timeout-minutes` takes no expressions"),
    ("{run: a, queue: '${{ inputs.t }}'}", "`queue` takes no expressions"),
    ("{run: a, continue-on-error: yes}", "expected true or false, found the text `yes`"),
    ("{run: a, workspace: wriet}", "unknown workspace `wriet` (did you mean `write`?)"),
    ("{run: a, needs: b}", "there is no node `b`"),
    ("{run: a, needs: othr}", "there is no node `othr` (did you mean `other`?)"),
    ("{run: a, needs: x}", "the node needs itself"),
    ("{run: a, needs: [other, other]}", "`other` stands here twice"),
    ("{run: a, needs: {other: on_sucess}}", "unknown edge condition `on_sucess` (did you mean `on_success`?)"),
    ("{merge: [othr]}", "there is no node `othr`"),
    ("{agent: a b}", "`a b` is no name of an agent"),
    ("{agent: a, engine: gpt}", "unknown engine `gpt`"),
    (
        "{agent: a, engine: gemini}",
        "mycelium.yaml does not describe the engine `gemini` (the documentation of the project file has the lines "
        "that do)",
    ),
    ("{merge: other, resolver: a, engine: scripted}", "unknown engine `scripted`"),
    ("{agent: a, max-turns: 1.5}", "expected a whole number"),
    ("{agent: a, budget: {turns: 1.5}}", "expected a whole number, found the number `1.5`"),
    ("{agent: a, budget: {minutes: '${{ inputs.depth }}'}}", "`minutes` takes no expressions"),
    ("{run: a, budget: {usd: 1}}", "`budget` does not belong to a node with `run` (it belongs to `agent`, `merge`)"),
    ("{agent: a, answer: []}", "`answer` is a map of properties"),
    ("{agent: a, answer: {v: text}}", "a property of `answer` is a JSON Schema"),
    ("{agent: a, answer: {v: {type: sting}}}", "did you mean `string`?"),
    ("{agent: a, answer: {v: {tpye: string}}}", "unknown JSON Schema keyword `tpye` (did you mean `type`?)"),
    ("{agent: a, answer: {v: {enum: []}}}", "`enum` is a list"),
    ('{agent: a, answer: {v: {pattern: "(?=x)"}}}', "`answer` is no JSON Schema that can be checked"),
    ('{agent: a, answer: {v: {$ref: "http://127.0.0.1:9/x"}}}', "http://127.0.0.1:9/x is not part of it"),
    ("{run: a, if: }", "`if` is an expression, not nothing"),
    ("{run: a, if: 'a &&'}", "Unexpected end of expression"),
    ("{run: a, if: '${{ a }} && b'}", "write the whole condition without"),
    ("{run: a, if: env.X == 1}", "`env` cannot be read in `if`"),
    ("{run: '${{ always() }}'}", "`always()` can only stand in `if`"),
    ("{run: '${{ steps.a.outputs.b }}'}", "Unrecognized named-value: 'steps' (write `needs.NODE.outputs.NAME`)"),
    ("{run: '${{ inptus.a }}'}", "Unrecognized named-value: 'inptus' (did you mean `inputs`?)"),
    ("{run: '${{ secrets.A }}'}", "the context `secrets` is not supported yet"),
    ("{run: '${{ inputs.a }}'}", "there is no input `a`"),
    ("{run: '${{ inputs.deep }}'}", "there is no input `deep` (did you mean `depth`?)"),
    ("{run: '${{ matrix.a }}'}", "`matrix` is read in a node without `strategy.matrix`"),
    ("{run: '${{ matrix.b }}', strategy: {matrix: {a: [1]}}}", "the matrix has no `b` (it has a)"),
    ("{run: '${{ needs.other.result }}'}", "`other` is not in the `needs` of this node (add `other` to `needs`)"),
    ("{run: '${{ needs.other.output.x }}', needs: other}", "`needs.other` has no `output` (did you mean `outputs`?)"),
    ("{run: '${{ outputs.a }}'}", "`outputs` cannot be read in `run`"),
    ("{run: '${{ hashFiles(1) }}'}", "`hashFiles` is not supported yet"),
    ("{run: 'a ${{ b'}", "The expression is not closed"),
    ("{run: '${{ github.event.issue.title }}'}", "`github.event.issue.title` is text that an outsider can write"),
    ("{run: '${{ GitHub.Head_Ref }}'}", 'put it into `env` and write "$NAME"'),
    ("{run: '${{ github[''event''].x }}'}", "an outsider can write"),
    ("{run: '${{ toJSON(github) }}'}", "an outsider can write"),
    ("{run: '${{ github.ref_name }}'}", "`github.ref_name` is text that an outsider can write"),
    ("{run: '${{ github.ref }}'}", "`github.ref` is text that an outsider can write"),
    ("{run: '${{ env.T }}', env: {T: '${{ github.head_ref }}'}}", "`env.T` carries `github.head_ref`"),
    ("{run: '${{ env.TOP }}'}", "`env.TOP` carries `github.event.x`"),
    (
        "{run: '${{ matrix.v }}', strategy: {matrix: '${{ fromJSON(github.event.m) }}'}}",
        "`matrix.v` carries `github.event.m`",
    ),
]


@pytest.mark.parametrize(("body", "message"), NODES)
def test_nodes(body: str, message: str) -> None:
    top = "env: {TOP: '${{ github.event.x }}'}\ninputs: {depth: , t: }\n"
    text = f"{top}nodes:\n  other: {{run: x}}\n  x: {body}\n"
    found = problems(text)
    assert message in str(found[0])
    assert (found[0].node, found[0].place.line if found[0].place else 0) == ("x", 5)


_ANSWER = "{free: {type: string}, verdict: {enum: [keep, change]}, score: {type: integer}}"


@pytest.mark.parametrize(
    ("output", "allowed"),
    [
        ("outputs.text", False),
        ("outputs.free", False),
        ("outputs.files_changed", False),
        ("outputs", False),
        ("outputs.renamed", False),
        ("outputs.Verdict", True),
        ("outputs.score", True),
        ("result", True),
    ],
)
def test_what_an_agent_says_is_no_shell_code(output: str, allowed: bool) -> None:
    text = (
        f"nodes:\n  r: {{agent: a, prompt: p, answer: {_ANSWER}, outputs: {{renamed: '${{{{ outputs.text }}}}'}}}}\n"
        f"  x: {{needs: r, run: 'echo ${{{{ needs.R.{output} }}}}'}}\n"
        f"  y: {{needs: r, env: {{V: '${{{{ needs.r.{output} }}}}'}}, run: 'echo ${{{{ env.V }}}}'}}\n"
        "  other: {run: }\n"
    )
    found = [problem.node for problem in problems(text) if "an agent can write, which `run`" in problem.message]
    assert found == ([] if allowed else ["x", "y"])


WAYS = [
    ("needs.b.outputs.u", "`needs.b.outputs.u` carries `github.event.issue.title` through `needs.a.outputs.t`:"),
    ("needs.B.Outputs['U']", "carries `github.event.issue.title` through `needs.a.outputs.t`:"),
    ("needs.b.outputs", "`needs.b.outputs` carries `github.event.issue.title`"),
    ("needs.b", "`needs.b` carries `github.event.issue.title`"),
    ("toJSON(needs)", "`needs` carries `github.event.issue.title`"),
    ("needs.b.outputs[inputs.i]", "`needs.b.outputs` carries"),
    ("needs.b.outputs.by-env", "carries `github.head_ref` through `env.OWN`, `env.TOP`:"),
    ("needs.b.outputs.by-matrix", "carries `github.ref_name` through `matrix.v`:"),
    ("needs.b.outputs.by-agent", "carries `needs.r.outputs.text`: text that an agent can write"),
    ("env.V", "`env.V` carries `github.event.issue.title` through `needs.b.outputs.u`, `needs.a.outputs.t`:"),
    ("needs.b.outputs.fixed", ""),
    ("needs.b.outputs.own", ""),
    ("needs.b.outputs.score", ""),
    ("needs.b.outputs.summary", ""),
    ("needs.b.result", ""),
]


@pytest.mark.parametrize(("expression", "message"), WAYS)
def test_text_of_outsiders_is_followed_through_outputs(expression: str, message: str) -> None:
    text = f"""
env: {{TOP: "${{{{ github.head_ref }}}}"}}
inputs: {{i: }}
nodes:
  c: {{needs: b, env: {{V: "${{{{ needs.b.outputs.u }}}}"}}, run: "echo ${{{{ {expression} }}}}"}}
  b:
    needs: [a, r]
    env: {{OWN: "${{{{ env.TOP }}}}"}}
    strategy: {{matrix: {{v: ["${{{{ github.ref_name }}}}"]}}}}
    run: x
    outputs:
      u: ${{{{ needs.a.outputs.t }}}}
      by-env: ${{{{ env.OWN }}}}
      by-matrix: ${{{{ matrix.v }}}}
      by-agent: ${{{{ needs.r.outputs.text }}}}
      score: ${{{{ needs.r.outputs.score }}}}
      own: ${{{{ outputs.summary }}}}
      fixed: text
  r: {{agent: a, answer: {{score: {{type: integer}}}}}}
  a: {{run: x, outputs: {{T: "${{{{ github.event.issue.title }}}}"}}}}
"""
    if not message:
        assert load_workflow(text, "w.yaml").nodes
        return
    (problem,) = problems(text)
    assert (problem.node, problem.hint) == ("c", 'put it into `env` and write "$NAME" in the script')
    assert message in problem.message


def test_a_long_way_is_shortened_and_a_circle_ends() -> None:
    lines = [
        f"  n{i}: {{run: x, needs: n{i - 1}, outputs: {{t: '${{{{ needs.n{i - 1}.outputs.t }}}}'}}}}"
        for i in range(3000, 0, -1)
    ]
    start = "  n0: {run: x, outputs: {t: '${{ github.event.x }}'}}\n"
    end = "  x: {needs: n3000, run: '${{ needs.n3000.outputs.t }}'}\n"
    (problem,) = problems("nodes:\n" + "\n".join(lines) + f"\n{start}{end}")
    way = "`needs.n2999.outputs.t`, `needs.n2998.outputs.t`, `needs.n2997.outputs.t`, …: text"
    assert f"`needs.n3000.outputs.t` carries `github.event.x` through {way}" in problem.message
    circle = "  n0: {run: x, needs: n3000, outputs: {t: '${{ needs.n3000.outputs.t }}'}}\n"
    (problem,) = problems("nodes:\n" + "\n".join(lines) + f"\n{circle}{end}")
    assert "wait for each other" in problem.message


TRIGGERS = [
    ("pul_request", "unknown event `pul_request` (did you mean `pull_request`?)"),
    ("pull_request_target", "write `pull_request`"),
    ("schedule", "`schedule` needs its times"),
    ("", "`on` names events, not nothing"),
    ("{push: {branches: ['[']}}", "`[` is no pattern: `[` begins a set of letters and digits"),
    ("{push: {branches: ['!x']}}", "`branches` only excludes"),
    ("{pull_request: {draft: maybe}}", "expected true or false"),
    ("label", "`name` is missing in `label`"),
    ("{label: {name: x, types: [created]}}", "unknown key `types` in `label`"),
    ("comment", "`command` is missing in `comment`"),
    ("{comment: {command: Cancel}}", "`/mycelium Cancel` means something already"),
    ("{comment: {command: x, alias: /Mycelium}}", "`/Mycelium` begins every command"),
    ("{issue_comment: }", "write `comment: {command: NAME}`"),
    ("[push, push]", "the event `push` stands in `on` twice"),
    ("{push: {branchs: [a]}}", "unknown key `branchs` in `push` (did you mean `branches`?)"),
    ("{push: {branches: [a], branches-ignore: [b]}}", "cannot stand together"),
    ("{push: x}", "`push` is a map, not the text `x`"),
    ("{pull_request: {types: [open]}}", "unknown type `open` (did you mean `opened`?)"),
    ("{comment: {}}", "`command` is missing in `comment`"),
    ("{comment: {command: a, alias: b}}", "`b` is no alias"),
    ("{schedule: [{cron: 0 6 * *}]}", "it has 4 fields, not 5"),
    ("{schedule: [{cron: 0 6 31 2 *}]}", "never due"),
    ("{schedule: [{cron: 0 6 * * *, timezone: Europe/Berln}]}", "unknown time zone `Europe/Berln`"),
    ("{schedule: [{timezone: UTC}]}", "`cron` is missing"),
    ("{workflow_dispatch: {inputs: {a: {type: txt}}}}", "unknown type `txt`"),
]


@pytest.mark.parametrize(("on", "message"), TRIGGERS)
def test_triggers(on: str, message: str) -> None:
    assert message in str(problems(f"on: {on}\nnodes: {{x: {{run: x}}}}")[0])


INPUTS = [
    ("{n: {type: number, default: abc}}", "the default of input `n` does not fit: expected a number, found `abc`"),
    ("{c: {type: choice}}", "the choice `c` needs `options`"),
    ("{c: {type: choice, options: [a], default: b}}", "`b` is not one of `a`"),
    ("{c: {options: [a]}}", "`options` belong to a choice"),
    ("{c: {type: environment}}", "unknown type `environment`"),
    ("{'a b': {}}", "`a b` is no name of an input"),
    ("[a]", "`inputs` is a map from names to inputs"),
]


@pytest.mark.parametrize(("inputs", "message"), INPUTS)
def test_inputs(inputs: str, message: str) -> None:
    assert message in str(problems(f"inputs: {inputs}\nnodes: {{x: {{run: x}}}}")[0])


def test_a_cycle_is_shown_with_its_path() -> None:
    text = (
        "nodes:\n  a: {run: x, needs: c}\n  b: {run: x, needs: a}\n  c: {run: x, needs: b}\n  d: {run: x, needs: a}\n"
    )
    (problem,) = problems(text)
    assert str(problem).startswith("w.yaml:2:15: node `a`: the nodes wait for each other: a → b → c → a")


def test_a_cycle_of_thousands_is_shortened() -> None:
    lines = [f"  n{i}: {{run: x, needs: n{(i - 1) % 3000}}}" for i in range(3000)]
    (problem,) = problems("nodes:\n" + "\n".join(lines))
    assert "n0 → n1 → n2 → n3 → n4 → n5 → … 2992 more … → n2998 → n2999 → n0" in problem.message


def test_ids() -> None:
    found = problems("nodes:\n  1x: {run: x}\n  " + "y" * 101 + ": {run: x}\n  ok: {run: x}\n  OK: {run: x}\n")
    assert [problem.place.line for problem in found if problem.place] == [2, 3, 5]
    assert "differs from `ok` in case only" in found[2].message


def test_agents_are_checked_when_known() -> None:
    text = "nodes:\n  a: {agent: code-reviwer}\n  b: {merge: [a], resolver: nobody}\n"
    found = problems(text, agents=["code-reviewer"])
    assert str(found[0]) == "w.yaml:2:14: node `a`: there is no agent `code-reviwer` (did you mean `code-reviewer`?)"
    assert "there is no agent `nobody`" in str(found[1])
    assert load_workflow(text, "w.yaml").nodes


def test_places_inside_texts() -> None:
    text = "nodes:\n  a:\n    run: |\n      one\n      two ${{ inputs.x }}\n    env: {A: 'b ${{ nope.c }}'}\n"
    places = [(p.place.line, p.place.column) for p in problems(text) if p.place]
    assert places[0][0] == 5
    assert places[1] == (6, 21)


def test_all_problems_in_the_order_of_the_file() -> None:
    found = problems("x: 1\ny: 2\nx: 3\nnodes: {a: {rum: 1}, b: {run: 1, needs: c}}\n")
    lines = [problem.place.line for problem in found if problem.place]
    assert lines == sorted(lines)
    assert len(found) == 6


def test_too_many() -> None:
    text = "nodes:\n" + "\n".join(f"  n{i}: {{run: x}}" for i in range(10_001))
    assert "at most 10,000 are allowed" in str(problems(text)[0])
    matrix = "nodes: {a: {run: x, strategy: {matrix: {a: &x [1, 2, 3, 4, 5, 6, 7], b: *x, c: *x}}}}"
    assert "more than 256 combinations" in str(problems(matrix)[0])


@pytest.mark.parametrize(
    ("matrix", "messages"),
    [
        ("{a: &x [1, 2, 3, 4, 5, 6, 7], b: *x, c: *x}", ["the matrix has more than 256", "the matrix has no `q`"]),
        ("{a: 3}", ["the axis `a` is a list"]),
        ("{a: [1], exclude: [{a: 1}]}", ["the matrix has no combination", "the matrix has no `q`"]),
    ],
)
def test_a_wrong_matrix_is_still_a_matrix(matrix: str, messages: list[str]) -> None:
    found = problems(
        f"nodes: {{x: {{strategy: {{matrix: {matrix}}}, run: '${{{{ matrix.a }}}} ${{{{ matrix.q }}}}'}}}}"
    )
    assert [problem.message[: len(message)] for problem, message in zip(found, messages, strict=True)] == messages


@pytest.mark.parametrize(
    ("script", "found"),
    [
        (
            "x ${{ foo.bar }} ${{ inputs.i b }} ${{ github.event.x }}",
            [("foo", "Unrecognized named-value"), ("b }}", "Unexpected symbol"), ("github", "an outsider can write")],
        ),
        ("${{ inputs.i b }} ${{ 1 + }}", [("b }}", "Unexpected symbol"), ("+ }}", "Unexpected symbol")]),
        ("${{ it's ${{ foo.bar }}", [("${{ it", "The expression is not closed"), ("foo", "Unrecognized named-value")]),
        ("${{ i ${{ b }} ${{ foo.bar }}", [("${{ b", "Unexpected symbol"), ("foo", "Unrecognized named-value")]),
        ("${{ env.BAD }}", [("env.BAD", "`env.BAD` carries `github.event.x`"), ("b }}${{", "Unexpected symbol")]),
    ],
)
def test_no_expression_of_a_text_hides_another(script: str, found: list[tuple[str, str]]) -> None:
    env = 'env: {BAD: "${{ inputs.i b }}${{ github.event.x }}"}' if "BAD" in script else "env: {}"
    line = f'  x: {{run: "{script}", {env}}}'
    reported = problems(f"inputs: {{i: }}\nnodes:\n{line}\n")
    for problem, (at, message) in zip(reported, found, strict=True):
        assert problem.place
        assert line[problem.place.column - 1 :].startswith(at)
        assert message in problem.message
