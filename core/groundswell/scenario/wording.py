"""Expressions and conditions as a test has them, for people."""

from __future__ import annotations

from groundswell.scenario.conditions import Both, Comparison, Condition, Either, Literal, Not
from groundswell.scenario.expressions import Call, Constant, Expression, Filtered, Name


def expression_text(expression: Expression) -> str:
    """`user.names[0] | json`."""
    match expression:
        case Name(root, path):
            return root + "".join(map(_step, path))
        case Call(function, arguments):
            return f"{function}({', '.join(map(constant_text, arguments))})"
        case Filtered(value, name, argument):
            given = f"({constant_text(argument)})" if name == "default" else ""
            return f"{expression_text(value)} | {name}{given}"
        case _:
            return "".join(
                part if isinstance(part, str) else f"{{{{ {expression_text(part)} }}}}"
                for part in expression.parts
            )


def condition_text(condition: Condition) -> str:
    """`price < 100 and not (state == 'done')`."""
    match condition:
        case Comparison(left, operator, right):
            return f"{_operand(left)} {operator} {_operand(right)}"
        case Not(inner):
            return f"not ({condition_text(inner)})"
        case Both(left, right):
            return f"{_within(left)} and {_within(right)}"
        case Either(left, right):
            return f"{condition_text(left)} or {condition_text(right)}"


def constant_text(constant: Constant) -> str:
    match constant:
        case None:
            return "null"
        case bool():
            return str(constant).lower()
        case str():
            return f'"{constant}"' if "'" in constant else f"'{constant}'"
        case _:
            return str(constant)


def _step(step: str | int) -> str:
    return f"[{step}]" if isinstance(step, int) else f".{step}"


def _operand(operand: Literal | Expression) -> str:
    return (
        constant_text(operand.value) if isinstance(operand, Literal) else expression_text(operand)
    )


def _within(condition: Condition) -> str:
    text = condition_text(condition)
    return f"({text})" if isinstance(condition, Either) else text
