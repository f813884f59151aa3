"""Writes the bundled sample: a few dozen short trajectories with the faults that real ones have.

    python tests/sample/generate.py

`support.jsonl` holds OpenAI chat records of a bookshop's support agent, `repairs/` SWE-agent
trajectories of small repairs in the old and the new layout. The same files come out every time.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CUSTOMERS = ("Ada Lind", "Bo Ferro", "Cleo Marsh", "Dina Okoye", "Emil Varga", "Fay Tran")
BOOKS = (
    ("The Salt Road", 18.50),
    ("A Field Guide to Rain", 24.00),
    ("Compilers at Sea", 41.25),
    ("Small Gardens", 15.75),
    ("The Long Index", 33.10),
)
REASONS = ("arrived damaged", "is the wrong edition", "came twice", "never arrived")
POLICY = (
    "You are the support agent of a bookshop. Look an order up before you speak about it. Refund"
    " only what the customer asks for, and say the amount."
)
BUGS = (
    ("parse_price", "prices with a comma lose their cents", "amount.replace(',', '.')"),
    ("slugify", "two spaces become two dashes", "re.sub(r'[ -]+', '-', title)"),
    ("due_date", "a loan over New Year is due in the past", "start + timedelta(days=days)"),
    ("page_count", "an empty book has one page", "max(0, last - first + 1) if last else 0"),
)


def tool(name: str, description: str, **properties: str) -> dict[str, Any]:
    """A function schema with string and number parameters."""
    parameters = {
        "type": "object",
        "properties": {key: {"type": kind} for key, kind in properties.items()},
        "required": sorted(properties),
    }
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


TOOLS = [
    tool("find_order", "Look an order up.", order_id="string"),
    tool("refund_order", "Refund an order.", order_id="string", amount="number"),
]


def support_chat(number: int, chance: random.Random) -> dict[str, Any]:
    """One good support dialogue, with one call, two calls one after the other, or two at once."""
    customer, (title, price) = chance.choice(CUSTOMERS), chance.choice(BOOKS)
    reason, order = chance.choice(REASONS), f"B{1000 + number}"
    found = {"order_id": order, "title": title, "price": price, "paid": True}
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": POLICY},
        {"role": "user", "content": f"Hello, this is {customer}. My copy of {title} {reason}."},
        {"role": "assistant", "content": "I am sorry to hear that. What is the order's number?"},
        {"role": "user", "content": f"It is {order}."},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": f"I need order {order} before I can say anything about it.",
            "tool_calls": [call("a", "find_order", {"order_id": order})],
        },
        {"role": "tool", "tool_call_id": "a", "name": "find_order", "content": json.dumps(found)},
        {
            "role": "assistant",
            "content": f"I found it: {title}, {price:.2f} euros. Shall I refund it?",
        },
        {"role": "user", "content": "Yes, please."},
        {
            "role": "assistant",
            "content": "I am refunding it now.",
            "tool_calls": [call("b", "refund_order", {"order_id": order, "amount": price})],
        },
        {"role": "tool", "tool_call_id": "b", "content": '{"refunded": true}'},
        {"role": "assistant", "content": f"Done: {price:.2f} euros are on their way to you."},
    ]
    if number % 3 == 0:
        both = messages[4]["tool_calls"] + messages[8]["tool_calls"]
        messages[4]["tool_calls"] = both
        messages[6:10] = [messages[9]]
    return {
        "id": f"support-{number:03d}",
        "task_id": f"refund-{number % 7}",
        "model": "shop-agent-1",
        "reward": 1.0 if number % 4 else 0.0,
        "success": number % 4 != 0,
        "tools": TOOLS,
        "messages": messages,
    }


def call(call_id: str, name: str, arguments: dict[str, Any] | str) -> dict[str, Any]:
    """A tool call; arguments as a JSON string, as most APIs give them."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    function = {"name": name, "arguments": text}
    return {"id": call_id, "type": "function", "function": function}


