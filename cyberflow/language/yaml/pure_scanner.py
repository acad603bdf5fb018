"""PyYAML's scanner with libyaml's grammar, for a Python without libyaml: question marks and tabs where libyaml takes
them, directives and tags that it refuses. Only what differs stands here.
"""

from __future__ import annotations

from typing import Any

from yaml.composer import Composer
from yaml.error import Mark
from yaml.events import Event, ScalarEvent
from yaml.nodes import ScalarNode
from yaml.parser import Parser, ParserError
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner, ScannerError
from yaml.tokens import DirectiveToken, ScalarToken, TagToken

from cyberflow.language.yaml.forbidden import FORBIDDEN

_BREAKS = "\r\n\x85\u2028\u2029"
_BREAK_OR_END = "\0" + _BREAKS
_BLANK_OR_END = " \t" + _BREAK_OR_END
_VERSIONS = ((1, 1), (1, 2))
_LONGEST_VERSION = 9


class _LibyamlScanner(Scanner):
    """Tokens as libyaml cuts them."""

    def check_plain(self) -> bool:
        character, after = self.peek(), self.peek(1)
        if character not in _BLANK_OR_END + "-?:,[]{}#&*!|>'\"%@`":
            return True
        if character == "-":
            return after not in " \t"
        return not self.flow_level and character in "?:" and after not in _BLANK_OR_END

    def scan_to_next_token(self) -> None:
        """Go over blanks, comments and line ends; a tab indents nothing that may begin a key."""
        if self.index == 0 and self.peek() == "\ufeff":
            self.forward()
        while True:
            while self.peek() == " " or (self.peek() == "\t" and (self.flow_level or not self.allow_simple_key)):
                self.forward()
            if self.peek() == "#":
                self._skip_to_break()
            if not self.scan_line_break():
                return
            if not self.flow_level:
                self.allow_simple_key = True

    def scan_plain(self) -> ScalarToken:
        start = end = self.get_mark()
        indent, chunks, blanks, broken = self.indent + 1, [], "", False
        while not (self._at_document_marker() or self.peek() == "#"):
            length = self._plain_length(start)
            if not length:
                break
            chunks += [blanks, self.prefix(length)]
            self.forward(length)
            end = self.get_mark()
            self.allow_simple_key, broken = False, False
            blanks, broken = self._scan_plain_blanks(indent, start)
            if not self.flow_level and self.column < indent:
                break
        if broken:
            self.allow_simple_key = True
        return ScalarToken("".join(chunks), True, start, end)

    def _plain_length(self, start: Mark) -> int:
        """How many characters of a plain scalar stand here without a blank."""
        length = 0
        while (character := self.peek(length)) not in _BLANK_OR_END:
            after = self.peek(length + 1)
            if character == ":" and self.flow_level and after in ",?[]{}":
                self.forward(length)
                raise ScannerError("while scanning a plain scalar", start, "found unexpected ':'", self.get_mark())
            if (character == ":" and after in _BLANK_OR_END) or (self.flow_level and character in ",[]{}"):
                break
            length += 1
        return length

    def _scan_plain_blanks(self, indent: int, start: Mark) -> tuple[str, bool]:
        """What stands for the white space before the next word, and whether there is a line end in it."""
        blanks, breaks = "", []
        while (character := self.peek()) in " \t" + _BREAKS:
            if character in _BREAKS:
                breaks.append(self.scan_line_break())
                continue
            if breaks and self.column < indent and character == "\t":
                problem = "found a tab character that violates indentation"
                raise ScannerError("while scanning a plain scalar", start, problem, self.get_mark())
            blanks += character
            self.forward()
        if not breaks:
            return blanks, False
        first, *more = breaks
        return ("".join(more) or " ") if first == "\n" else "".join(breaks), True

    def _at_document_marker(self) -> bool:
        return self.column == 0 and self.prefix(3) in ("---", "...") and self.peek(3) in _BLANK_OR_END

    def scan_block_scalar_indicators(self, start_mark: Mark) -> tuple[bool | None, int | None]:
        """`+`, `-` and a digit, in either order; what follows is for the rest of the line."""
        chomping, increment = None, None
        for _ in range(2):
            character = self.peek()
            if character in "+-" and chomping is None:
                chomping = character == "+"
            elif "0" <= character <= "9" and increment is None:
                increment = int(character)
                if increment == 0:
                    problem = "found an indentation indicator equal to 0"
                    raise ScannerError("while scanning a block scalar", start_mark, problem, self.get_mark())
            else:
                break
            self.forward()
        return chomping, increment

    def scan_block_scalar_ignored_line(self, start_mark: Mark) -> None:
        self._finish_line("while scanning a block scalar", start_mark)

    def scan_block_scalar_indentation(self) -> tuple[list[str], int, Mark]:
        chunks: list[str] = []
        deepest, end = 0, self.get_mark()
        while True:
            while self.peek() == " ":
                self.forward()
            deepest = max(deepest, self.column)
            self._refuse_tab(None)
            if self.peek() not in _BREAKS:
                return chunks, deepest, end
            chunks.append(self.scan_line_break())
            end = self.get_mark()

    def scan_block_scalar_breaks(self, indent: int) -> tuple[list[str], Mark]:
        chunks: list[str] = []
        end = self.get_mark()
        while True:
            while self.column < indent and self.peek() == " ":
                self.forward()
            self._refuse_tab(indent)
            if self.peek() not in _BREAKS:
                return chunks, end
            chunks.append(self.scan_line_break())
            end = self.get_mark()

    def _refuse_tab(self, indent: int | None) -> None:
        if self.peek() == "\t" and (indent is None or self.column < indent):
            problem = "found a tab character where an indentation space is expected"
            raise ScannerError("while scanning a block scalar", self.get_mark(), problem, self.get_mark())

    def scan_directive(self) -> DirectiveToken:
        start = self.get_mark()
        self.forward()
        name, value = self.scan_directive_name(start), None
        if name == "YAML":
            value = self.scan_yaml_directive_value(start)
        elif name == "TAG":
            value = self.scan_tag_directive_value(start)
        else:
            raise ScannerError("while scanning a directive", start, "found unknown directive name", self.get_mark())
        end = self.get_mark()
        self._finish_line("while scanning a directive", start)
        return DirectiveToken(name, value, start, end)

    def scan_yaml_directive_value(self, start_mark: Mark) -> tuple[int, int]:
        self._skip_blanks()
        major = self.scan_yaml_directive_number(start_mark)
        if self.peek() != ".":
            problem = "did not find expected digit or '.' character"
            raise ScannerError("while scanning a directive", start_mark, problem, self.get_mark())
        self.forward()
        return major, self.scan_yaml_directive_number(start_mark)

    def scan_yaml_directive_number(self, start_mark: Mark) -> int:
        length = 0
        while "0" <= self.peek(length) <= "9":
            length += 1
            if length > _LONGEST_VERSION:
                problem = "found extremely long version number"
                raise ScannerError("while scanning a directive", start_mark, problem, self.get_mark())
        if not length:
            problem = "did not find expected version number"
            raise ScannerError("while scanning a directive", start_mark, problem, self.get_mark())
        value = int(self.prefix(length))
        self.forward(length)
        return value

    def scan_tag(self) -> TagToken:
        """A tag; inside brackets a comma may follow at once."""
        start = self.get_mark()
        if self.peek(1) == "<":
            self.forward(2)
            handle, suffix = None, self.scan_tag_uri("tag", start)
            if self.peek() != ">":
                raise ScannerError("while scanning a tag", start, "did not find the expected '>'", self.get_mark())
            self.forward()
        else:
            handle, suffix = self._scan_short_tag(start)
        if self.peek() not in _BLANK_OR_END and not (self.flow_level and self.peek() == ","):
            problem = "did not find expected whitespace or line break"
            raise ScannerError("while scanning a tag", start, problem, self.get_mark())
        return TagToken((handle, suffix), start, self.get_mark())

    def _scan_short_tag(self, start: Mark) -> tuple[str | None, str]:
        length = 1
        while _is_word(self.peek(length)):
            length += 1
        if length > 1 and self.peek(length) == "!":
            handle = self.prefix(length + 1)
            self.forward(length + 1)
            return handle, self._scan_suffix(start)
        if self.peek(1) == "!":
            self.forward(2)
            return "!!", self._scan_suffix(start)
        self.forward()
        suffix = self._scan_suffix(start, may_be_empty=True)
        return ("!", suffix) if suffix else (None, "!")

    def _scan_suffix(self, start: Mark, *, may_be_empty: bool = False) -> str:
        suffix = ""
        while (character := self.peek()) != "\0" and (_is_word(character) or character in ";/?:@&=+$.!~*'()%"):
            suffix += self.scan_uri_escapes("tag", start) if character == "%" else character
            self.forward(character != "%")
        if not suffix and not may_be_empty:
            raise ScannerError("while parsing a tag", start, "did not find expected tag URI", self.get_mark())
        return suffix

    def _finish_line(self, context: str, start: Mark) -> None:
        self._skip_blanks()
        if self.peek() == "#":
            self._skip_to_break()
        if self.peek() not in _BREAK_OR_END:
            raise ScannerError(context, start, "did not find expected comment or line break", self.get_mark())
        self.scan_line_break()

    def _skip_blanks(self) -> None:
        while self.peek() in " \t":
            self.forward()

    def _skip_to_break(self) -> None:
        while self.peek() not in _BREAK_OR_END:
            self.forward()


