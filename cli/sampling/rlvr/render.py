"""A planned rollout as the record of an OpenAI-style chat."""

from __future__ import annotations

import json
import random
from typing import Any

from trajhouse.cli.sampling.request import Length
from trajhouse.cli.sampling.rlvr.corpus import TOP_K, Corpus, corpus_of
from trajhouse.cli.sampling.rlvr.rows import Form, Question, Rollout
from trajhouse.cli.sampling.words import sentences, words

Results = list[tuple[str, str]]
_SYSTEM = (
    "You answer questions from a corpus of documents. Search it by meaning or by pattern, open what"
    " looks right, and cite the doc_id of every document that your answer rests on, in brackets."
)
_SNIPPET = 200
_CHANCE = random.Random("thoughts")
_THOUGHTS = [words(_CHANCE, 2) for _ in range(64)]


def qa_id(question: Question) -> str:
    """The key of a question."""
    return f"{question.corpus.environment}-q{question.number:06d}"


def question_text(question: Question) -> str:
    """What is asked."""
    marker = corpus_of(question.corpus).marker(question.document)
    if question.corpus.length is Length.SHORT:
        return f"{marker}?"
    chance = random.Random(f"question {question.number}")
    return f"Which of the documents says {words(chance, 8)} about {marker}, and how is it done?"


def rollout_record(rollout: Rollout) -> dict[str, Any]:
    """The record that a rollout lands as."""
    return _Scribe(rollout).record()