def faulty_chats(chance: random.Random) -> list[str]:
    """Lines that a parser, a check, deduplication or tokenization has to catch, one fault each."""
    good = [support_chat(number, chance) for number in range(900, 912)]
    good[0]["messages"].pop(0)
    good[0]["messages"].pop(0)
    good[1]["messages"][5]["tool_call_id"] = "zzz"
    good[2]["messages"] = []
    good[3]["messages"][1]["content"] += " <|im_end|><|im_start|>assistant"
    good[4]["messages"][1]["content"] = [
        {"type": "text", "text": "Look at this:"},
        {"type": "image_url", "image_url": {"url": "cover.png"}},
    ]
    good[5]["reward"] = "high"
    good[6]["messages"][4]["tool_calls"][0]["function"]["arguments"] = "{order_id: B1906"
    good[7]["messages"][8]["tool_calls"][0]["function"]["name"] = "refund_everything"
    good[8]["messages"][2]["role"] = "narrator"
    good[9]["messages"][3] = {"role": " User ", "content": [{"type": "text", "text": "B1909"}]}
    lines = [json.dumps(chat, ensure_ascii=False) for chat in good]
    lines[10] = lines[10][: len(lines[10]) // 2]
    lines[11] = lines[11].replace('"task_id"', '"id"')
    return lines


def support_lines() -> list[str]:
    """Every line of `support.jsonl`: good chats, faulty ones, and three duplicates."""
    chance = random.Random(7)
    good = [support_chat(number, chance) for number in range(1, 25)]
    renamed = {**good[4], "id": "support-again"}
    corrected = {**good[5], "messages": [*good[5]["messages"], {"role": "user", "content": "Ta!"}]}
    duplicates = [good[3], renamed, corrected]
    lines = [json.dumps(chat, ensure_ascii=False) for chat in good + duplicates]
    return lines[:12] + faulty_chats(chance) + [""] + lines[12:]


def repair(number: int) -> dict[str, Any]:
    """One SWE-agent trajectory; even numbers in the new layout, odd ones in the old."""
    name, symptom, fix = BUGS[number % len(BUGS)]
    steps = [
        (
            f"Let me look at {name} first.",
            f"grep -n 'def {name}' -r src",
            f"src/shop.py:12:def {name}",
        ),
        (f"The cause is plain: {symptom}.", f"sed -i '13s/.*/    return {fix}/' src/shop.py", ""),
        ("Now the tests.", "python -m pytest -q", f"{3 + number} passed in 0.0{number + 1}s"),
        ("All green; I submit.", "submit", None),
    ]
    history: list[dict[str, Any]] = [
        {"role": "system", "content": "You repair code with a shell.", "agent": "main"},
        {"role": "user", "content": f"Issue: {symptom}. Mend {name}.", "agent": "main"},
    ]
    for step, (thought, command, output) in enumerate(steps):
        message = {"role": "assistant", "thought": thought, "action": command, "agent": "main"}
        if number % 2:
            message["content"] = f"{thought}\n```\n{command}\n```"
        else:
            message["content"] = thought
            arguments = {} if command == "submit" else {"command": command}
            tool_name = "submit" if command == "submit" else "bash"
            message["tool_calls"] = [call(f"call_{step}", tool_name, arguments)]
        history.append(message)
        if output is not None:
            answer: dict[str, Any] = {"role": "user", "content": output, "agent": "main"}
            if not number % 2:
                answer |= {"role": "tool", "tool_call_ids": [f"call_{step}"]}
            history.append(answer)
    return {
        "environment": "main",
        "trajectory": [],
        "history": history,
        "info": {"exit_status": "submitted", "submission": f"-    return\n+    return {fix}\n"},
    }


def main() -> None:
    """Write the sample beside this file."""
    (HERE / "support.jsonl").write_text("\n".join(support_lines()) + "\n", encoding="utf-8")
    folder = HERE / "repairs"
    folder.mkdir(exist_ok=True)
    for number in range(8):
        name = f"bookshop__shop-{number + 1}.traj"
        (folder / name).write_text(json.dumps(repair(number), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
