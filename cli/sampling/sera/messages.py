"""The messages of a generated SERA rollout, in the layout that SWE-agent writes."""

from __future__ import annotations

import json
import random
from typing import Any

from trajhouse.cli.sampling.request import Length
from trajhouse.cli.sampling.sera import text
from trajhouse.cli.sampling.sera.patches import path_of
from trajhouse.cli.sampling.sera.rows import Row
from trajhouse.cli.sampling.words import sentences

Message = dict[str, Any]


def messages_of(row: Row, patch: str) -> list[Message]:
    """What the rollout's history holds; its submits print `patch`."""
    teller = _Teller(row)
    middle = row.n_calls // 2
    for place in range(row.n_calls):
        if place == middle:
            teller.interlude(patch)
        teller.step(is_empty=row.fault == "empty_reasoning" and place == middle)
    teller.end(patch)
    return teller.messages


def func_name_of(row: Row) -> str:
    """The function that the instance started from."""
    return f"func_{row.number}"


class _Teller:
    """Tells one rollout, message by message."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._is_short = row.length is Length.SHORT
        self._chance: random.Random = row.chance("messages")
        self._n_calls = 0
        path = path_of(row)
        system = "s" if self._is_short else text.SYSTEM
        asked = "Go." if self._is_short else text.task(self._chance, path, func_name_of(row))
        self.messages: list[Message] = [
            {"role": "system", "content": system, "agent": "main", "message_type": "system_prompt"}
        ]
        if row.fault == "demonstration":
            self.messages.append(
                _user(text.DEMONSTRATION, message_type="demonstration", is_demo=True)
            )
        self.messages.append(_user(asked))

    def step(self, is_empty: bool) -> None:
        """One call and its output."""
        chance = self._chance
        name, arguments = "bash", {"command": "ls"}
        if self._is_short:
            output = "x"
        elif chance.random() < 0.45:
            name = "str_replace_editor"
            arguments = {"command": "view", "path": f"/testbed/{path_of(self._row)}"}
            output = text.listing(chance, chance.randint(10, 75))
        else:
            arguments = {"command": text.command(chance)}
            output = text.shell_output(chance, chance.randint(0, 45)) or text.NO_OUTPUT
        spelled = json.dumps(arguments)
        if self._row.fault == "bad_arguments" and self._n_calls == 0:
            spelled = spelled[:-4]
        self._call(name, spelled, "" if is_empty else self._thought())
        self._output(output)

    def interlude(self, patch: str) -> None:
        """What stands in the middle of the rollout, by its fault."""
        fault = self._row.fault
        if fault == "mid_submit":
            self._call("submit", "{}", self._thought())
            self._output(text.review(patch))
        for _ in range({"mid_answer": 1, "nested_answer": 2}.get(fault or "", 0)):
            self._say(f"<think>{self._words(20)}</think>\n{self._words(12)}")
            self.messages.append(_user(text.NO_ACTION))

    def end(self, patch: str) -> None:
        """How the rollout ends."""
        fault = self._row.fault
        if fault == "no_submit":
            return
        if fault == "limit_exit":
            self._say("Exit due to cost limit")
            self.messages.append(_user("Exited (autosubmitted)"))
            return
        for turn in range(self._chance.randint(2, 5) if fault == "trailing_submits" else 1):
            self._call("submit", "{}", self._thought() if turn == 0 else "")
            self._output(patch)

    def _words(self, count: int) -> str:
        return "ok" if self._is_short else sentences(self._chance, count)

    def _thought(self) -> str:
        if self._is_short:
            return "<think>Hm.</think>"
        thinking, said = text.thought(self._chance), text.said(self._chance)
        return f"<think>\n{thinking}\n</think>\n\n{said}"

    def _call(self, name: str, arguments: str, thought: str) -> None:
        self._n_calls += 1
        call = {"name": name, "arguments": arguments}
        made = [{"function": call, "id": self._call_id, "type": "function"}]
        self._say(thought, action=f"{name} {arguments}", tool_calls=made)

    @property
    def _call_id(self) -> str:
        return f"call_{self._row.number}_{self._n_calls}"

    def _say(self, thought: str, action: str = "", **more: Any) -> None:
        self.messages.append(
            {
                "role": "assistant",
                "content": thought,
                "thought": thought,
                "action": action,
                "agent": "main",
                "message_type": "action",
                **more,
            }
        )

    def _output(self, output: str) -> None:
        self.messages.append(
            {
                "role": "tool",
                "content": output if self._is_short else [{"type": "text", "text": output}],
                "agent": "main",
                "message_type": "observation",
                "tool_call_ids": [self._call_id],
            }
        )


def _user(content: str, message_type: str = "observation", **more: Any) -> Message:
    return {
        "role": "user",
        "content": content,
        "agent": "main",
        "message_type": message_type,
        **more,
    }