def _is_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character in "-_")


class LibyamlParser(Reader, _LibyamlScanner, Parser, Composer):
    """Nodes as libyaml's parser composes them."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)

    def compose_scalar_node(self, anchor: Any) -> ScalarNode:
        event = self.peek_event()
        if event.tag == "!" and event.style is None and not event.value:
            event.implicit = (False, False)
        return super().compose_scalar_node(anchor)

    def parse_flow_mapping_key(self, first: bool = False) -> Event:
        return self._move_empty(super().parse_flow_mapping_key(first))

    def parse_flow_mapping_value(self) -> Event:
        return self._move_empty(super().parse_flow_mapping_value())

    def _move_empty(self, event: Event) -> Event:
        """Have a value that is left out in a flow mapping stand where the next token does."""
        if isinstance(event, ScalarEvent) and event.start_mark is event.end_mark:
            event.start_mark = event.end_mark = self.peek_token().start_mark
        return event

    def check_printable(self, data: str) -> None:
        if (found := FORBIDDEN.search(data, 1 if data.startswith("\ufeff") else 0)) is not None:
            reason = "control characters are not allowed"
            raise ReaderError(self.name, found.start(), ord(found[0]), "unicode", reason)

    def process_directives(self) -> Any:
        token = self.peek_token()
        made = super().process_directives()
        if self.yaml_version not in (None, *_VERSIONS):
            raise ParserError(None, None, "found incompatible YAML document", token.start_mark)
        return made
