#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""Usage: json_check.py FILE EXPRESSION
       json_check.py --print FILE EXPRESSION

A condition about the object d of a JSON file, as a Python expression. Exits with 1, and prints
the object, when the condition does not hold or can't be evaluated, as with a key that is missing.
"-" is standard input.

  --print   prints the expression's value instead"""

import json
import sys


def evaluate(path, expression):
    with sys.stdin if path == "-" else open(path, encoding="utf-8") as file:
        data = json.load(file)
    # An expression has to see d in the scopes of its own comprehensions too.
    return data, eval(" ".join(expression.split()), {"d": data})  # noqa: S307


def main(arguments):
    prints = arguments[:1] == ["--print"]
    if len(arguments) != 2 + prints:
        print(__doc__)
        return 2
    path, expression = arguments[-2:]
    try:
        data, value = evaluate(path, expression)
    except (OSError, ValueError, LookupError, TypeError) as error:
        print(f"{path}: {expression}: {type(error).__name__}: {error}")
        return 1
    if prints:
        print(value)
        return 0
    if not value:
        print(f"{path}: does not hold: {expression}\n{str(data)[:2000]}")
    return 0 if value else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