class _Scribe:
    """Writes one rollout, call by call.

    Args:
        rollout: The plan.
    """

    def __init__(self, rollout: Rollout) -> None:
        self.rollout = rollout
        self.corpus: Corpus = corpus_of(rollout.question.corpus)
        self.truth = rollout.question.document
        self.is_short = rollout.question.corpus.length is Length.SHORT
        self.chance = random.Random(rollout.chance)
        self.messages: list[dict[str, Any]] = []
        self.fault: str | None = rollout.fault

    def record(self) -> dict[str, Any]:
        """The whole record."""
        rollout = self.rollout
        if rollout.fault != "no_system":
            self.messages.append(
                {"role": "system", "content": "Search." if self.is_short else _SYSTEM}
            )
        self.messages.append({"role": "user", "content": question_text(rollout.question)})
        for kind in self.kinds():
            self.step(kind)
        if rollout.fault != "unfinished":
            self.say({"content": self.answer()}, 60)
        self.break_messages()
        status = "completed_forced" if rollout.is_forced else "completed"
        status = {"failed": "failed", "unfinished": "max_turns"}.get(rollout.fault or "", status)
        record = {
            "qa_id": qa_id(rollout.question),
            "status": status,
            "model": "gpt-oss-120b",
            "messages": self.messages,
        }
        if rollout.fault == "keyless":
            del record["qa_id"]
        return record

    def kinds(self) -> list[str]:
        """The calls in order: the search that sees the truth, opens after it, all shuffled."""
        rollout = self.rollout
        rest = ["search"] * (rollout.n_searches - rollout.is_seen)
        rest += ["open"] * (rollout.n_opens - rollout.is_opened) + ["other"] * rollout.n_others
        self.chance.shuffle(rest)
        at = self.chance.randint(0, len(rest))
        hit = ["see"] * rollout.is_seen + ["open_truth"] * rollout.is_opened
        return [*rest[:at], *hit, *rest[at:]]

    def step(self, kind: str) -> None:
        """One call and its output."""
        if kind == "other":
            self.call("list_documents", {}, "Error: there is no tool list_documents")
        elif kind == "open":
            self.open_document(self.another())
        elif kind == "open_truth":
            self.open_document(self.truth)
        elif self.wants_regex():
            self.regex_search(is_seen=kind == "see")
        else:
            self.semantic_search(is_seen=kind == "see")

    def wants_regex(self) -> bool:
        """Whether the next search is by pattern; a fault in one kind of search needs that kind."""
        if self.fault in ("wrong_regex_output", "invalid_pattern"):
            return True
        if self.fault in ("foreign_snippet", "surplus_results", "unknown_document"):
            return False
        return self.chance.random() < 0.25

    def another(self) -> int:
        """A document that is not the truth."""
        number = self.chance.randrange(len(self.corpus) - 1)
        return number + (number >= self.truth)

    def open_document(self, number: int) -> None:
        """Read a document; its fault is another document's text."""
        shown = number
        if self.met("wrong_open_output"):
            shown = (number + 1) % len(self.corpus)
        doc_id, text = self.corpus.doc_id(number), self.corpus.texts[shown]
        if self.rollout.form == "object":
            text = json.dumps({"doc_id": doc_id, "text": text}, ensure_ascii=False)
        self.call("open_document", {"doc_id": doc_id}, text)

    def regex_search(self, is_seen: bool) -> None:
        """Search by pattern; its fault is one result too few, or one where there is none."""
        if self.met("invalid_pattern"):
            self.call("regex_search", {"pattern": "(open"}, "Error: missing )")
            return
        pattern, hits = self.pattern(is_seen)
        results = self.corpus.matches(pattern, hits)
        if self.met("wrong_regex_output"):
            wrong = self.another()
            results = results[1:] or [(self.corpus.doc_id(wrong), self.corpus.texts[wrong][:20])]
            if hits == (wrong,):
                results = []
        self.call("regex_search", {"pattern": pattern}, self.listed(results, is_scored=False))

    def pattern(self, is_seen: bool) -> tuple[str, tuple[int, ...]]:
        """A pattern that finds the truth, or one that does not."""
        if is_seen:
            return self.corpus.marker(self.truth), (self.truth,)
        if self.corpus.patterns and self.chance.random() < 0.7:
            pattern, hits = self.chance.choice(self.corpus.patterns)
            if self.truth not in hits:
                return pattern, hits
        number = self.another()
        return self.corpus.marker(number), (number,)

    def semantic_search(self, is_seen: bool) -> None:
        """Search by meaning; its faults are what no environment answers."""
        count = 1 if self.is_short else TOP_K
        if self.met("surplus_results"):
            count = TOP_K + 1
        numbers = [self.another() for _ in range(count)]
        if is_seen:
            numbers[self.chance.randrange(min(count, TOP_K))] = self.truth
        results = [(self.corpus.doc_id(number), self.snippet(number)) for number in numbers]
        others = [place for place, number in enumerate(numbers[:TOP_K]) if number != self.truth]
        if others and self.met("foreign_snippet"):
            results[others[0]] = (results[others[0]][0], "This stands in no document 0.")
        if others and self.met("unknown_document"):
            results[others[0]] = (f"{results[others[0]][0]}-gone", results[others[0]][1])
        query = words(self.chance, 1 if self.is_short else self.chance.randint(3, 9))
        output = self.listed(results, is_scored=True)
        self.call("semantic_search", {"query": query}, output)

    def snippet(self, number: int) -> str:
        """Some text of a document."""
        text = self.corpus.texts[number]
        if self.is_short:
            return text[:8]
        start = self.chance.randrange(max(1, len(text) - _SNIPPET))
        return text[start : start + _SNIPPET]

    def listed(self, results: Results, is_scored: bool) -> str:
        """Results as the environment writes them."""
        return written(self.rollout.form, results, is_scored)

    def met(self, fault: str) -> bool:
        """Whether the fault is to be made here; each is made once."""
        if self.fault != fault:
            return False
        self.fault = None
        return True

    def call(self, name: str, arguments: dict[str, Any], output: str) -> None:
        """A call with its output."""
        call_id = f"c{len(self.messages)}"
        function = {"name": name, "arguments": json.dumps(arguments, ensure_ascii=False)}
        message: dict[str, Any] = {
            "tool_calls": [{"id": call_id, "type": "function", "function": function}]
        }
        if self.rollout.has_commentary and len(self.messages) == 2:
            message["content"] = "I look for it."
        self.say(message, 35)
        self.messages.append({"role": "tool", "tool_call_id": call_id, "content": output})

    def say(self, message: dict[str, Any], n_words: int) -> None:
        """A message of the assistant with its reasoning, in the field that its server uses."""
        field = "reasoning" if self.rollout.chance % 2 else "reasoning_content"
        thought = (
            _THOUGHTS[self.chance.randrange(64)]
            if self.is_short
            else sentences(self.chance, self.chance.randint(n_words // 2, n_words * 2))
        )
        self.messages.append({"role": "assistant", field: thought, **message})

    def answer(self) -> str:
        """The answer, with the truth cited or not."""
        doc_id = self.corpus.doc_id(self.truth)
        if self.is_short:
            return f"See [{doc_id}]." if self.rollout.is_cited else "Not found."
        text = sentences(self.chance, self.chance.randint(30, 90))
        return f"{text} [{doc_id}]" if self.rollout.is_cited else text

    def break_messages(self) -> None:
        """The faults of the conversation itself, in its first call."""
        first = next(message for message in self.messages if "tool_calls" in message)
        if self.fault == "malformed_call":
            del first["tool_calls"][0]["function"]["name"]
        elif self.fault == "malformed_arguments":
            last = next(message for message in self.messages[::-1] if "tool_calls" in message)
            function = last["tool_calls"][0]["function"]
            function["name"], function["arguments"] = "list_documents", '{"all": tru'
        elif self.fault == "parallel_calls":
            call = first["tool_calls"][0]
            first["tool_calls"].append(call | {"id": "again"})
            place = self.messages.index(first)
            output = self.messages[place + 1]
            self.messages.insert(place + 2, output | {"tool_call_id": "again"})
        elif self.fault == "missing_reasoning":
            for field in ("reasoning", "reasoning_content", "content"):
                first.pop(field, None)


def written(form: Form, results: Results, is_scored: bool) -> str:
    """Results of a search in one of the three forms."""
    if form == "plain":
        return "\n\n".join(f"[{doc_id}] {text}" for doc_id, text in results) or "No results."
    items = []
    for place, (doc_id, text) in enumerate(results):
        score = {"score": round(0.93 - 0.07 * place, 2)} if is_scored else {}
        items.append({"doc_id": doc_id, **score, "snippet": text})
    listed: Any = items if form == "list" else {"results": items}
    return json.dumps(listed, ensure_ascii=False)
